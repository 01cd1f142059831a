/** To be written. */
@NullMarked
package io.rialto.control;

import org.jspecify.annotations.NullMarked;

/** To be written. */
@NullMarked
package io.rialto.starter;

import org.jspecify.annotations.NullMarked;

/** To be written. */
@NullMarked
package io.rialto.node;

import org.jspecify.annotations.NullMarked;

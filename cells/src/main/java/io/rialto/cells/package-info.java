/** To be written. */
@NullMarked
package io.rialto.cells;

import org.jspecify.annotations.NullMarked;

/** Tests that hold the structure of the house: floors, circles, libraries, habits and sizes. */
@NullMarked
package io.rialto.architecture;

import org.jspecify.annotations.NullMarked;

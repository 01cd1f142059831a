/** To be written. */
@NullMarked
package io.rialto.wallet;

import org.jspecify.annotations.NullMarked;

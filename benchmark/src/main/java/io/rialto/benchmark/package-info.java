/** To be written. */
@NullMarked
package io.rialto.benchmark;

import org.jspecify.annotations.NullMarked;

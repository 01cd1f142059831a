/** To be written. */
@NullMarked
package io.rialto.client;

import org.jspecify.annotations.NullMarked;

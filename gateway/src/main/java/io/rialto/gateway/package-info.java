/** To be written. */
@NullMarked
package io.rialto.gateway;

import org.jspecify.annotations.NullMarked;

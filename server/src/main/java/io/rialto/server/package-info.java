/** To be written. */
@NullMarked
package io.rialto.server;

import org.jspecify.annotations.NullMarked;

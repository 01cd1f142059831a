/**
 * How messages become bytes: the port {@link io.rialto.client.codec.Codec} and its two implementations, each the only
 * place that knows its library.
 *
 * <p>Enters: a message, or bytes and the type they should be. Leaves: bytes, or a message. Must not be here: anything
 * about calls.
 */
@NullMarked
package io.rialto.client.codec;

import org.jspecify.annotations.NullMarked;

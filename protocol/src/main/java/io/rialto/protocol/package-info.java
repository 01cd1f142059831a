/**
 * The wire that phones and servers share: operation names, codes and reasons, header names, the caller's context,
 * message signatures, seals, and the bucketing of users into shards.
 *
 * <p>Enters: bytes and text from the other side, trusted in nothing. Leaves: checked values, or a
 * {@link io.rialto.protocol.ProtocolException} that names the reason. Every construction has language-neutral vectors
 * in {@code protocol/vectors}.
 *
 * <p>Must not be here: sockets, threads, clocks, storage, configuration, or anything that only a server needs. It runs
 * on Android API 26.
 */
@NullMarked
package io.rialto.protocol;

import org.jspecify.annotations.NullMarked;

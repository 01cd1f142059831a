package io.rialto.gateway;

import io.rialto.protocol.Caller;

/**
 * A call to a {@link HostedOperation}.
 *
 * @param caller who calls, as verified: for phones the issuer is this edge; with a user, who then is of this cell, the shard
 *     and its epoch are there
 * @param server whether it comes from another server of the platform
 * @param json whether the message is JSON; it is Protocol Buffers otherwise. The answer is the same
 * @param deadlineNanos when the caller's time is over, by {@link GatewayPorts#nanoTime}
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record HostedCall(Caller caller, boolean server, boolean json, byte[] message, long deadlineNanos) {}

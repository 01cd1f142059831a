/**
 * The steps of a call. {@link io.rialto.gateway.Gateway} holds them as one list: decode, admit, authenticate, resolve,
 * locate, limit, cache, invoke, and on the way back rules, CORS, compression, seal, encode. Whole requests enter from a
 * transport; whole answers leave, and calls to upstreams in between.
 *
 * <p>A call stays on its event loop; public-key work goes to virtual threads and comes back. Configuration arrives as one
 * immutable state that a call keeps from its first step to its last.
 *
 * <p>Other rooms of the process serve operations ({@link io.rialto.gateway.HostedOperation}) and devices' streams ({@link
 * io.rialto.gateway.DeviceStreams}) behind the same steps, and call other edges by {@link io.rialto.gateway.InternalCalls}.
 *
 * <p>Must not be here: sockets, codecs of HTTP, databases, anything that blocks.
 */
@NullMarked
package io.rialto.gateway;

import org.jspecify.annotations.NullMarked;

/**
 * The public side's transports: TLS, HTTP/2 and HTTP/1.1 on one port. Bytes of a phone enter; a whole
 * {@link io.rialto.gateway.transport.InboundCall} leaves for the {@link io.rialto.gateway.transport.CallHandler}, and its answer goes back.
 * A call to a stream's path comes with its first message, and can become an {@link io.rialto.gateway.transport.InboundStream}, over
 * HTTP/2 or by WebSocket.
 *
 * <p>Must not be here: what a call means (identity, operations, cells, backends).
 */
@NullMarked
package io.rialto.gateway.transport;

import org.jspecify.annotations.NullMarked;

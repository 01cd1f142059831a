/**
 * The public side's transports: TLS, HTTP/2 and HTTP/1.1 on one port. Bytes of a phone enter; a whole
 * {@link io.rialto.gateway.transport.InboundCall} leaves for the {@link io.rialto.gateway.transport.CallHandler}, and its answer goes back.
 *
 * <p>Must not be here: what a call means (identity, operations, cells, backends).
 */
@NullMarked
package io.rialto.gateway.transport;

import org.jspecify.annotations.NullMarked;

/**
 * A Spring Boot backend's side of Rialto: {@code @Operation} methods of beans are served at {@code /service/method} as
 * JSON, protobuf and gRPC, to gateways only; writes go behind the fence of the user's shard; calls to other users'
 * cells go through the own cell's gateway.
 *
 * <p>Enters: calls with a {@code rialto-caller} token, settings under {@code rialto.*}, a {@code DataSource}. Leaves: a
 * {@link io.rialto.starter.CallContext} for each call, answers and errors as {@code docs/protocol.md} has them.
 *
 * <p>The way of a call is {@code OperationServlet.serve}. Must not be here: anything that a single backend needs, and
 * any identity that did not come under a caller token's MAC.
 */
@NullMarked
package io.rialto.starter;

import org.jspecify.annotations.NullMarked;

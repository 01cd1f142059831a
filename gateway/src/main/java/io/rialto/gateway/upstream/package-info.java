/**
 * The gateway's way to backends and to other edges: connections, pools, health, and the policies of one call (timeout,
 * retries within a budget, circuit breaker, bulkhead). An {@link io.rialto.gateway.upstream.OutboundCall} enters, a
 * {@link io.rialto.gateway.upstream.Outcome} leaves, on the caller's own event loop.
 *
 * <p>Must not be here: phones, identities, operations.
 */
@NullMarked
package io.rialto.gateway.upstream;

import org.jspecify.annotations.NullMarked;

package io.rialto.starter;

import io.rialto.protocol.Caller;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a call brings besides its message.
 *
 * @param caller who calls, as the gateway has verified it
 * @param idempotencyKey the same for all tries of one call
 * @param route the user id that the gateway routed by, where the operation's route is a hint; says nothing about who calls
 * @param traceparent W3C trace context
 * @param deadline when the caller stops waiting
 */
public record CallContext(
        Caller caller,
        @Nullable String idempotencyKey,
        @Nullable String route,
        @Nullable String traceparent,
        @Nullable Instant deadline) {

    /** The time that is left until the deadline, at most {@code most}, and never below zero. */
    public Duration remaining(Clock clock, Duration most) {
        if (deadline == null) {
            return most;
        }
        Duration left = Duration.between(clock.instant(), deadline);
        if (left.isNegative()) {
            return Duration.ZERO;
        }
        return left.compareTo(most) < 0 ? left : most;
    }
}

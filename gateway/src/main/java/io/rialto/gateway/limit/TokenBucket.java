package io.rialto.gateway.limit;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A token bucket in one number: the time at which the bucket would be full again (the generic cell rate algorithm, ITU-T
 * I.371). Safe for all threads, without a lock.
 */
public final class TokenBucket {
    private static final double NANOS = 1e9;

    private final double nanosPerToken;
    private final long depthNanos;
    private final AtomicLong fullAt;

    /**
     * A full bucket.
     *
     * @param perSecond above 0
     * @param burst how much it holds, 1 or more
     */
    public TokenBucket(double perSecond, int burst, long nowNanos) {
        if (!(perSecond > 0) || burst < 1) {
            throw new IllegalArgumentException(
                    "rate: " + perSecond + " with burst " + burst + " (expected: above 0, and 1 or more)");
        }
        nanosPerToken = NANOS / perSecond;
        depthNanos = (long) (nanosPerToken * burst);
        fullAt = new AtomicLong(nowNanos);
    }

    /** Takes one token; 0 where there was one, otherwise the nanoseconds until there is. */
    public long take(long nowNanos) {
        long cost = (long) nanosPerToken;
        while (true) {
            long full = fullAt.get();
            long base = full - nowNanos > 0 ? full : nowNanos;
            long wait = base + cost - nowNanos - depthNanos;
            if (wait > 0) {
                return wait;
            }
            if (fullAt.compareAndSet(full, base + cost)) {
                return 0;
            }
        }
    }

    /** Takes up to so many tokens; how many it took. */
    public int takeUpTo(int tokens, long nowNanos) {
        while (true) {
            long full = fullAt.get();
            long base = full - nowNanos > 0 ? full : nowNanos;
            long room = depthNanos - (base - nowNanos);
            int taken = (int) Math.min(tokens, Math.max(0, (long) (room / nanosPerToken)));
            if (taken == 0 || fullAt.compareAndSet(full, base + (long) (taken * nanosPerToken))) {
                return taken;
            }
        }
    }

    /** Nanoseconds until there is a token; 0 if there is one. */
    public long waitNanos(long nowNanos) {
        return Math.max(0, fullAt.get() + (long) nanosPerToken - nowNanos - depthNanos);
    }
}

package io.rialto.gateway.upstream;

/**
 * How many retries and hedges a service may have: a share of its calls, so that a backend in trouble is not given a
 * multiple of its load, and a few per second besides, so that a service with few calls can retry at all. On one loop only.
 */
final class RetryBudget {
    /** Retries per second and loop that need no calls. */
    private static final int FLOOR_PER_SECOND = 10;

    /** What may be saved up, in retries. */
    private static final int MOST = 100;

    /** A retry in the smallest unit: a hundredth, as the share is in percent. */
    private static final int RETRY = 100;

    private static final long NANOS_PER_UNIT = 1_000_000_000L / (FLOOR_PER_SECOND * RETRY);

    private long units = (long) FLOOR_PER_SECOND * RETRY;
    private long refilled;
    private boolean started;

    /** Counts a call. */
    void deposit(int percent) {
        units = Math.min(units + percent, (long) MOST * RETRY);
    }

    /** Takes one retry, if there is one; a share of 0 percent allows none. */
    boolean withdraw(int percent, long now) {
        if (percent == 0) {
            return false;
        }
        if (!started) {
            started = true;
            refilled = now;
        }
        long earned = (now - refilled) / NANOS_PER_UNIT;
        if (earned > 0) {
            units = Math.min(units + earned, (long) MOST * RETRY);
            refilled += earned * NANOS_PER_UNIT;
        }
        if (units < RETRY) {
            return false;
        }
        units -= RETRY;
        return true;
    }
}

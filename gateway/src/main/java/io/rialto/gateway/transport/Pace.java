package io.rialto.gateway.transport;

import java.util.concurrent.TimeUnit;

/**
 * Whether bytes keep coming, or going, at a least rate in every window of time. An average since the beginning would not
 * do: who sends much at first could then hold it for hours. Made when a connection is visited, so that a quick call costs
 * nothing.
 */
final class Pace {
    private long since;
    private long before;

    Pace(long since, long before) {
        this.since = since;
        this.before = before;
    }

    /** True if a window has passed in which fewer bytes were moved than it should have seen; begins the next window. */
    boolean isSlow(long now, long total, long windowNanos, int bytesPerSecond) {
        long elapsed = now - since;
        if (elapsed <= windowNanos) {
            return false;
        }
        double expected = (double) elapsed * bytesPerSecond / TimeUnit.SECONDS.toNanos(1);
        boolean slow = total - before < expected;
        since = now;
        before = total;
        return slow;
    }
}

package io.rialto.sync;

import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * How many streams may open in a second. Those above are each given another moment to come back at, one after the other
 * at the same rate, so that a whole cell of devices that returns at once is spread over the time that it needs.
 */
final class Openings {
    private static final long BURST_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** Nobody is sent away for longer: who is beyond is spread over the later half of it. */
    private static final long MAX_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(60);

    private static final long JITTER_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final long intervalNanos;
    private final RandomGenerator random;
    private long admitted;
    private long waiting;

    Openings(int perSecond, long now, RandomGenerator random) {
        this.intervalNanos = TimeUnit.SECONDS.toNanos(1) / perSecond;
        this.random = random;
        this.admitted = now - BURST_NANOS;
        this.waiting = now;
    }

    /** Milliseconds after which to come again; 0 where the stream may open. */
    synchronized int pauseMillis(long now) {
        if (now - admitted > BURST_NANOS) {
            admitted = now - BURST_NANOS;
        }
        if (admitted - now <= 0) {
            admitted += intervalNanos;
            return 0;
        }
        waiting = (waiting - admitted > 0 ? waiting : admitted) + intervalNanos;
        long pause = waiting - now;
        if (pause > MAX_PAUSE_NANOS) {
            waiting -= intervalNanos;
            pause = MAX_PAUSE_NANOS / 2 + random.nextLong(MAX_PAUSE_NANOS / 2);
        }
        return Math.toIntExact(TimeUnit.NANOSECONDS.toMillis(pause + random.nextLong(JITTER_NANOS)) + 1);
    }
}

package io.rialto.sync;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/** When the next beat of a stream is due: as its device asked, within bounds, and never all at once. */
final class Beats {
    static final int MIN_SECONDS = 15;
    static final int MAX_SECONDS = 300;
    static final int DEFAULT_SECONDS = 60;
    private static final long FIRST_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final double JITTER = 0.2;
    /** A beat is looked for so often, and waits for its turn at the database. */
    private static final int GRACE_SECONDS = 5;

    private final LongSupplier nanoTime;
    private final RandomGenerator random;

    Beats(LongSupplier nanoTime, RandomGenerator random) {
        this.nanoTime = nanoTime;
        this.random = random;
    }

    /** What a device gets that asks for so many, 0 for any. */
    static int seconds(int asked) {
        return asked == 0 ? DEFAULT_SECONDS : Math.clamp(asked, MIN_SECONDS, MAX_SECONDS);
    }

    /** After so many seconds without a frame something is wrong. */
    static int longestSilence(int seconds) {
        return (int) Math.ceil(seconds * (1 + JITTER)) + GRACE_SECONDS;
    }

    /**
     * When the first one is due: soon, since other nodes may have learned of the stream too late to hint at what was
     * stored just after it opened.
     */
    long first() {
        return nanoTime.getAsLong() + FIRST_NANOS + random.nextLong(FIRST_NANOS);
    }

    /** When the next one is due, by {@link System#nanoTime}'s measure. */
    long next(int seconds) {
        double share = 1 - JITTER + 2 * JITTER * random.nextDouble();
        return nanoTime.getAsLong() + (long) (TimeUnit.SECONDS.toNanos(seconds) * share);
    }
}

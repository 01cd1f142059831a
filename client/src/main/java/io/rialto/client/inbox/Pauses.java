package io.rialto.client.inbox;

import java.util.Random;
import java.util.concurrent.TimeUnit;

/** How long to wait before the next stream: random below a ceiling that doubles, so that many phones never come at once. */
final class Pauses {
    private static final long FIRST_MILLIS = 1_000;
    private static final long MAX_MILLIS = TimeUnit.SECONDS.toMillis(60);

    /** A stream that lived this long shows that all is well: the first try after it waits only a moment. */
    static final long WELL_MILLIS = TimeUnit.MINUTES.toMillis(1);

    private final Random random;
    private int failures;

    Pauses(Random random) {
        this.random = random;
    }

    /** All is new: the network is another one, or the person has come back. */
    void reset() {
        failures = 0;
    }

    int failures() {
        return failures;
    }

    /**
     * The pause after a stream or a try of one.
     *
     * @param livedMillis since it was accepted; 0 where it never was
     * @param askedMillis what the platform asked for, or 0; never waited less
     */
    long next(long livedMillis, long askedMillis) {
        if (livedMillis >= WELL_MILLIS) {
            failures = 0;
            if (askedMillis == 0) {
                return 0;
            }
        }
        long ceiling = Math.min(MAX_MILLIS, FIRST_MILLIS << Math.min(failures, 10));
        failures++;
        // spread over as long again as was asked for, up to a minute
        long spread = Math.max(ceiling, Math.min(MAX_MILLIS, askedMillis));
        return askedMillis + (long) (random.nextDouble() * spread);
    }
}

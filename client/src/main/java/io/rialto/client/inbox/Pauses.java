package io.rialto.client.inbox;

import java.util.Random;
import java.util.concurrent.TimeUnit;

/** How long to wait before the next stream: random below a ceiling that doubles, so that many phones never come at once. */
final class Pauses {
    /** Where another try would end as this one did: longer than a process lives. */
    static final long UNTIL_RESUMED_MILLIS = TimeUnit.DAYS.toMillis(365);

    private static final long FIRST_MILLIS = 1_000;
    private static final long MAX_MILLIS = TimeUnit.MINUTES.toMillis(5);

    /** A stream that lived this long shows that all is well: the first try after it waits only a moment. */
    static final long WELL_MILLIS = TimeUnit.MINUTES.toMillis(1);

    /** Two that think to be the same device would otherwise take the stream from each other for ever. */
    private static final long FIRST_SUPERSEDED_MILLIS = TimeUnit.MINUTES.toMillis(1);

    private static final long MAX_SUPERSEDED_MILLIS = TimeUnit.HOURS.toMillis(1);

    private final Random random;
    private int failures;
    private int superseded;

    Pauses(Random random) {
        this.random = random;
    }

    /** All is new: the network is another one, or the person has come back. */
    void reset() {
        failures = 0;
        superseded = 0;
    }

    /** The pause after another stream of this device took the place of this one: a minute at least, longer each time. */
    long superseded() {
        long floor = Math.min(MAX_SUPERSEDED_MILLIS, FIRST_SUPERSEDED_MILLIS << Math.min(superseded, 10));
        superseded++;
        return floor + (long) (random.nextDouble() * floor);
    }

    int failures() {
        return failures;
    }

    /** The pause after a stream that lived so long, 0 where it was not accepted, and ended so. */
    long after(long livedMillis, Ending ending) {
        return livedMillis > 0 && ending.isElsewhere()
                ? sentElsewhere(ending.retryAfterMillis)
                : next(livedMillis, ending.retryAfterMillis);
    }

    /**
     * The pause after a stream that the platform had welcomed and then sent elsewhere: nothing has failed, and what there was
     * before is over.
     *
     * @param askedMillis what the platform asked for, or 0; never waited less
     */
    long sentElsewhere(long askedMillis) {
        failures = 0;
        return askedMillis + (long) (random.nextDouble() * Math.max(FIRST_MILLIS, askedMillis));
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
        // spread over as long again as was asked for, up to the longest pause
        long spread = Math.max(ceiling, Math.min(MAX_MILLIS, askedMillis));
        return askedMillis + (long) (random.nextDouble() * spread);
    }
}

package io.rialto.client;

import java.util.concurrent.TimeUnit;

/** Time, as the SDK sees it; tests give their own. */
public interface Clock {
    /** The wall clock, in milliseconds since the epoch. It may be wrong: the SDK keeps its difference to the server's. */
    long millis();

    /** A clock that only rises, in nanoseconds since any moment. */
    long nanos();

    /** Lets this much of {@link #nanos()} pass. */
    void sleep(long nanos) throws InterruptedException;

    /** The machine's. */
    static Clock system() {
        return new Clock() {
            @Override
            public long millis() {
                return System.currentTimeMillis();
            }

            @Override
            public long nanos() {
                return System.nanoTime();
            }

            @Override
            public void sleep(long nanos) throws InterruptedException {
                TimeUnit.NANOSECONDS.sleep(nanos);
            }
        };
    }
}

package io.rialto.gateway.loop;

import java.util.concurrent.TimeUnit;

/**
 * How long work waits for its event loop, by a probe that should run every 10 ms. Written by the loop, read by any
 * thread.
 *
 * <p>The minimum of a window tells a standing queue from a burst: a loop that keeps up is at some moment of 100 ms
 * without a queue (Nichols and Jacobson, "Controlling Queue Delay").
 */
public final class LoopDelay {
    private static final long WINDOW_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** The weight of a new sample in the average: 1/8, about the last 100 ms. */
    private static final int AVERAGE_SHIFT = 3;

    private volatile long minimumNanos;
    private volatile long averageNanos;

    private long movingAverage;
    private long windowStart;
    private long windowMinimum = Long.MAX_VALUE;

    /** The least delay in the last full window of 100 ms. */
    public long minimumNanos() {
        return minimumNanos;
    }

    /** The moving average of the delay. */
    public long averageNanos() {
        return averageNanos;
    }

    void record(long now, long delayNanos) {
        movingAverage += (delayNanos - movingAverage) >> AVERAGE_SHIFT;
        averageNanos = movingAverage;
        windowMinimum = Math.min(windowMinimum, delayNanos);
        if (now - windowStart >= WINDOW_NANOS) {
            minimumNanos = windowMinimum;
            windowMinimum = Long.MAX_VALUE;
            windowStart = now;
        }
    }
}

package io.rialto.client;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** The machine's clock, moved on by every sleep at once. */
final class TestClock implements Clock {
    private final AtomicLong skippedNanos = new AtomicLong();
    final List<Long> sleptMillis = new CopyOnWriteArrayList<>();

    void advanceMillis(long millis) {
        skippedNanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    @Override
    public long millis() {
        return System.currentTimeMillis() + TimeUnit.NANOSECONDS.toMillis(skippedNanos.get());
    }

    @Override
    public long nanos() {
        return System.nanoTime() + skippedNanos.get();
    }

    @Override
    public void sleep(long nanos) {
        sleptMillis.add(TimeUnit.NANOSECONDS.toMillis(nanos));
        skippedNanos.addAndGet(nanos);
    }
}

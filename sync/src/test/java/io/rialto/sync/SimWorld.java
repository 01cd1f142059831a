package io.rialto.sync;

import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * Time, chance and order of a simulation: one thread, one clock that jumps from event to event, one random source. What
 * blocks in real life lets {@link #others} act while it waits, as other threads would.
 */
final class SimWorld {
    private record Event(long at, long order, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(order, other.order);
        }
    }

    private static final int MAX_DEPTH = 6;

    final Random random;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long nanos = 1;
    private long order;
    private int depth;

    SimWorld(long seed) {
        random = new Random(seed);
    }

    long nanos() {
        return nanos;
    }

    long millis() {
        return TimeUnit.NANOSECONDS.toMillis(nanos);
    }

    boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    /** A span between two, in nanoseconds. */
    long span(double fromMillis, double toMillis) {
        return (long) ((fromMillis + (toMillis - fromMillis) * random.nextDouble()) * 1e6);
    }

    void in(long delayNanos, Runnable action) {
        events.add(new Event(nanos + delayNanos, order++, action));
    }

    /** Whoever waits for a database lets others act. */
    void others() {
        if (depth < MAX_DEPTH && chance(0.3)) {
            depth++;
            try {
                for (int i = random.nextInt(6); i > 0; i--) {
                    step(Long.MAX_VALUE);
                }
            } finally {
                depth--;
            }
        }
    }

    void run(long spanNanos) {
        long end = nanos + spanNanos;
        while (step(end)) {
            // until the next event is later
        }
        nanos = Math.max(nanos, end);
    }

    private boolean step(long end) {
        Event next = events.peek();
        if (next == null || next.at > end) {
            return false;
        }
        events.remove();
        nanos = Math.max(nanos, next.at);
        next.action.run();
        return true;
    }
}

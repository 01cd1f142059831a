package io.rialto.cells.move;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Random;

/** Virtual time, and all chance there is. */
final class SimClock {
    private record Event(double at, long number, Runnable work) {}

    final Random random;
    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingDouble(Event::at).thenComparingLong(Event::number));
    private double now;
    private long number;

    SimClock(long seed) {
        random = new Random(seed);
    }

    double now() {
        return now;
    }

    void in(double millis, Runnable work) {
        events.add(new Event(now + millis, number++, work));
    }

    void run(double millis) {
        double end = now + millis;
        for (Event next = events.peek(); next != null && next.at() <= end; next = events.peek()) {
            events.remove();
            now = next.at();
            next.work().run();
        }
        now = end;
    }

    boolean chance(double share) {
        return random.nextDouble() < share;
    }

    double span(double from, double to) {
        return from + random.nextDouble() * (to - from);
    }

    int below(int bound) {
        return random.nextInt(bound);
    }
}

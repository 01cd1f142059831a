package io.rialto.gateway.upstream;

import io.rialto.gateway.loop.Loop;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The time-outs of one event loop: a wheel of lists, so that setting and cancelling one costs a few field writes and no
 * memory, where the loop's own scheduler sorts a heap. Fires up to one tick late. Used on its loop only.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a turn that fails is logged by its loop
final class DeadlineWheel {
    /** How late a time-out may fire; far below any that a person would set. */
    static final long TICK_NANOS = 8_000_000;

    /** About four seconds in one turn of the wheel; later deadlines stay for more turns. A power of two. */
    private static final int BUCKETS = 512;

    /** What happens at a deadline. The list's links are in the entry itself, hence a class to extend. */
    abstract static class Entry {
        private @Nullable Entry previous;
        private @Nullable Entry next;
        private long tick;

        /** Runs once, on the loop; the entry is no longer on the wheel. */
        abstract void expired(long now);
    }

    private static final class Head extends Entry {
        @Override
        void expired(long now) {
            throw new IllegalStateException("a list's head has no deadline");
        }
    }

    private final Loop loop;
    private final Entry[] heads = new Entry[BUCKETS];
    private final Runnable turn = this::turn;
    private int entries;
    private long lastTick;
    private boolean turning;

    DeadlineWheel(Loop loop) {
        this.loop = loop;
        for (int i = 0; i < BUCKETS; i++) {
            heads[i] = new Head();
        }
    }

    /** Sets the deadline, by the loop's clock, of an entry that has none. */
    void set(Entry entry, long now, long deadline) {
        if (!turning) {
            turning = true;
            lastTick = Math.floorDiv(now, TICK_NANOS);
            loop.eventLoop().schedule(turn, TICK_NANOS, TimeUnit.NANOSECONDS);
        }
        entry.tick = Math.max(Math.floorDiv(deadline, TICK_NANOS) + 1, lastTick + 1);
        Entry head = heads[(int) (entry.tick & (BUCKETS - 1))];
        entry.previous = head;
        entry.next = head.next;
        if (head.next != null) {
            head.next.previous = entry;
        }
        head.next = entry;
        entries++;
    }

    /** Takes an entry's deadline away, if it has one. */
    void cancel(Entry entry) {
        Entry previous = entry.previous;
        if (previous == null) {
            return;
        }
        previous.next = entry.next;
        if (entry.next != null) {
            entry.next.previous = previous;
        }
        entry.previous = null;
        entry.next = null;
        entries--;
    }

    private void turn() {
        long now = loop.nanoTime();
        long current = Math.floorDiv(now, TICK_NANOS);
        long first = Math.max(lastTick + 1, current - BUCKETS + 1);
        lastTick = current;
        for (long tick = first; tick <= current; tick++) {
            expire(heads[(int) (tick & (BUCKETS - 1))], current, now);
        }
        if (entries > 0) {
            loop.eventLoop().schedule(turn, TICK_NANOS, TimeUnit.NANOSECONDS);
        } else {
            turning = false;
        }
    }

    private void expire(Entry head, long current, long now) {
        // Expiring one entry may cancel any other: start again from the head after each.
        Entry entry = head.next;
        while (entry != null) {
            if (entry.tick <= current) {
                cancel(entry);
                entry.expired(now);
                entry = head.next;
            } else {
                entry = entry.next;
            }
        }
    }
}

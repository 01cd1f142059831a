package io.rialto.sync.inbox;

import io.rialto.protocol.Reason;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** What waits for one writer, bounded by number and by bytes. */
final class WriterQueue {
    /** A second of work or so: who would wait longer is better told at once. */
    private static final int MAX_WAITING = 10_000;

    private static final long MAX_WAITING_BYTES = 32L << 20;
    /** Beyond that a transaction grows slower than its gain. */
    private static final int MAX_BATCH = 512;

    private static final int MAX_BATCH_BYTES = 1 << 20;
    /** What has queued when the queue closes may still be written for so long. */
    private static final Duration LAST = Duration.ofSeconds(5);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private long bytes;
    private boolean closed;
    private long closedNanos;

    /** Whether there was room; a closed queue has none. */
    boolean offer(Waiting one) {
        lock.lock();
        try {
            if (closed || waiting.size() == MAX_WAITING || bytes + one.bytes() > MAX_WAITING_BYTES) {
                return false;
            }
            waiting.add(one);
            bytes += one.bytes();
            arrived.signal();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** All that waits, up to a batch; waits for the first. Empty once the queue is closed and nothing is left. */
    List<Waiting> take() throws InterruptedException {
        lock.lock();
        try {
            while (waiting.isEmpty() && !closed) {
                arrived.await();
            }
            if (closed && System.nanoTime() - closedNanos > LAST.toNanos()) {
                Waiting.fail(
                        List.copyOf(waiting),
                        Reason.DRAINING,
                        "the node is going down (expected: tried again elsewhere)");
                waiting.clear();
            }
            List<Waiting> batch = new ArrayList<>();
            int size = 0;
            while (!waiting.isEmpty() && batch.size() < MAX_BATCH) {
                size += waiting.element().bytes();
                if (size > MAX_BATCH_BYTES && !batch.isEmpty()) {
                    break;
                }
                batch.add(waiting.remove());
            }
            for (Waiting one : batch) {
                bytes -= one.bytes();
            }
            return batch;
        } finally {
            lock.unlock();
        }
    }

    void close() {
        lock.lock();
        try {
            closed = true;
            closedNanos = System.nanoTime();
            arrived.signal();
        } finally {
            lock.unlock();
        }
    }
}

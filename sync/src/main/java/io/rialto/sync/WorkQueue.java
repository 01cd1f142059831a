package io.rialto.sync;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Work for the keeper of messages. A few workers each take what has queued, so batches grow with the load and nothing
 * waits for a timer; or, where nobody waits for it, what has gathered since the last tick. Where the keeper does not answer, the batch is given back and all workers rest for a while. Above
 * the bound the oldest is dropped.
 */
final class WorkQueue<T> {
    private static final long FIRST_REST_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int MAX_DOUBLINGS = 5;

    private final ConcurrentLinkedQueue<T> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger queued = new AtomicInteger();
    private final AtomicInteger working = new AtomicInteger();
    private final Bounds bounds;
    private final Consumer<List<T>> work;
    private final Executor executor;
    private final LongSupplier nanoTime;
    private final RandomGenerator random;
    private volatile boolean resting;
    private volatile long restUntil;
    private volatile int failures;

    /**
     * What a queue is held to.
     *
     * @param workers at once
     * @param batch items of one
     * @param waiting items that wait
     * @param gathers whether items wait for the next tick, or for a whole batch
     */
    record Bounds(int workers, int batch, int waiting, boolean gathers) {}

    /**
     * A queue.
     *
     * @param work of a batch; throws {@link InboxException} where it must be tried again
     */
    WorkQueue(Bounds bounds, Consumer<List<T>> work, DeliveryPorts ports) {
        this.bounds = bounds;
        this.work = work;
        this.executor = ports.workers();
        this.nanoTime = ports.nanoTime();
        this.random = ports.random();
    }

    /** Answers what was dropped for it, or null. */
    @Nullable
    T add(T item) {
        T dropped = null;
        if (queued.incrementAndGet() > bounds.waiting()) {
            dropped = poll();
        }
        queue.add(item);
        hireForWork();
        return dropped;
    }

    private @Nullable T poll() {
        T item = queue.poll();
        if (item != null) {
            queued.decrementAndGet();
        }
        return item;
    }

    /** Ends a rest that has lasted long enough. */
    void tick() {
        if (resting && nanoTime.getAsLong() - restUntil >= 0) {
            resting = false;
        }
        hire();
    }

    private void hireForWork() {
        if (isWork()) {
            hire();
        }
    }

    /** Whether there is enough to begin with it before the next tick. */
    private boolean isWork() {
        return !bounds.gathers() || queued.get() >= bounds.batch();
    }

    private void hire() {
        int now = working.get();
        while (!resting && now < bounds.workers() && !queue.isEmpty()) {
            if (working.compareAndSet(now, now + 1)) {
                start();
                return;
            }
            now = working.get();
        }
    }

    private void start() {
        try {
            executor.execute(this::run);
        } catch (RejectedExecutionException e) {
            // The process is going down; devices come back elsewhere with their keys.
            working.decrementAndGet();
        }
    }

    private void run() {
        try {
            for (List<T> batch = take(); !batch.isEmpty(); batch = isWork() ? take() : List.of()) {
                work(batch);
            }
        } finally {
            working.decrementAndGet();
            hireForWork(); // for what was added between the last look and the leave
        }
    }

    private void work(List<T> batch) {
        try {
            work.accept(batch);
            failures = 0;
        } catch (InboxException e) {
            queued.addAndGet(batch.size());
            queue.addAll(batch);
            rest();
        }
    }

    private synchronized void rest() {
        if (resting) {
            return;
        }
        long span = FIRST_REST_NANOS << Math.min(failures, MAX_DOUBLINGS);
        failures++;
        restUntil = nanoTime.getAsLong() + span / 2 + random.nextLong(span / 2 + 1);
        resting = true;
    }

    private List<T> take() {
        List<T> batch = new ArrayList<>();
        while (!resting && batch.size() < bounds.batch()) {
            T item = poll();
            if (item == null) {
                return batch;
            }
            batch.add(item);
        }
        return batch;
    }
}

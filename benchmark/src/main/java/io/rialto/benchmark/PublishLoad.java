package io.rialto.benchmark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Publishes as fast as acknowledgements come, with a bound on what is in flight: to users by chance, each message under a
 * key of its own.
 */
final class PublishLoad {
    /** As a message of a payment has. */
    static final int PAYLOAD_BYTES = 200;

    /** Each has its share of what may be in flight. */
    private static final int THREADS = 4;

    /** Beyond what any system here acknowledges in one turn. */
    private static final int MOST_LATENCIES = 4_000_000;

    /** What is not acknowledged then never will be. */
    private static final int LIMIT_SECONDS = 30;

    private static final AtomicLong KEYS = new AtomicLong(System.currentTimeMillis() << 20);

    private final Sender sender;
    private final int users;
    private final long[] latenciesNanos = new long[MOST_LATENCIES];
    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();
    private final AtomicReference<@Nullable String> firstFailure = new AtomicReference<>();

    private PublishLoad(Sender sender, int users) {
        this.sender = sender;
        this.users = users;
    }

    /** What one turn reached. */
    record Turn(double perSecond, double p50Millis, double p99Millis) {
        static final Turn NONE = new Turn(Double.NaN, Double.NaN, Double.NaN);
    }

    /** A key that was never used, in this run or an earlier one. */
    static String key() {
        return Long.toString(KEYS.incrementAndGet(), Character.MAX_RADIX);
    }

    /** One turn; none where a publish failed or was not answered. */
    static Turn run(Sender sender, int users, int inFlight, int seconds) throws IOException, InterruptedException {
        return new PublishLoad(sender, users).run(inFlight, seconds);
    }

    private Turn run(int inFlight, int seconds) throws IOException, InterruptedException {
        long start = System.nanoTime();
        long end = start + TimeUnit.SECONDS.toNanos(seconds);
        List<Semaphore> windows = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                Semaphore window = new Semaphore(inFlight / THREADS);
                windows.add(window);
                all.add(threads.submit(() -> publish(window, end)));
            }
            for (Future<?> one : all) {
                one.get();
            }
        } catch (ExecutionException e) {
            throw new IOException("publishing failed", e.getCause());
        }
        double took = (System.nanoTime() - start) / 1e9;
        int counted = answered.get();
        boolean all = true;
        for (Semaphore window : windows) {
            all &= window.tryAcquire(inFlight / THREADS, LIMIT_SECONDS, TimeUnit.SECONDS);
        }
        if (!all || failed.get() > 0) {
            System.out.printf("%d publishes failed: %s%n", failed.get(), all ? firstFailure.get() : "not answered");
            return Turn.NONE;
        }
        long[] sorted = Arrays.copyOf(latenciesNanos, Math.min(counted, MOST_LATENCIES));
        Arrays.sort(sorted);
        return new Turn(counted / took, Figures.percentile(sorted, 0.50) / 1e6, Figures.percentile(sorted, 0.99) / 1e6);
    }

    private void publish(Semaphore window, long end) {
        SplittableRandom random = new SplittableRandom();
        while (System.nanoTime() - end < 0 && failed.get() == 0) {
            window.acquireUninterruptibly();
            byte[] payload = new byte[PAYLOAD_BYTES];
            random.nextBytes(payload);
            long sent = System.nanoTime();
            sender.send(key(), random.nextInt(users), payload, failure -> {
                if (failure == null) {
                    int index = answered.getAndIncrement();
                    if (index < MOST_LATENCIES) {
                        latenciesNanos[index] = System.nanoTime() - sent;
                    }
                } else {
                    failed.incrementAndGet();
                    firstFailure.compareAndSet(null, failure);
                }
                window.release();
            });
        }
    }
}

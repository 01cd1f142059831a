package io.rialto.server;

import io.rialto.client.CallException;
import io.rialto.client.CallOptions;
import io.rialto.client.Rialto;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Phones that call one operation again and again, one call at a time each, until told to stop. */
final class TestLoad implements AutoCloseable {
    private static final int WARM = 50;
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final AtomicInteger answered = new AtomicInteger();
    private final CountDownLatch warm = new CountDownLatch(WARM);
    private volatile boolean stopped;

    private TestLoad() {}

    /** Starts, and waits until calls are answered. */
    static TestLoad start(List<Rialto> phones, String operation) throws InterruptedException {
        return start(phones, operation, CallOptions.NONE);
    }

    static TestLoad start(List<Rialto> phones, String operation, CallOptions options) throws InterruptedException {
        TestLoad load = new TestLoad();
        for (Rialto phone : phones) {
            load.threads.execute(() -> load.run(phone, operation, options));
        }
        load.warm.await();
        return load;
    }

    private void run(Rialto phone, String operation, CallOptions options) {
        while (!stopped) {
            try {
                TestPlatform.call(phone, operation, options);
                answered.incrementAndGet();
            } catch (CallException e) {
                failures.add(e.getMessage());
            }
            warm.countDown();
        }
    }

    int answered() {
        return answered.get();
    }

    /** Lets the calls under way end; gives what failed. */
    List<String> stop() {
        stopped = true;
        threads.close();
        return List.copyOf(failures);
    }

    @Override
    public void close() {
        stop();
    }

    /** Tries until a check holds; its last failure is what is told. */
    static void await(ThrowingCallable check) throws InterruptedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            try {
                check.call();
                return;
            } catch (Throwable e) {
                if (System.nanoTime() > end) {
                    throw new AssertionError("not within " + LIMIT.toSeconds() + " s", e);
                }
            }
            LockSupport.parkNanos(5_000_000);
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }
}

package io.rialto.client.inbox;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Ends streams that went silent. Its thread begins with the first of them. */
final class StreamWatch {
    private static final long SOON_MILLIS = 500;
    private static final long SHORTEST_MILLIS = 20;

    private final ScheduledThreadPoolExecutor timer;
    private final AtomicBoolean soon = new AtomicBoolean();
    private final Runnable ping;
    private @Nullable OpenStream watched;
    private int generation;

    /** @param ping asks the stream's other side whether it is there; does not wait for the network */
    StreamWatch(Runnable ping) {
        this.ping = ping;
        timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "rialto-sync-timer");
            thread.setDaemon(true);
            return thread;
        });
        timer.setRemoveOnCancelPolicy(true);
    }

    /** Watches a stream, from now on by what it now knows of its beats. */
    synchronized void begin(OpenStream stream) {
        watched = stream;
        generation++;
        check(generation);
    }

    synchronized void forget(OpenStream stream) {
        if (watched == stream) {
            watched = null;
            generation++;
        }
    }

    private synchronized void check(int of) {
        if (watched == null || of != generation) {
            return;
        }
        long left = watched.checkSilence(ping);
        if (left > 0) {
            schedule(() -> check(of), Math.max(SHORTEST_MILLIS, left));
        }
    }

    /** Runs an action in a moment; the same moment for all that ask meanwhile. */
    void soon(Runnable action) {
        if (soon.compareAndSet(false, true)) {
            schedule(
                    () -> {
                        soon.set(false);
                        action.run();
                    },
                    SOON_MILLIS);
        }
    }

    // a task that is dropped belongs to an inbox that is closed
    @SuppressWarnings("FutureReturnValueIgnored")
    private void schedule(Runnable task, long millis) {
        try {
            timer.schedule(task, millis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            soon.set(false);
        }
    }

    void close() {
        timer.shutdownNow();
    }
}

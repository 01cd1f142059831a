package io.rialto.starter;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Work that is done in rounds, in the background: at once when somebody says that there is some, and now and then anyway.
 * A round that fails is reported once and tried again. Owns one virtual thread.
 */
public final class Rounds implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Rounds.class.getName());

    /** One round of work. */
    @FunctionalInterface
    public interface Round {
        /** True where there may be more to do at once. */
        boolean run() throws InterruptedException;
    }

    private final String name;
    private final Duration idle;
    private final Duration patience;
    private final Round round;
    private final Semaphore work = new Semaphore(0);
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Thread thread;
    private volatile boolean running = true;

    /**
     * Begins.
     *
     * @param idle how long work may lie that nobody told of
     * @param patience how long a round may take to end when this closes
     */
    public Rounds(String name, Duration idle, Duration patience, Round round) {
        this.name = name;
        this.idle = idle;
        this.patience = patience;
        this.round = round;
        this.thread = Thread.ofVirtual().name(name).start(this::run);
    }

    /** Says that there is work. */
    public void wake() {
        if (work.availablePermits() == 0) {
            work.release();
        }
    }

    private void run() {
        boolean healthy = true;
        while (running) {
            try {
                work.drainPermits();
                boolean more = round.run();
                if (!healthy) {
                    LOG.log(Level.INFO, name + " works again");
                    healthy = true;
                }
                if (!more) {
                    work.tryAcquire(idle.toMillis(), TimeUnit.MILLISECONDS);
                }
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                if (healthy && running) {
                    LOG.log(Level.WARNING, name + " stands still, trying again", e);
                    healthy = false;
                }
                pause();
            }
        }
    }

    private void pause() {
        try {
            // A problem is not over because there is more work: no wake ends this.
            if (stopping.await(idle.toMillis(), TimeUnit.MILLISECONDS)) {
                running = false;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            running = false;
        }
    }

    /** Waits for the round under way, for as long as it may take. */
    @Override
    public void close() {
        running = false;
        stopping.countDown();
        work.release();
        try {
            if (!thread.join(patience)) {
                thread.interrupt();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

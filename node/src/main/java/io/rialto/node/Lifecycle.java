package io.rialto.node;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The parts of a process in the order they were started; closing stops them in the opposite order, each within its own
 * limit. A part that fails or does not end in time is told and does not keep the others from being stopped.
 */
public final class Lifecycle implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Lifecycle.class);

    private record Part(String name, Duration limit, AutoCloseable stop) {}

    private final Deque<Part> parts = new ArrayDeque<>();
    private final AtomicBoolean stopped = new AtomicBoolean();

    /** Adds a part that has started; gives it back. */
    public synchronized <T extends AutoCloseable> T add(String name, Duration limit, T part) {
        if (stopped.get()) {
            throw new IllegalStateException(name + ": the process is stopping (expected: parts start before)");
        }
        parts.push(new Part(name, limit, part));
        return part;
    }

    /** Stops everything, the last part first; once. */
    @Override
    public void close() {
        if (!stopped.compareAndSet(false, true)) {
            return;
        }
        for (Part part : stopping()) {
            if (!stop(part)) {
                return;
            }
        }
    }

    private synchronized Deque<Part> stopping() {
        return new ArrayDeque<>(parts);
    }

    private static boolean stop(Part part) {
        Thread thread = Thread.ofVirtual().name("stop-" + part.name()).start(() -> {
            try {
                part.stop().close();
            } catch (Exception e) {
                LOG.warn("{}: failed to stop", part.name(), e);
            }
        });
        try {
            if (!thread.join(part.limit())) {
                LOG.warn("{}: not stopped after {}, going on", part.name(), part.limit());
                thread.interrupt();
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}

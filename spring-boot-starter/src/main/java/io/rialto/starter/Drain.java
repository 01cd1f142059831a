package io.rialto.starter;

import java.time.Duration;

/** How many calls are running, and whether the backend is on its way out. */
final class Drain {
    private int running;
    private long lastNanos = System.nanoTime();
    private volatile boolean draining;

    synchronized void enter() {
        running++;
    }

    synchronized void leave() {
        running--;
        lastNanos = System.nanoTime();
        notifyAll();
    }

    void start() {
        draining = true;
    }

    boolean draining() {
        return draining;
    }

    /** Waits until no call has run for a while; true where that came before patience ended. */
    synchronized boolean awaitQuiet(Duration quiet, Duration patience) throws InterruptedException {
        long begun = System.nanoTime();
        while (true) {
            long now = System.nanoTime();
            long left = patience.toNanos() - (now - begun);
            long quietLeft = quiet.toNanos() - (now - Math.max(lastNanos, begun));
            if (running == 0 && quietLeft <= 0) {
                return true;
            }
            if (left <= 0) {
                return false;
            }
            long wait = running == 0 ? Math.min(left, quietLeft) : left;
            wait(wait / 1_000_000, (int) (wait % 1_000_000));
        }
    }
}

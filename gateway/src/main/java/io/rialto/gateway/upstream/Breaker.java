package io.rialto.gateway.upstream;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One backend's circuit breaker, shared by the event loops: closed, then open for a time, then half open for one probe.
 * Each loop counts for itself ({@link FailureWindow}), so that a call that goes well touches nothing shared but this
 * breaker's state, which is then only read.
 */
final class Breaker {
    /** The open time doubles with each failed probe, up to this many times. */
    private static final int MAX_DOUBLINGS = 3;

    private final AtomicBoolean probing = new AtomicBoolean();
    private volatile boolean open;
    private volatile long openUntil;
    private volatile int failedProbes;

    /** Whether a call may go, which in the half-open state it does as a probe. */
    boolean admits(long now) {
        return !open || now - openUntil >= 0 && !probing.get();
    }

    /** How long it stays open, in nanoseconds; 0 if it is not. */
    long openFor(long now) {
        return open ? Math.max(0, openUntil - now) : 0;
    }

    /** Marks the start of a call that was admitted; returns whether the call is a probe. */
    boolean begin() {
        return open && probing.compareAndSet(false, true);
    }

    /** Opens; returns whether it was closed before. */
    synchronized boolean open(long now, BackendSettings.Breaker settings) {
        if (open) {
            return false;
        }
        failedProbes = 0;
        openUntil = now + TimeUnit.MILLISECONDS.toNanos(settings.openMillis());
        open = true;
        return true;
    }

    /** Learns how a probe went. */
    synchronized void probed(boolean well, long now, BackendSettings.Breaker settings) {
        if (well) {
            open = false;
        } else {
            failedProbes = Math.min(failedProbes + 1, MAX_DOUBLINGS);
            openUntil = now + (TimeUnit.MILLISECONDS.toNanos(settings.openMillis()) << failedProbes);
        }
        probing.set(false);
    }

    /** Learns that a probe was given up; the next call is one. */
    void probeAbandoned() {
        probing.set(false);
    }
}

package io.rialto.benchmark;

import io.netty.channel.Channel;
import io.rialto.benchmark.SecuredCalls.Prepared;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One connection of the load: sends its prepared calls in order, some at a time, and notes how long each took. On its
 * event loop only.
 */
abstract class LoadConnection {
    private final List<Prepared> calls;
    private final long[] latenciesNanos;
    private final Runnable done;
    private final String authority;
    private int most;
    private long startNanos;
    private double nanosBetween;
    private boolean pumping;
    private int sent;
    private int answered;
    private int failed;
    private @Nullable String firstFailure;

    LoadConnection(List<Prepared> calls, String authority, Runnable done) {
        this.calls = calls;
        this.authority = authority;
        this.latenciesNanos = new long[calls.size()];
        this.done = done;
    }

    abstract Channel channel();

    /** Writes one call; its answer arrives at {@link #answered} with the same index. */
    abstract void write(int index, Prepared call);

    final String authority() {
        return authority;
    }

    final int inFlight() {
        return sent - answered;
    }

    final boolean exhausted() {
        return sent == calls.size();
    }

    /**
     * Begins.
     *
     * @param inFlight most calls in flight
     * @param between nanoseconds from one call to the next; 0 for as fast as answers come
     */
    final void begin(int inFlight, long start, double between) {
        most = inFlight;
        startNanos = start;
        nanosBetween = between;
        pump();
    }

    /** Sends what is due, and no more than may be in flight; what waits for that counts as late. */
    final void pump() {
        long now = System.nanoTime();
        boolean wrote = false;
        while (!exhausted() && inFlight() < most) {
            long due = nanosBetween == 0 ? now : startNanos + (long) (sent * nanosBetween);
            if (due > now) {
                break;
            }
            sendNext(due);
            wrote = true;
        }
        if (wrote) {
            channel().flush();
        }
    }

    private void sendNext(long dueNanos) {
        int index = sent++;
        latenciesNanos[index] = -dueNanos;
        write(index, calls.get(index));
    }

    /** Takes an answer, on the loop. */
    void answered(int index, int status) {
        latenciesNanos[index] += System.nanoTime();
        answered++;
        if (status != 200) {
            fail("status " + status);
        }
        if (answered == calls.size()) {
            done.run();
        } else if (!pumping) {
            // Once per turn of the loop, so that requests leave in few packets, as h2load sends them.
            pumping = true;
            channel().eventLoop().execute(() -> {
                pumping = false;
                pump();
            });
        }
    }

    final void fail(String what) {
        failed++;
        if (firstFailure == null) {
            firstFailure = what;
        }
    }

    /** The connection is gone: what is not answered never will be. */
    final void lost(String why) {
        if (answered < calls.size()) {
            fail(why);
            answered = calls.size();
            sent = calls.size();
            done.run();
        }
    }

    final int failed() {
        return failed;
    }

    final @Nullable String firstFailure() {
        return firstFailure;
    }

    final long[] latenciesNanos() {
        return latenciesNanos;
    }
}

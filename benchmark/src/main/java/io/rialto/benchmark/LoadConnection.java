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
    /** How many a saturating load keeps in flight; 0 while it is paced. */
    private int most;

    private boolean refilling;
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

    /** Sends until so many are in flight, now and after each answer. */
    final void refill(int inFlight) {
        most = inFlight;
        long now = System.nanoTime();
        while (!exhausted() && inFlight() < most) {
            sendNext(now);
        }
        channel().flush();
    }

    /** Sends what is due by now, and no more than so many in flight; what waits for that counts as late. */
    final void sendDue(long start, double nanosBetween, int inFlight) {
        long now = System.nanoTime();
        boolean wrote = false;
        while (!exhausted() && inFlight() < inFlight && start + (long) (sent * nanosBetween) <= now) {
            sendNext(start + (long) (sent * nanosBetween));
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
        } else if (most > 0 && !refilling) {
            // Once per turn of the loop, so that requests leave in few packets, as h2load sends them.
            refilling = true;
            channel().eventLoop().execute(() -> {
                refilling = false;
                refill(most);
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

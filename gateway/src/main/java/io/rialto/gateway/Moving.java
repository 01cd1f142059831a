package io.rialto.gateway;

import io.netty.util.AsciiString;
import io.netty.util.concurrent.ScheduledFuture;
import io.rialto.cells.Place;
import io.rialto.cells.RoutingTable;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.upstream.Outcome;
import io.rialto.protocol.Caller;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Calls whose data was not where this edge looked for it, as happens while a shard moves. The fence, or the cell that they
 * were forwarded to, has refused them and done nothing, so they may be sent again, whatever they are: each waits here until
 * a table says that its shard is elsewhere, or for a pause, as long as its caller's time lasts. Only the edge that a call
 * came to does this; one that it was forwarded to says what it found.
 */
final class Moving {
    private static final Map<AsciiString, Reason> REASONS = Map.of(
            AsciiString.cached(Reason.FENCED.wireName()), Reason.FENCED,
            AsciiString.cached(Reason.WRONG_CELL.wireName()), Reason.WRONG_CELL,
            AsciiString.cached(Reason.FORWARDED_TWICE.wireName()), Reason.FORWARDED_TWICE);

    /**
     * A table that comes is not waited for in pauses; they are for the shard to open where it goes, for the other edge's
     * table, and for a second shard that an operation writes for. A shard is closed for one or two of the first, each
     * further one is twice as long.
     */
    private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private static final int MOST_DOUBLINGS = 6;

    /** With less than this left the refusal goes to the caller, who has to have it within the time. */
    private static final long LEAST_LEFT_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final int FIRST_REFUSAL = 400;
    private static final int MAX_EPOCH_DIGITS = 19;

    private final LongSupplier nanoTime;

    Moving(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** Whether a call may come to wait here, and needs its message until it is answered. */
    static boolean mayTake(Exchange x) {
        Caller caller = x.identity.caller();
        return x.place != null && (caller == null || caller.hops() == 0);
    }

    /** Whether an answer says that a call's data is elsewhere, and there is time to look for it. */
    boolean takes(Exchange x, Outcome.Answered answered) {
        return answered.status() >= FIRST_REFUSAL && mayTake(x) && isElsewhere(x, answered.headers()) && left(x) > 0;
    }

    /**
     * Notes where the fence says that the shard goes, so that the call need not wait for the table. It is believed only where
     * it is newer than what the call was located by, and the fence there has the last word.
     */
    static void learn(Exchange x, HeaderList headers) {
        AsciiString text = headers.get(Names.FENCE_NEXT);
        Place place = x.place;
        int end = text == null ? -1 : text.indexOf(";");
        if (text == null || place == null || end < 0 || text.length() - end > MAX_EPOCH_DIGITS) {
            return;
        }
        try {
            long epoch = text.parseLong(end + 1, text.length());
            if (epoch > place.epoch()) {
                Place moved = Locate.at(x.table, place.shard(), epoch, text.toString(0, end));
                x.moved = moved == null ? x.moved : moved;
            }
        } catch (NumberFormatException e) {
            // A backend that says nonsense is not believed.
        }
    }

    /** Which cell owns the data is not for a backend to say. */
    private static boolean isElsewhere(Exchange x, HeaderList headers) {
        AsciiString text = headers.get(Names.REASON);
        Reason reason = text == null ? null : REASONS.get(text);
        return reason != null && (x.forward || reason == Reason.FENCED);
    }

    private long left(Exchange x) {
        return x.deadlineNanos - nanoTime.getAsLong() - LEAST_LEFT_NANOS;
    }

    /** Lets a call wait, on its loop. */
    void await(Exchange x) {
        long pause = FIRST_PAUSE_NANOS << Math.min(x.pauses++, MOST_DOUBLINGS);
        ScheduledFuture<?> timer =
                x.call.loop().schedule(() -> again(x), Math.clamp(left(x), 0, pause), TimeUnit.NANOSECONDS);
        x.local.moving.put(x, timer);
        x.onCancel(() -> leave(x));
        // It may have come while the call was away.
        if (isElsewhereNow(x)) {
            again(x);
        }
    }

    /** Sends those again whose shard is elsewhere by the newest table; on the loop that they wait on. */
    static void tableChanged(LoopState local) {
        for (Exchange x : List.copyOf(local.moving.keySet())) {
            if (!x.ended() && isElsewhereNow(x)) {
                again(x);
            }
        }
    }

    @SuppressWarnings("ReferenceEquality") // an equal table says the same
    private static boolean isElsewhereNow(Exchange x) {
        RoutingTable newest = x.gateway.state().table;
        if (newest == x.table || x.operation == null) {
            return false;
        }
        x.table = newest;
        try {
            Place now = Locate.place(x, x.operation.config);
            Place moved = x.moved;
            if (moved != null && now != null && now.epoch() >= moved.epoch()) {
                x.moved = null; // The table says as much: the shard has opened.
                return true;
            }
            return now == null || x.place == null || moved == null && !isSame(now, x.place);
        } catch (ProtocolException refused) {
            return true; // as it will be when it is sent again
        }
    }

    private static boolean isSame(Place one, Place other) {
        return one.shard() == other.shard()
                && one.epoch() == other.epoch()
                && one.cell().id().equals(other.cell().id());
    }

    private static void again(Exchange x) {
        leave(x);
        if (!x.ended()) {
            x.onCancel(null);
            x.gateway.again(x);
        }
    }

    private static void leave(Exchange x) {
        ScheduledFuture<?> timer = x.local.moving.remove(x);
        if (timer != null) {
            timer.cancel(false);
        }
    }
}

package io.rialto.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.cells.Place;
import io.rialto.cells.RoutingTable;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.identity.Identity;
import io.rialto.gateway.identity.SealedSession;
import io.rialto.gateway.transport.InboundCall;
import io.rialto.protocol.Reason;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One call with what its steps have learned of it. Used on the call's event loop only. */
final class Exchange {
    /** How a message is wrapped for this caller. */
    enum Framing {
        PLAIN,
        GRPC
    }

    final Gateway gateway;
    final GatewayState state;
    final LoopState local;
    final InboundCall call;
    final long nowMillis;

    /** The index of the step that comes next. */
    int next;

    // decode
    Framing framing = Framing.PLAIN;
    AsciiString codec = Names.JSON;
    /** What the steps may believe and pass on: all end-to-end fields, or those that a seal or signature covers. */
    HeaderList headers;

    /** The message; owned until it is handed on. */
    ByteBuf body;

    // admit
    boolean admitted;

    // authenticate
    Identity identity = Identity.NONE;

    @Nullable
    SealedSession session;

    /** Of a sealed call whose counter was taken, so that its answer is sealed; 0 otherwise. */
    long counter;

    // resolve
    @Nullable
    OperationState operation;

    @Nullable
    BuiltIn builtIn;

    long deadlineNanos;

    // locate
    @Nullable
    Place place;

    /** Of the backends that serve it; empty for any. */
    String colour = "";

    /** Of a pressure test: for shadow data, or for nothing. */
    boolean shadow;

    boolean forward;

    /** Where things are: as the call came, or as this edge learned while it waited for its shard. */
    RoutingTable table;

    /** Where its shard goes, as a fence said that has closed for it; counts until a table is as new. */
    @Nullable
    Place moved;

    /** Whether it has been located anew, past its rates and the cache. */
    boolean again;

    /** How often it has waited for its shard. */
    int pauses;

    // cache
    @Nullable
    String cacheKey;

    // the answer
    int status;
    HeaderList answerHeaders = EMPTY;
    ByteBuf answerBody = Unpooled.EMPTY_BUFFER;

    @Nullable
    Reason refusal;

    private static final HeaderList EMPTY = new HeaderList();
    private boolean ended;
    private @Nullable Runnable onEnd;
    private @Nullable ScheduledFuture<?> timer;

    Exchange(Gateway gateway, GatewayState state, LoopState local, InboundCall call, long nowMillis) {
        this.gateway = gateway;
        this.state = state;
        this.table = state.table;
        this.local = local;
        this.call = call;
        this.nowMillis = nowMillis;
        this.headers = call.headers();
        this.body = call.body();
    }

    /** Whether the call was answered or its caller went away: whatever comes later is of no use. */
    boolean ended() {
        return ended;
    }

    /** Goes on with the next step, from any thread. */
    void resume() {
        onLoop(() -> gateway.run(this));
    }

    /** Refuses, from any thread. */
    void refuseLater(Reason reason, String message) {
        onLoop(() -> gateway.refuse(this, reason, message));
    }

    void onLoop(Runnable action) {
        call.loop().execute(() -> {
            if (!ended) {
                action.run();
            }
        });
    }

    /** What to stop when the call ends before it is answered; replaces what was to be stopped before. */
    void onCancel(@Nullable Runnable action) {
        onEnd = action;
    }

    /** Refuses the call when its deadline comes, where it waits for something that does not know the deadline. */
    void expireAtDeadline() {
        long left = deadlineNanos - gateway.ports().nanoTime().getAsLong();
        timer = call.loop()
                .schedule(
                        () -> {
                            if (!ended) {
                                Runnable stop = onEnd;
                                gateway.refuse(this, Reason.DEADLINE_EXCEEDED, "the caller's time is over");
                                if (stop != null) {
                                    stop.run();
                                }
                            }
                        },
                        Math.max(0, left),
                        TimeUnit.NANOSECONDS);
    }

    Step.Progress answer(int answerStatus, HeaderList answer, ByteBuf message) {
        status = answerStatus;
        answerHeaders = answer;
        answerBody = message;
        gateway.answer(this);
        return Step.Progress.ANSWERED;
    }

    /** The message, which then is the receiver's. */
    ByteBuf handOverBody() {
        ByteBuf mine = body;
        body = Unpooled.EMPTY_BUFFER;
        return mine;
    }

    /** The message for a receiver, and still here for another try. */
    ByteBuf shareBody() {
        return body.retainedDuplicate();
    }

    /** Puts another message in the place of the present one, which is released. */
    void replaceBody(ByteBuf other) {
        body.release();
        body = other;
    }

    byte[] bodyBytes() {
        byte[] bytes = new byte[body.readableBytes()];
        body.getBytes(body.readerIndex(), bytes);
        return bytes;
    }

    String pathAndQuery() {
        String query = call.query();
        return query == null ? call.path() : call.path() + '?' + query;
    }

    /** Ends the exchange; true for whoever comes first. */
    boolean end() {
        if (ended) {
            return false;
        }
        ended = true;
        handOverBody().release();
        if (timer != null) {
            timer.cancel(false);
        }
        if (admitted) {
            local.inFlight--;
            gateway.left();
        }
        return true;
    }

    /** The caller is gone. */
    void cancelled() {
        if (end() && onEnd != null) {
            onEnd.run();
        }
    }
}

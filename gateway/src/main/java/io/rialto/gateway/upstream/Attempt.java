package io.rialto.gateway.upstream;

import io.netty.buffer.ByteBuf;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.Reason;
import org.jspecify.annotations.Nullable;

/** One try of a call on one backend, from a loop's pool to its owner; it ends once. On its loop only. */
final class Attempt {
    /** Whose try it is. */
    interface Owner {
        void answered(Attempt attempt, int status, HeaderList headers, ByteBuf body);

        /**
         * No answer.
         *
         * @param dispatched whether the backend may have seen the call
         */
        void failed(Attempt attempt, Reason reason, String message, boolean dispatched);
    }

    final OutboundCall call;
    private final LoopBackend backend;
    private final Owner owner;

    /** The connection that carries it, or null while it waits for one. */
    @Nullable
    Carrier carrier;

    /** Of the carrier, where that has streams. */
    int streamId;

    /** It ended because a connection that was used before was closed before a byte of the answer. */
    boolean stale;

    /** It is the call that a backend's open breaker lets through to see whether the backend is back. */
    boolean probe;

    private boolean ended;

    Attempt(OutboundCall call, LoopBackend backend, Owner owner) {
        this.call = call;
        this.backend = backend;
        this.owner = owner;
    }

    /** What carries attempts. */
    interface Carrier {
        /** Gives up an attempt that it carries; tells nobody. */
        void cancel(Attempt attempt);
    }

    LoopBackend backend() {
        return backend;
    }

    boolean ended() {
        return ended;
    }

    boolean stale() {
        return stale;
    }

    /** Whether a connection took it. */
    boolean sent() {
        return carrier != null;
    }

    void answer(int status, HeaderList headers, ByteBuf body) {
        if (ended) {
            body.release();
            return;
        }
        ended = true;
        owner.answered(this, status, headers, body);
    }

    void fail(Reason reason, String message, boolean dispatched) {
        if (!ended) {
            ended = true;
            owner.failed(this, reason, message, dispatched);
        }
    }

    /** Ends it without telling the owner. */
    void cancel() {
        if (ended) {
            return;
        }
        ended = true;
        Carrier carriedBy = carrier;
        if (carriedBy == null) {
            backend.pool().forget(this);
        } else {
            carriedBy.cancel(this);
        }
    }
}

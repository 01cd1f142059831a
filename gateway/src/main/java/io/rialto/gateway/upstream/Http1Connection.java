package io.rialto.gateway.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.rialto.gateway.http.FlushOnce;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import org.jspecify.annotations.Nullable;

/** One HTTP/1.1 connection to a backend: one call at a time, not pipelined. */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write closes the connection, which tells the call
final class Http1Connection extends ChannelInboundHandlerAdapter implements Attempt.Carrier {
    private final Http1Pool pool;
    private final FlushOnce flush;
    private final Http1Requests requests;
    private final Runnable flushing = this::flushNow;
    private @Nullable ChannelHandlerContext context;
    private @Nullable Http1AnswerParser parser;
    private @Nullable Attempt current;
    private boolean unflushed;
    private boolean used;
    private long idleSince;

    Http1Connection(Http1Pool pool, FlushOnce flush, Http1Requests requests) {
        this.pool = pool;
        this.flush = flush;
        this.requests = requests;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        context = added;
        parser = new Http1AnswerParser(added.alloc(), pool.backend().settings().maxAnswerBytes());
    }

    /** Sends a call; the connection must carry none. */
    void send(Attempt attempt) {
        ChannelHandlerContext to = context();
        ByteBuf request = requests.encode(to.alloc(), attempt.call);
        if (request == null) {
            pool.released(this, true);
            attempt.fail(Reason.INTERNAL, "a path or header of the call cannot be sent over HTTP/1.1", false);
            return;
        }
        current = attempt;
        attempt.carrier = this;
        parser().start(attempt.call.method().contentEquals("HEAD"));
        to.write(request, to.voidPromise());
        ByteBuf body = attempt.call.body();
        if (body.readableBytes() > Http1Requests.COPIED_BODY) {
            to.write(body.retainedSlice(), to.voidPromise());
        }
        if (!unflushed) {
            unflushed = true;
            flush.later(flushing);
        }
    }

    private void flushNow() {
        unflushed = false;
        context().flush();
    }

    @Override
    public void channelRead(ChannelHandlerContext from, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            if (current == null) {
                // An answer to no call: perhaps a time-out's 408. Whatever it is, the connection is over.
                from.close();
            } else if (parser().read(in)) {
                complete(in.isReadable());
            }
        } catch (ProtocolException refused) {
            failAndClose(refused.reason(), refused.getMessage());
        } finally {
            in.release();
        }
    }

    private void complete(boolean bytesLeft) {
        Attempt done = current;
        if (done == null) {
            throw new IllegalStateException("no call to complete");
        }
        Http1AnswerParser answer = parser();
        current = null;
        used = true;
        // A request that is still being written when its answer is complete leaves the connection in the middle of it.
        boolean reusable = answer.keepAlive() && !bytesLeft && !unflushed && nothingToWrite();
        // All of it before the release, by which the connection may start its next call.
        int status = answer.status();
        HeaderList headers = answer.headers();
        ByteBuf body = answer.takeBody();
        if (reusable) {
            pool.released(this, false);
        } else {
            context().close();
        }
        done.answer(status, headers, body);
    }

    private boolean nothingToWrite() {
        var outbound = context().channel().unsafe().outboundBuffer();
        return outbound != null && outbound.isEmpty();
    }

    private void failAndClose(Reason reason, @Nullable String message) {
        Attempt failed = current;
        current = null;
        context().close();
        if (failed != null) {
            failed.fail(reason, String.valueOf(message), true);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext from) {
        Attempt open = current;
        if (open != null && parser().end()) {
            complete(false);
            open = null;
        }
        current = null;
        pool.closed(this);
        if (open != null) {
            boolean begun = parser().begun();
            open.stale = used && !begun;
            open.fail(
                    Reason.BACKEND_CLOSED,
                    begun
                            ? pool.backend() + " closed the connection in the middle of its answer"
                            : pool.backend() + " closed the connection without an answer",
                    !unflushed);
        }
        parser().release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext from, Throwable cause) {
        // A reset or a failed write: closing tells the call.
        from.close();
    }

    @Override
    public void cancel(Attempt attempt) {
        if (current == attempt) {
            current = null;
            context().close();
        }
    }

    /** Whether it can carry a call. */
    boolean usable() {
        return current == null && context != null && context.channel().isActive();
    }

    void idleSince(long now) {
        idleSince = now;
    }

    long idleSince() {
        return idleSince;
    }

    void close() {
        context().close();
    }

    private ChannelHandlerContext context() {
        if (context == null) {
            throw new IllegalStateException("not in a pipeline yet");
        }
        return context;
    }

    private Http1AnswerParser parser() {
        if (parser == null) {
            throw new IllegalStateException("not in a pipeline yet");
        }
        return parser;
    }
}

package io.rialto.gateway.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One HTTP/2 connection to a backend with the calls on it. On its loop only. */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write closes its stream, which tells the call
final class Http2Link implements Attempt.Carrier {
    /** For one answer: the whole of most, so that few window updates are sent. */
    private static final int STREAM_WINDOW = 1 << 20;

    /** For all answers of a connection together. */
    private static final int CONNECTION_WINDOW = 16 << 20;

    /** Stream ids end at 2^31 - 1; the connection is changed well before. */
    private static final int LAST_STREAM_ID = Integer.MAX_VALUE - 1_000;

    /** A connection on which calls wait in silence is asked this often whether it is alive. */
    private static final long PING_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Http2Pool pool;
    private final Http2ConnectionHandler handler;
    private final Http2Connection connection;
    private final Http2Connection.PropertyKey answerKey;
    private final Runnable flushing = this::flushNow;
    private @Nullable ChannelHandlerContext context;
    private boolean flushPending;
    private boolean isReady;
    private boolean draining;
    private int lastProcessed = Integer.MAX_VALUE;
    private long lastRead;
    private long pinged;
    private boolean pingOpen;

    Http2Link(Http2Pool pool) {
        this.pool = pool;
        handler = new Http2ConnectionHandlerBuilder()
                .server(false)
                .initialSettings(Http2Settings.defaultSettings()
                        .pushEnabled(false)
                        .initialWindowSize(STREAM_WINDOW)
                        .maxHeaderListSize(Http1AnswerParser.MAX_HEAD))
                .gracefulShutdownTimeoutMillis(0)
                .frameListener(new Frames())
                .build();
        connection = handler.connection();
        answerKey = connection.newKey();
        connection.addListener(new Streams());
    }

    ChannelHandler handler() {
        return handler;
    }

    /** Whether another call may be sent: the backend allows the stream and takes new ones. */
    boolean hasRoom() {
        return isReady
                && !draining
                && context != null
                && context.channel().isActive()
                && connection.local().canOpenStream();
    }

    int streams() {
        return connection.local().numActiveStreams();
    }

    /** Sends a call; the link must have room. */
    void send(Attempt attempt) {
        ChannelHandlerContext to = context();
        Http2Headers headers = Http2Requests.headers(attempt.call, pool.backend());
        if (headers == null) {
            attempt.fail(Reason.INTERNAL, "a path or header of the call cannot be sent over HTTP/2", false);
            return;
        }
        int id = connection.local().incrementAndGetNextStreamId();
        ByteBuf body = Http2Requests.body(to.alloc(), attempt.call, pool.backend());
        boolean bodyless = !body.isReadable();
        handler.encoder().writeHeaders(to, id, headers, 0, bodyless, to.newPromise());
        Http2Stream stream = connection.stream(id);
        if (stream == null) {
            body.release();
            attempt.fail(Reason.BACKEND_CLOSED, pool.backend() + " takes no more calls on its connection", false);
            return;
        }
        attempt.carrier = this;
        attempt.streamId = id;
        stream.setProperty(answerKey, new Http2Answer(attempt, pool.backend()));
        if (bodyless) {
            body.release();
        } else {
            handler.encoder().writeData(to, id, body, 0, true, to.newPromise());
        }
        flushLater();
        if (id > LAST_STREAM_ID) {
            drain();
        }
    }

    @Override
    public void cancel(Attempt attempt) {
        Http2Stream stream = connection.stream(attempt.streamId);
        if (stream != null) {
            Http2Answer answer = stream.removeProperty(answerKey);
            if (answer != null) {
                answer.release();
            }
            reset(attempt.streamId);
        }
    }

    /** Takes no more calls and closes when those that it has are done. */
    void drain() {
        if (!draining) {
            draining = true;
            pool.closed(this, pool.backend() + " is no longer used");
        }
        closeIfDone();
    }

    void close() {
        draining = true;
        if (context != null) {
            context.channel().close();
        }
    }

    private void closeIfDone() {
        if (draining && connection.numActiveStreams() == 0) {
            close();
        }
    }

    private void reset(int streamId) {
        ChannelHandlerContext to = context();
        handler.resetStream(to, streamId, Http2Error.CANCEL.code(), to.newPromise());
        flushLater();
    }

    private void flushLater() {
        if (!flushPending) {
            flushPending = true;
            pool.loop().flush().later(flushing);
        }
    }

    private void flushNow() {
        flushPending = false;
        handler.flush(context());
    }

    private ChannelHandlerContext context() {
        if (context == null) {
            throw new IllegalStateException("not connected yet");
        }
        return context;
    }

    private void watch() {
        ChannelHandlerContext to = context();
        if (!to.channel().isActive()) {
            return;
        }
        long now = pool.loop().nanoTime();
        long idle = TimeUnit.MILLISECONDS.toNanos(pool.backend().settings().idleMillis());
        if (streams() == 0 && now - lastRead >= idle) {
            drain();
            return;
        }
        if (pingOpen && now - pinged >= PING_NANOS) {
            // Calls on it fail, and those that may be are sent again elsewhere.
            close();
            return;
        }
        if (!pingOpen && streams() > 0 && now - lastRead >= PING_NANOS) {
            pingOpen = true;
            pinged = now;
            handler.encoder().writePing(to, false, now, to.newPromise());
            flushLater();
        }
        to.channel().eventLoop().schedule(this::watch, Math.min(idle, PING_NANOS) / 2, TimeUnit.NANOSECONDS);
    }

    private @Nullable Http2Answer answerOn(int streamId) {
        Http2Stream stream = connection.stream(streamId);
        return stream == null ? null : stream.getProperty(answerKey);
    }

    private void end(int streamId, Http2Answer answer) {
        Http2Stream stream = connection.stream(streamId);
        if (stream != null) {
            stream.removeProperty(answerKey);
            if (stream.state().localSideOpen()) {
                // It answered before it had the whole call, whose rest is of no use to it.
                reset(streamId);
            }
        }
        answer.complete();
    }

    private void refuse(int streamId, Http2Answer answer, ProtocolException refused) {
        Http2Stream stream = connection.stream(streamId);
        if (stream != null) {
            stream.removeProperty(answerKey);
        }
        reset(streamId);
        answer.fail(refused.reason(), String.valueOf(refused.getMessage()), true);
    }

    /** What the backend sends. */
    private final class Frames extends Http2FrameAdapter {
        @Override
        public void onSettingsRead(ChannelHandlerContext from, Http2Settings settings) throws Http2Exception {
            lastRead = pool.loop().nanoTime();
            if (!isReady) {
                context = from;
                isReady = true;
                var window = handler.decoder().flowController();
                window.incrementWindowSize(
                        connection.connectionStream(),
                        CONNECTION_WINDOW - window.windowSize(connection.connectionStream()));
                watch();
                // Netty takes the settings over after this method: what waits may be sent after that.
                from.channel().eventLoop().execute(() -> pool.ready(Http2Link.this));
            }
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext from, int id, Http2Headers headers, int padding, boolean endOfStream) {
            lastRead = pool.loop().nanoTime();
            Http2Answer answer = answerOn(id);
            if (answer == null) {
                return;
            }
            try {
                answer.headers(headers, endOfStream);
                if (endOfStream) {
                    end(id, answer);
                }
            } catch (ProtocolException refused) {
                refuse(id, answer, refused);
            }
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext from,
                int id,
                Http2Headers headers,
                int dependency,
                short weight,
                boolean exclusive,
                int padding,
                boolean endOfStream) {
            onHeadersRead(from, id, headers, padding, endOfStream);
        }

        @Override
        public int onDataRead(ChannelHandlerContext from, int id, ByteBuf data, int padding, boolean endOfStream) {
            lastRead = pool.loop().nanoTime();
            int consumed = data.readableBytes() + padding;
            Http2Answer answer = answerOn(id);
            if (answer != null) {
                try {
                    answer.data(from.alloc(), data, endOfStream);
                    if (endOfStream) {
                        end(id, answer);
                    }
                } catch (ProtocolException refused) {
                    refuse(id, answer, refused);
                }
            }
            return consumed;
        }

        @Override
        public void onRstStreamRead(ChannelHandlerContext from, int id, long errorCode) {
            Http2Stream stream = connection.stream(id);
            Http2Answer answer = stream == null ? null : stream.removeProperty(answerKey);
            if (answer != null) {
                boolean refused = errorCode == Http2Error.REFUSED_STREAM.code();
                answer.fail(
                        Reason.BACKEND_CLOSED,
                        pool.backend() + " reset the call with " + Http2Error.valueOf(errorCode),
                        !refused);
            }
        }

        @Override
        public void onPingAckRead(ChannelHandlerContext from, long data) {
            lastRead = pool.loop().nanoTime();
            pingOpen = false;
        }
    }

    /** What becomes of streams. */
    private final class Streams extends Http2ConnectionAdapter {
        @Override
        public void onGoAwayReceived(int lastStreamId, long errorCode, ByteBuf debug) {
            lastProcessed = lastStreamId;
            drain();
        }

        @Override
        public void onStreamClosed(Http2Stream stream) {
            Http2Answer answer = stream.removeProperty(answerKey);
            if (answer != null) {
                boolean processed = stream.id() <= lastProcessed;
                answer.fail(
                        Reason.BACKEND_CLOSED,
                        pool.backend()
                                + (processed
                                        ? " closed the connection before it answered"
                                        : " went away before the call"),
                        processed);
            }
        }

        @Override
        public void onStreamRemoved(Http2Stream stream) {
            if (draining) {
                closeIfDone();
            } else {
                pool.roomAgain();
            }
        }
    }
}

package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The answers of one HTTP/2 connection: what the phone's windows let out, and what waits for them. */
final class Http2Answers {
    /** DATA below this, though more waits, is the work of a window that opens by drops. */
    private static final int TINY_DATA = 256;

    private final Http2Connection connection;
    private final Http2Floods floods;

    /** Calls whose answers can go on as soon as the connection's window, or the channel, has room. */
    private @Nullable ArrayDeque<Http2Call> waiting;

    private long window = Http2CodecUtil.DEFAULT_WINDOW_SIZE;

    /** What a stream's window begins with. */
    private long streamWindow = Http2CodecUtil.DEFAULT_WINDOW_SIZE;

    private boolean blockWritten;
    private long queuedBytes;
    private long sentBytes;

    /** While answers wait. */
    private @Nullable Pace pace;

    Http2Answers(Http2Connection connection, Http2Floods floods) {
        this.connection = connection;
        this.floods = floods;
    }

    long streamWindow() {
        return streamWindow;
    }

    void answer(Http2Call call, int status, HeaderList headers, ByteBuf body, @Nullable HeaderList trailers) {
        if (call.closed || !connection.isOpen()) {
            body.release();
            return;
        }
        if (call.answered) {
            body.release();
            throw new IllegalStateException("a call was answered twice");
        }
        call.answered = true;
        call.pace = null;
        ByteBuf content = body;
        boolean bodiless = status == 204 || status == 304 || isHead(call);
        if (bodiless) {
            body.release();
            content = Unpooled.EMPTY_BUFFER;
        }
        int length = content.readableBytes();
        boolean ends = length == 0 && trailers == null;
        writeHeaders(call, status, headers, bodiless || trailers != null ? -1 : length, ends);
        call.unsent = content;
        call.trailers = trailers;
        queuedBytes += length;
        try {
            if (ends) {
                finish(call);
            } else if (queuedBytes > connection.port.limits.queuedBytes()) {
                throw new Http2Failure(ConnectionEnd.QUEUE_FULL, "too many bytes of answers wait");
            } else {
                send(call);
            }
        } catch (Http2Failure failure) {
            connection.fail(failure);
        }
    }

    /** More of a stream: a message, now or behind those that wait; or nothing, when it only ends. */
    void more(Http2Call call, ByteBuf message) {
        queuedBytes += message.readableBytes();
        try {
            if (queuedBytes > connection.port.limits.queuedBytes()) {
                if (call.unsent == null) {
                    message.release();
                }
                throw new Http2Failure(ConnectionEnd.QUEUE_FULL, "too many bytes of answers wait");
            }
            if (call.unsent == null) {
                call.unsent = message;
                send(call);
            }
        } catch (Http2Failure failure) {
            connection.fail(failure);
        }
    }

    private static boolean isHead(Http2Call call) {
        return call.method().contentEquals("HEAD");
    }

    /** Sends what windows and the channel have room for. */
    private void send(Http2Call call) throws Http2Failure {
        ByteBuf unsent = next(call, call.unsent);
        while (unsent != null && unsent.isReadable()) {
            long room = Math.min(window, call.sendWindow);
            if (room <= 0 || !connection.mayWrite()) {
                if (call.sendWindow > 0) {
                    enqueue(call);
                }
                return;
            }
            int length = (int) Math.min(room, Math.min(unsent.readableBytes(), Http2Reader.MAX_FRAME));
            boolean last = length == unsent.readableBytes();
            boolean ends = last && call.trailers == null && !isOpenStream(call);
            Http2Frames.data(connection.out(Http2Frames.SMALL), call.stream, length, ends);
            connection.write(unsent.readRetainedSlice(length));
            window -= length;
            call.sendWindow -= length;
            queuedBytes -= length;
            sentBytes += length;
            call.sent += length;
            if (call.live != null) {
                call.live.left(length);
                unsent = next(call, unsent);
            }
            if (length < TINY_DATA && !last) {
                floods.drop(connection.activeNanos);
            } else {
                floods.sent();
            }
        }
        if (isOpenStream(call)) {
            return; // more may come
        }
        HeaderList trailers = call.trailers;
        if (trailers != null) {
            writeHeaders(call, 0, trailers, -1, true);
        }
        finish(call);
    }

    private static boolean isOpenStream(Http2Call call) {
        return call.live != null && call.live.isOpen();
    }

    /** What is to be sent: the present buffer while anything is left of it, then the next of a stream. */
    private static @Nullable ByteBuf next(Http2Call call, @Nullable ByteBuf present) {
        if (call.live == null || present == null || present.isReadable()) {
            return present;
        }
        present.release();
        call.unsent = call.live.next();
        return call.unsent;
    }

    private void enqueue(Http2Call call) {
        if (!call.queued) {
            call.queued = true;
            if (waiting == null) {
                waiting = new ArrayDeque<>();
            }
            waiting.add(call);
        }
    }

    /** Goes on with what waits for the connection, each call in its turn. */
    void goOn() {
        ArrayDeque<Http2Call> queue = waiting;
        if (queue == null) {
            return;
        }
        try {
            for (int left = queue.size();
                    left > 0 && connection.isOpen() && window > 0 && connection.mayWrite();
                    left--) {
                Http2Call call = queue.poll();
                if (call != null) {
                    call.queued = false;
                    if (!call.closed) {
                        send(call);
                    }
                }
            }
        } catch (Http2Failure failure) {
            connection.fail(failure);
        }
    }

    /** Writes a final or interim answer's block, or with status 0 trailers; {@code content-length} is ours to write. */
    void writeHeaders(Http2Call call, int status, HeaderList fields, long length, boolean ends) {
        ByteBuf out = connection.out(Http2Reader.FRAME_HEADER + Hpack.bound(fields));
        int at = out.writerIndex();
        out.writeZero(Http2Reader.FRAME_HEADER);
        if (!blockWritten) {
            blockWritten = true;
            out.writeByte(Hpack.NO_DYNAMIC_TABLE);
        }
        if (status != 0) {
            Hpack.status(out, status);
        }
        boolean declared = false;
        for (int i = 0; i < fields.size(); i++) {
            AsciiString name = fields.name(i);
            if (name.equals(HttpHeaderNames.CONTENT_LENGTH)) {
                // The answer to HEAD may say how long the body would be; any other length is that of the body.
                if (declared || status == 0 || !isHead(call) || FieldRules.length(fields.value(i)) < 0) {
                    continue;
                }
                declared = true;
            }
            if (!FieldRules.isHopByHop(name) && FieldRules.isValue(fields.value(i))) {
                Hpack.field(out, name, fields.value(i));
            }
        }
        if (length >= 0) {
            Hpack.field(out, HttpHeaderNames.CONTENT_LENGTH, AsciiString.of(Long.toString(length)));
        }
        Http2Frames.endHeaders(out, at, call.stream, ends);
    }

    private void finish(Http2Call call) throws Http2Failure {
        if (call.unsent != null) {
            call.unsent.release();
            call.unsent = null;
        }
        boolean complete = call.complete;
        if (!complete) {
            // The answer does not wait for the rest of the request.
            connection.reset(call.stream, Http2Error.NO_ERROR);
        }
        connection.remove(call);
        if (!complete && call.live == null) {
            floods.reset(connection.activeNanos);
        }
    }

    /** A call ends before its answer has left. */
    void forget(Http2Call call) {
        if (call.live != null && call.live.waitingBytes() > 0) {
            queuedBytes -= call.live.waitingBytes();
        } else if (call.unsent != null) {
            queuedBytes -= call.unsent.readableBytes();
        }
    }

    /** Lets go of all that waits. */
    void clear() {
        waiting = null;
        pace = null;
    }

    // Windows

    void onWindow(int increment) throws Http2Failure {
        window = opened(window, increment);
        goOn();
    }

    void onWindow(Http2Call call, long increment) throws Http2Failure {
        call.sendWindow = opened(call.sendWindow, increment);
        if (call.unsent != null && !call.queued) {
            send(call);
        }
    }

    /** INITIAL_WINDOW_SIZE moves the windows of all streams that are open, below 0 if need be. */
    void onStreamWindow(long size, Collection<Http2Call> calls) throws Http2Failure {
        long change = size - streamWindow;
        streamWindow = size;
        if (change != 0) {
            for (Http2Call call : List.copyOf(calls)) {
                onWindow(call, change);
            }
        }
    }

    private static long opened(long window, long increment) throws Http2Failure {
        if (window + increment > Integer.MAX_VALUE) {
            throw new Http2Failure(ConnectionEnd.HTTP2_FLOW_CONTROL, "a window above 2^31-1");
        }
        return window + increment;
    }

    // Time

    /** Whether a call's own window lets its answer out too slowly. One that waits for the connection is not to blame. */
    boolean isStalled(Http2Call call, long now) {
        if (call.unsent == null || call.sendWindow > 0) {
            call.pace = null;
            return false;
        }
        if (call.pace == null) {
            call.pace = new Pace(now, call.sent);
        }
        return isSlow(call.pace, now, call.sent);
    }

    /** Whether the phone takes too little of all that waits, though the channel would take it. */
    boolean isStalled(long now) {
        if (queuedBytes == 0) {
            pace = null;
            return false;
        }
        if (pace == null) {
            pace = new Pace(now, sentBytes);
        }
        return connection.channel.isWritable() && isSlow(pace, now, sentBytes);
    }

    private boolean isSlow(Pace of, long now, long bytes) {
        return of.isSlow(now, bytes, connection.port.answerNanos, connection.port.bytesPerSecond);
    }
}

package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.http.Refusals;
import io.rialto.protocol.Reason;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The server's end of an HTTP/2 connection (RFC 9113): streams are plain objects here, without channels of their own.
 * Frames come from {@link Http2Reader} and leave by {@link Http2Frames}. Push, priorities and upgrades are not offered.
 */
final class Http2Connection extends Connection {
    private static final InternalLogger LOG = InternalLoggerFactory.getInstance(Http2Connection.class);

    /** What one call's body may be ahead of us: enough for a fast phone over 100 ms. */
    static final int STREAM_WINDOW = 256 << 10;

    static final int CONNECTION_WINDOW = 1 << 20;

    /** DATA below this, though more waits, is the work of a window that opens by drops. */
    private static final int TINY_DATA = 256;

    /** WINDOW_UPDATE frames that may come without anything sent to update for. */
    private static final int MAX_WINDOW_CREDIT = 200;

    private static final long FLOOD_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** How long a graceful GOAWAY waits for streams that crossed it, if the phone does not confirm. */
    private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long DRAIN_PING = 0x7269616c746f2e31L;
    private static final int HTTP_CONTINUE = 100;

    private static final class Decoder extends DefaultHttp2HeadersDecoder {
        private final RequestFields fields;

        Decoder(RequestFields fields) {
            // The limits of lists are RequestFields' own: past them it keeps nothing, and needs no exception to say so.
            super(false, false, Http2CodecUtil.MAX_HEADER_LIST_SIZE);
            this.fields = fields;
        }

        @Override
        protected Http2Headers newHeaders() {
            return fields;
        }
    }

    private final Http2Reader reader;
    private @Nullable Decoder decoder;
    private @Nullable IntObjectHashMap<Http2Call> calls;

    /** Calls whose answers can go on as soon as the connection's window, or the channel, has room. */
    private @Nullable ArrayDeque<Http2Call> waiting;

    private int lastStream;
    private int goAwayLast = Integer.MAX_VALUE;
    private int receiveWindow = Http2CodecUtil.DEFAULT_WINDOW_SIZE;
    private long sendWindow = Http2CodecUtil.DEFAULT_WINDOW_SIZE;
    private long peerStreamWindow = Http2CodecUtil.DEFAULT_WINDOW_SIZE;
    private boolean blockWritten;
    private long receiving;
    private long queuedBytes;

    private long floodStart;
    private int resets;
    private int controls;
    private int emptyFrames;
    private int windows;
    private int windowCredit = MAX_WINDOW_CREDIT;

    private long drainStart;

    Http2Connection(Lane lane, Channel channel) {
        super(lane, channel);
        this.reader = new Http2Reader(this, channel);
        this.floodStart = activeNanos;
    }

    @Override
    void start() {
        Http2Frames.settings(
                out(Http2Frames.SETTINGS_ROOM), port.limits.streams(), STREAM_WINDOW, port.limits.headerBytes());
        Http2Frames.windowUpdate(out(Http2Frames.SMALL), 0, CONNECTION_WINDOW - receiveWindow);
        receiveWindow = CONNECTION_WINDOW;
    }

    @Override
    void read(ByteBuf bytes) {
        try {
            reader.read(bytes, activeNanos);
        } catch (Http2Failure failure) {
            fail(failure);
        }
    }

    private void fail(Http2Failure failure) {
        if (isOpen()) {
            ended(failure.end());
            String message = String.valueOf(failure.getMessage());
            Http2Frames.goAway(
                    out(Http2Frames.SMALL + message.length()),
                    lastStream,
                    failure.end().http2Error(),
                    message);
            cancelAll();
            linger();
        }
    }

    private void cancelAll() {
        IntObjectHashMap<Http2Call> all = calls;
        calls = null;
        waiting = null;
        if (all != null) {
            for (Http2Call call : List.copyOf(all.values())) {
                call.cancel();
            }
        }
    }

    @Override
    void gone() {
        cancelAll();
        reader.release();
    }

    private int active() {
        return calls == null ? 0 : calls.size();
    }

    private @Nullable Http2Call call(int stream) {
        return calls == null ? null : calls.get(stream);
    }

    // Requests

    void onHeaders(int stream, ByteBuf block, boolean ends) throws Http2Failure {
        if (decoder == null) {
            decoder = new Decoder(lane.requestFields);
        }
        RequestFields fields = lane.requestFields.start();
        try {
            decoder.decodeHeaders(stream, block);
        } catch (Http2Exception e) {
            throw new Http2Failure(ConnectionEnd.HTTP2_COMPRESSION, "a header block cannot be decoded");
        }
        if ((stream & 1) == 0) {
            throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "a client's stream with an even number");
        }
        if (stream <= lastStream) {
            trailers(stream, fields, ends);
            return;
        }
        lastStream = stream;
        if (stream > goAwayLast) {
            reset(stream, Http2Error.REFUSED_STREAM);
        } else if (active() >= port.limits.streams()) {
            countReset();
            reset(stream, Http2Error.REFUSED_STREAM);
        } else {
            open(stream, fields, ends);
        }
    }

    private void open(int stream, RequestFields fields, boolean ends) throws Http2Failure {
        String problem = fields.problem();
        AsciiString length = fields.fields().get(HttpHeaderNames.CONTENT_LENGTH);
        long declared = length == null ? -1 : FieldRules.length(length);
        if (length != null && (declared < 0 || repeatsLength(fields.fields()))) {
            problem = "content-length is not one number";
        }
        Http2Call call = new Http2Call(this, stream, fields, declared, activeNanos);
        call.sendWindow = peerStreamWindow;
        call.receiveWindow = STREAM_WINDOW;
        call.complete = ends;
        if (calls == null) {
            calls = new IntObjectHashMap<>();
        }
        calls.put(stream, call);
        if (fields.isTooLarge()) {
            countReset();
            refuse(
                    call,
                    Reason.HEADERS_TOO_LARGE,
                    "headers over the limit of " + port.limits.headerBytes() + " bytes or " + port.limits.headers()
                            + " fields");
        } else if (problem != null) {
            countReset();
            refuse(call, Reason.MALFORMED_FRAME, problem);
        } else if (declared > port.limits.bodyBytes()) {
            refuse(call, Reason.BODY_TOO_LARGE, tooLarge(declared));
        } else if (ends) {
            complete(call);
        } else if (fields.fields().contains(HttpHeaderNames.EXPECT)) {
            writeHeaders(call, HTTP_CONTINUE, new HeaderList(4), -1, false);
        }
    }

    private static boolean repeatsLength(HeaderList fields) {
        int first = fields.indexOf(HttpHeaderNames.CONTENT_LENGTH, 0);
        return fields.indexOf(HttpHeaderNames.CONTENT_LENGTH, first + 1) >= 0;
    }

    private String tooLarge(long length) {
        return "body of " + length + " bytes (expected: at most " + port.limits.bodyBytes() + ")";
    }

    private void trailers(int stream, RequestFields fields, boolean ends) throws Http2Failure {
        Http2Call call = call(stream);
        if (call == null) {
            // Of a stream that we have reset or answered; it may have crossed with that.
            countReset();
            return;
        }
        if (call.complete || !ends) {
            throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "HEADERS again on stream " + stream);
        }
        call.complete = true;
        if (call.answered) {
            return;
        }
        receiving -= call.received;
        String problem = fields.isTooLarge() ? "trailers over the limit" : fields.trailerProblem();
        if (problem != null) {
            countReset();
            refuse(call, Reason.MALFORMED_FRAME, problem);
        } else {
            complete(call);
        }
    }

    void onData(int stream, ByteBuf in, int from, int content, int length, boolean ends) throws Http2Failure {
        receiveWindow -= length;
        if (receiveWindow < 0) {
            throw new Http2Failure(ConnectionEnd.HTTP2_FLOW_CONTROL, "DATA beyond the connection's window");
        }
        if (receiveWindow < CONNECTION_WINDOW / 2) {
            // What the bodies of all calls may hold is bounded by receivedBytes, not by this window.
            Http2Frames.windowUpdate(out(Http2Frames.SMALL), 0, CONNECTION_WINDOW - receiveWindow);
            receiveWindow = CONNECTION_WINDOW;
        }
        if (content == 0 && !ends) {
            emptyFrames = count(emptyFrames, port.floods.emptyFrames(), ConnectionEnd.EMPTY_FRAME_FLOOD);
        }
        Http2Call call = call(stream);
        if (call == null) {
            known(stream);
            return;
        }
        if (call.complete) {
            throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "DATA after the end of stream " + stream);
        }
        call.receiveWindow -= length;
        if (call.receiveWindow < 0) {
            throw new Http2Failure(ConnectionEnd.HTTP2_FLOW_CONTROL, "DATA beyond the window of stream " + stream);
        }
        call.complete = ends;
        if (call.answered) {
            return;
        }
        body(call, in, from, content, ends);
    }

    private void body(Http2Call call, ByteBuf in, int from, int content, boolean ends) {
        if (content > port.limits.bodyBytes() - call.received) {
            receiving -= call.received;
            refuse(call, Reason.BODY_TOO_LARGE, tooLarge((long) call.received + content));
            return;
        }
        if (receiving + content > port.limits.receivedBytes()) {
            receiving -= call.received;
            refuse(call, Reason.OVERLOADED, "too many bytes of incomplete bodies on this connection");
            return;
        }
        call.append(in, from, content, ends);
        if (ends) {
            receiving -= call.received - content;
            complete(call);
            return;
        }
        receiving += content;
        if (call.receiveWindow < STREAM_WINDOW / 2) {
            Http2Frames.windowUpdate(out(Http2Frames.SMALL), call.stream, STREAM_WINDOW - call.receiveWindow);
            call.receiveWindow = STREAM_WINDOW;
        }
    }

    private void complete(Http2Call call) {
        if (call.declaredLength >= 0 && call.declaredLength != call.received) {
            refuse(
                    call,
                    Reason.MALFORMED_FRAME,
                    "body of " + call.received + " bytes (expected: " + call.declaredLength + " by content-length)");
            return;
        }
        call.arrivedNanos = activeNanos;
        call.handedOver = true;
        port.meters.called(port.side);
        try {
            port.handler.handle(call);
        } catch (RuntimeException e) {
            LOG.error("a call's handler failed", e);
            if (!call.answered) {
                refuse(call, Reason.INTERNAL, "the gateway failed");
            }
        }
    }

    private void refuse(Http2Call call, Reason reason, String message) {
        port.meters.refused(port.side, reason);
        call.dropBody();
        Refusals.Refusal refusal = Refusals.of(reason, message, Refusals.isGrpc(call.headers()));
        answer(call, refusal.status(), refusal.headers(), refusal.body(), null);
    }

    // Answers

    void answer(Http2Call call, int status, HeaderList headers, ByteBuf body, @Nullable HeaderList trailers) {
        if (call.closed || !isOpen()) {
            body.release();
            return;
        }
        if (call.answered) {
            body.release();
            throw new IllegalStateException("a call was answered twice");
        }
        call.answered = true;
        ByteBuf content = body;
        boolean bodiless = status == 204 || status == 304 || call.method().contentEquals("HEAD");
        if (bodiless) {
            body.release();
            content = Unpooled.EMPTY_BUFFER;
        }
        int length = content.readableBytes();
        boolean ends = length == 0 && trailers == null;
        writeHeaders(call, status, headers, bodiless || trailers != null ? -1 : length, ends);
        if (ends) {
            content.release();
            finish(call);
            return;
        }
        call.unsent = content;
        call.trailers = trailers;
        call.progressNanos = activeNanos;
        queuedBytes += length;
        if (queuedBytes > port.limits.queuedBytes()) {
            fail(new Http2Failure(ConnectionEnd.QUEUE_FULL, "too many bytes of answers wait"));
            return;
        }
        try {
            send(call);
        } catch (Http2Failure failure) {
            fail(failure);
        }
    }

    /** Sends what windows and the channel have room for. */
    private void send(Http2Call call) throws Http2Failure {
        ByteBuf unsent = call.unsent;
        while (unsent != null && unsent.isReadable()) {
            long window = Math.min(sendWindow, call.sendWindow);
            if (window <= 0 || !mayWrite()) {
                if (call.sendWindow > 0) {
                    enqueue(call);
                }
                return;
            }
            int length = (int) Math.min(window, Math.min(unsent.readableBytes(), Http2Reader.MAX_FRAME));
            boolean last = length == unsent.readableBytes();
            Http2Frames.data(out(Http2Frames.SMALL), call.stream, length, last && call.trailers == null);
            write(unsent.readRetainedSlice(length));
            sendWindow -= length;
            call.sendWindow -= length;
            queuedBytes -= length;
            call.progressNanos = loop.nanoTime();
            if (length < TINY_DATA && !last) {
                windows = count(windows, port.floods.windows(), ConnectionEnd.WINDOW_FLOOD);
            } else {
                windowCredit = Math.min(MAX_WINDOW_CREDIT, windowCredit + 2);
            }
        }
        HeaderList trailers = call.trailers;
        if (trailers != null) {
            writeHeaders(call, 0, trailers, -1, true);
        }
        finish(call);
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

    @Override
    void writable() {
        if (channel.config().isAutoRead() != channel.isWritable()) {
            channel.config().setAutoRead(channel.isWritable());
        }
        ArrayDeque<Http2Call> queue = waiting;
        if (queue == null) {
            return;
        }
        try {
            for (int left = queue.size(); left > 0 && isOpen() && sendWindow > 0 && mayWrite(); left--) {
                Http2Call call = queue.poll();
                if (call != null) {
                    call.queued = false;
                    if (!call.closed) {
                        send(call);
                    }
                }
            }
        } catch (Http2Failure failure) {
            fail(failure);
        }
    }

    private void writeHeaders(Http2Call call, int status, HeaderList fields, long length, boolean ends) {
        ByteBuf out = out(Http2Reader.FRAME_HEADER + Hpack.bound(fields));
        int at = out.writerIndex();
        out.writeZero(Http2Reader.FRAME_HEADER);
        if (!blockWritten) {
            blockWritten = true;
            out.writeByte(Hpack.NO_DYNAMIC_TABLE);
        }
        if (status != 0) {
            Hpack.status(out, status);
        }
        for (int i = 0; i < fields.size(); i++) {
            AsciiString name = fields.name(i);
            boolean ours = name.equals(HttpHeaderNames.CONTENT_LENGTH) && length >= 0;
            if (!ours && !FieldRules.isHopByHop(name) && FieldRules.isValue(fields.value(i))) {
                Hpack.field(out, name, fields.value(i));
            }
        }
        if (length >= 0) {
            Hpack.field(out, HttpHeaderNames.CONTENT_LENGTH, AsciiString.of(Long.toString(length)));
        }
        Http2Frames.endHeaders(out, at, call.stream, ends);
    }

    private void finish(Http2Call call) {
        if (call.unsent != null) {
            call.unsent.release();
            call.unsent = null;
        }
        if (!call.complete) {
            // The answer does not wait for the rest of the request.
            reset(call.stream, Http2Error.NO_ERROR);
        }
        remove(call);
    }

    private void remove(Http2Call call) {
        call.closed = true;
        if (calls != null) {
            calls.remove(call.stream);
        }
        activeNanos = loop.nanoTime();
        if (goAwayLast != Integer.MAX_VALUE && active() == 0) {
            // Not closed at once: a phone that is just writing would see a broken pipe before it reads GOAWAY.
            linger();
        }
    }

    private void reset(int stream, Http2Error error) {
        Http2Frames.reset(out(Http2Frames.SMALL), stream, error);
    }

    // Other frames

    void onReset(int stream) throws Http2Failure {
        known(stream);
        countReset();
        Http2Call call = call(stream);
        if (call == null) {
            return;
        }
        if (!call.complete && !call.answered) {
            receiving -= call.received;
        }
        if (call.unsent != null) {
            queuedBytes -= call.unsent.readableBytes();
        }
        remove(call);
        call.cancel();
    }

    void onWindow(int stream, int increment) throws Http2Failure {
        if (windowCredit > 0) {
            windowCredit--;
        } else {
            windows = count(windows, port.floods.windows(), ConnectionEnd.WINDOW_FLOOD);
        }
        if (increment == 0) {
            throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "WINDOW_UPDATE by 0");
        }
        if (stream == 0) {
            sendWindow = opened(sendWindow, increment);
            writable();
            return;
        }
        known(stream);
        Http2Call call = call(stream);
        if (call != null) {
            call.sendWindow = opened(call.sendWindow, increment);
            if (call.unsent != null && !call.queued) {
                send(call);
            }
        }
    }

    private static long opened(long window, long increment) throws Http2Failure {
        if (window + increment > Integer.MAX_VALUE) {
            throw new Http2Failure(ConnectionEnd.HTTP2_FLOW_CONTROL, "a window above 2^31-1");
        }
        return window + increment;
    }

    void onSetting(int name, long value) throws Http2Failure {
        switch (name) {
            case Http2CodecUtil.SETTINGS_ENABLE_PUSH -> {
                if (value > 1) {
                    throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "ENABLE_PUSH: " + value);
                }
            }
            case Http2CodecUtil.SETTINGS_INITIAL_WINDOW_SIZE -> {
                if (value > Integer.MAX_VALUE) {
                    throw new Http2Failure(ConnectionEnd.HTTP2_FLOW_CONTROL, "INITIAL_WINDOW_SIZE: " + value);
                }
                changeWindows(value - peerStreamWindow);
                peerStreamWindow = value;
            }
            case Http2CodecUtil.SETTINGS_MAX_FRAME_SIZE -> {
                if (value < Http2CodecUtil.MAX_FRAME_SIZE_LOWER_BOUND
                        || value > Http2CodecUtil.MAX_FRAME_SIZE_UPPER_BOUND) {
                    throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "MAX_FRAME_SIZE: " + value);
                }
            }
            default -> {
                // Of no effect on a server that pushes nothing, has no dynamic table and sends the smallest frames.
            }
        }
    }

    private void changeWindows(long change) throws Http2Failure {
        if (calls == null || change == 0) {
            return;
        }
        for (Http2Call call : List.copyOf(calls.values())) {
            call.sendWindow = opened(call.sendWindow, change);
            if (call.unsent != null && !call.queued) {
                send(call);
            }
        }
    }

    void onSettingsEnd() throws Http2Failure {
        countControl();
        Http2Frames.settingsAck(out(Http2Frames.SMALL));
    }

    void onPing(boolean ack, long content) throws Http2Failure {
        countControl();
        if (!ack) {
            Http2Frames.ping(out(Http2Frames.SMALL), true, content);
        } else if (content == DRAIN_PING && drainStart != 0) {
            goAwayForGood();
        }
    }

    /** A frame that changes nothing here. */
    void onIgnored() throws Http2Failure {
        countControl();
    }

    /** A frame for a stream that was never opened is an error; for one that has ended it may have crossed. */
    private void known(int stream) throws Http2Failure {
        if (stream > lastStream || (stream & 1) == 0) {
            throw new Http2Failure(
                    ConnectionEnd.HTTP2_PROTOCOL, "a frame for stream " + stream + ", which is not open");
        }
    }

    private void countReset() throws Http2Failure {
        resets = count(resets, port.floods.resets(), ConnectionEnd.RESET_FLOOD);
    }

    private void countControl() throws Http2Failure {
        controls = count(controls, port.floods.controls(), ConnectionEnd.CONTROL_FLOOD);
    }

    private int count(int before, int limit, ConnectionEnd cause) throws Http2Failure {
        int counted = before;
        if (activeNanos - floodStart > FLOOD_NANOS) {
            floodStart = activeNanos;
            resets = 0;
            controls = 0;
            emptyFrames = 0;
            windows = 0;
            counted = 0;
        }
        if (counted >= limit) {
            throw new Http2Failure(cause, cause.label() + ": more than " + limit + " in 10 seconds");
        }
        return counted + 1;
    }

    // Time

    @Override
    void check(long now) {
        if (reader.waitingSince() != 0 && now - reader.waitingSince() > port.headerNanos) {
            fail(new Http2Failure(ConnectionEnd.HEADER_TIMEOUT, "a frame or header block did not arrive in time"));
            return;
        }
        if (drainStart != 0 && goAwayLast == Integer.MAX_VALUE && now - drainStart > DRAIN_NANOS) {
            goAwayForGood();
            return;
        }
        if (active() == 0) {
            calls = null;
            waiting = null;
            if (now - activeNanos > port.idleNanos) {
                ended(ConnectionEnd.IDLE);
                Http2Frames.goAway(out(Http2Frames.SMALL), lastStream, Http2Error.NO_ERROR, "");
                closeAfterFlush();
            }
            return;
        }
        ConnectionEnd late = late(now);
        if (late != null) {
            fail(new Http2Failure(late, late.label()));
        }
    }

    private @Nullable ConnectionEnd late(long now) {
        IntObjectHashMap<Http2Call> all = calls;
        if (all == null) {
            return null;
        }
        for (Http2Call call : all.values()) {
            if (!call.complete && !call.answered && port.isSlow(now - call.startedNanos, call.received)) {
                return ConnectionEnd.BODY_TIMEOUT;
            }
            if (call.answered && now - call.progressNanos > port.answerNanos) {
                return ConnectionEnd.ANSWER_STALLED;
            }
        }
        return null;
    }

    @Override
    void drain() {
        if (drainStart == 0 && isOpen()) {
            // First without a number, so that calls already on their way are still served; then for good.
            drainStart = Math.max(1, loop.nanoTime());
            Http2Frames.goAway(out(Http2Frames.SMALL), Integer.MAX_VALUE, Http2Error.NO_ERROR, "");
            Http2Frames.ping(out(Http2Frames.SMALL), false, DRAIN_PING);
        }
    }

    private void goAwayForGood() {
        if (goAwayLast == Integer.MAX_VALUE && isOpen()) {
            goAwayLast = lastStream;
            ended(ConnectionEnd.DRAINED);
            Http2Frames.goAway(out(Http2Frames.SMALL), lastStream, Http2Error.NO_ERROR, "");
            if (active() == 0) {
                linger();
            }
        }
    }
}

package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.http.Refusals;
import io.rialto.protocol.Reason;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The server's end of an HTTP/2 connection (RFC 9113): streams are plain objects here, without channels of their own.
 * Frames come from {@link Http2Reader}, answers leave by {@link Http2Answers}. Push, priorities and upgrades are not
 * offered.
 */
final class Http2Connection extends Connection {
    private static final InternalLogger LOG = InternalLoggerFactory.getInstance(Http2Connection.class);

    /** What one call's body may be ahead of us: enough for a fast phone over 100 ms. */
    static final int STREAM_WINDOW = 256 << 10;

    static final int CONNECTION_WINDOW = 1 << 20;

    /** Entries of one SETTINGS frame; there are seven names. Each change of windows costs a look at every stream. */
    private static final int MAX_SETTINGS = 32;

    /** How long a graceful GOAWAY waits for streams that crossed it, if the phone does not confirm. */
    private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long DRAIN_PING = 0x7269616c746f2e31L;
    private static final int HTTP_CONTINUE = 100;

    private final Http2Reader reader;
    private final Http2Floods floods;
    final Http2Answers answers;
    private @Nullable RequestDecoder decoder;
    private @Nullable IntObjectHashMap<Http2Call> calls;
    private int lastStream;
    private int goAwayLast = Integer.MAX_VALUE;
    private int receiveWindow = Http2CodecUtil.DEFAULT_WINDOW_SIZE;

    /** Bytes of bodies that are not complete. */
    private int receiving;

    private int settings;
    private long drainStart;

    Http2Connection(Lane lane, Channel channel) {
        super(lane, channel);
        this.reader = new Http2Reader(this, channel);
        this.floods = new Http2Floods(port.floods, activeNanos);
        this.answers = new Http2Answers(this, floods);
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

    void fail(Http2Failure failure) {
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
        answers.clear();
        receive(-receiving);
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
            decoder = new RequestDecoder(lane.requestFields);
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
        if (stream > goAwayLast || active() >= port.limits.streams()) {
            floods.reset(activeNanos);
            reset(stream, Http2Error.REFUSED_STREAM);
        } else {
            open(stream, fields, ends);
        }
    }

    private void open(int stream, RequestFields fields, boolean ends) throws Http2Failure {
        String problem = fields.problem();
        long declared = fields.contentLength();
        Http2Call call = new Http2Call(this, stream, fields, declared, activeNanos);
        call.sendWindow = answers.streamWindow();
        call.receiveWindow = STREAM_WINDOW;
        call.complete = ends;
        if (calls == null) {
            calls = new IntObjectHashMap<>();
        }
        calls.put(stream, call);
        if (fields.isTooLarge()) {
            malformed(
                    call,
                    Reason.HEADERS_TOO_LARGE,
                    "headers over the limit of " + port.limits.headerBytes() + " bytes or " + port.limits.headers()
                            + " fields");
        } else if (problem != null) {
            malformed(call, Reason.MALFORMED_FRAME, problem);
        } else if (declared > port.limits.bodyBytes()) {
            refuse(call, Reason.BODY_TOO_LARGE, tooLarge(declared));
        } else if (ends) {
            complete(call);
        } else if (fields.fields().contains(HttpHeaderNames.EXPECT)) {
            answers.writeHeaders(call, HTTP_CONTINUE, new HeaderList(4), -1, false);
        }
    }

    private String tooLarge(long length) {
        return "body of " + length + " bytes (expected: at most " + port.limits.bodyBytes() + ")";
    }

    private void trailers(int stream, RequestFields fields, boolean ends) throws Http2Failure {
        Http2Call call = call(stream);
        if (call == null) {
            // Trailers of a stream that we have reset or answered may have crossed with that; a request may not.
            if (fields.trailerProblem() != null) {
                throw new Http2Failure(
                        ConnectionEnd.HTTP2_PROTOCOL, "HEADERS on stream " + stream + ", which has ended");
            }
            floods.reset(activeNanos);
            return;
        }
        if (call.complete || !ends) {
            throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "HEADERS again on stream " + stream);
        }
        call.complete = true;
        if (call.answered) {
            return;
        }
        receive(-call.received);
        String problem = fields.isTooLarge() ? "trailers over the limit" : fields.trailerProblem();
        if (problem != null) {
            malformed(call, Reason.MALFORMED_FRAME, problem);
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
        Http2Call call = call(stream);
        if (content == 0 && (!ends || call == null)) {
            floods.emptyFrame(activeNanos);
        }
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
            receive(-call.received);
            refuse(call, Reason.BODY_TOO_LARGE, tooLarge((long) call.received + content));
            return;
        }
        if (!ends && (receiving + content > port.limits.receivedBytes() || !port.mayReceive(content))) {
            receive(-call.received);
            refuse(call, Reason.OVERLOADED, "too many bytes of bodies that are not complete");
            return;
        }
        call.append(in, from, content, ends);
        if (ends) {
            receive(content - call.received);
            complete(call);
            return;
        }
        receive(content);
        if (call.receiveWindow < STREAM_WINDOW / 2) {
            Http2Frames.windowUpdate(out(Http2Frames.SMALL), call.stream, STREAM_WINDOW - call.receiveWindow);
            call.receiveWindow = STREAM_WINDOW;
        }
    }

    private void receive(int change) {
        receiving += change;
        port.receive(change);
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

    /** Refuses what no phone of ours sends. */
    private void malformed(Http2Call call, Reason reason, String message) throws Http2Failure {
        if (call.complete) {
            // Else its stream is reset behind the answer, and that is counted.
            floods.reset(activeNanos);
        }
        refuse(call, reason, message);
    }

    private void refuse(Http2Call call, Reason reason, String message) {
        port.meters.refused(port.side, reason);
        call.dropBody();
        Refusals.Refusal refusal = Refusals.of(reason, message, Refusals.isGrpc(call.headers()));
        answers.answer(call, refusal.status(), refusal.headers(), refusal.body(), null);
    }

    // Answers

    @Override
    void writable() {
        if (channel.config().isAutoRead() != channel.isWritable()) {
            channel.config().setAutoRead(channel.isWritable());
        }
        answers.goOn();
    }

    void remove(Http2Call call) {
        call.closed = true;
        if (calls != null) {
            calls.remove(call.stream);
        }
        activeNanos = loop.nanoTime();
        if (goAwayLast != Integer.MAX_VALUE) {
            drainStart = activeNanos;
        }
    }

    void reset(int stream, Http2Error error) {
        Http2Frames.reset(out(Http2Frames.SMALL), stream, error);
    }

    // Other frames

    void onReset(int stream) throws Http2Failure {
        known(stream);
        floods.reset(activeNanos);
        Http2Call call = call(stream);
        if (call == null) {
            return;
        }
        if (!call.complete && !call.answered) {
            receive(-call.received);
        }
        answers.forget(call);
        remove(call);
        call.cancel();
    }

    void onWindow(int stream, int increment) throws Http2Failure {
        floods.windowUpdate(activeNanos);
        if (increment == 0) {
            throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "WINDOW_UPDATE by 0");
        }
        if (stream == 0) {
            answers.onWindow(increment);
            return;
        }
        known(stream);
        Http2Call call = call(stream);
        if (call != null) {
            answers.onWindow(call, increment);
        }
    }

    void onSetting(int name, long value) throws Http2Failure {
        if (++settings > MAX_SETTINGS) {
            throw new Http2Failure(ConnectionEnd.CONTROL_FLOOD, "a SETTINGS frame of more than " + MAX_SETTINGS);
        }
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
                answers.onStreamWindow(value, calls == null ? List.of() : calls.values());
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

    void onSettingsEnd() throws Http2Failure {
        settings = 0;
        floods.control(activeNanos);
        Http2Frames.settingsAck(out(Http2Frames.SMALL));
    }

    void onPing(boolean ack, long content) throws Http2Failure {
        floods.control(activeNanos);
        if (!ack) {
            Http2Frames.ping(out(Http2Frames.SMALL), true, content);
        } else if (content == DRAIN_PING && drainStart != 0) {
            goAwayForGood();
        }
    }

    /** A frame that changes nothing here. */
    void onIgnored() throws Http2Failure {
        floods.control(activeNanos);
    }

    /** A frame for a stream that was never opened is an error; for one that has ended it may have crossed. */
    private void known(int stream) throws Http2Failure {
        if (stream > lastStream || (stream & 1) == 0) {
            throw new Http2Failure(
                    ConnectionEnd.HTTP2_PROTOCOL, "a frame for stream " + stream + ", which is not open");
        }
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
            answers.clear();
            if (goAwayLast != Integer.MAX_VALUE && now - drainStart > DRAIN_NANOS) {
                // Not at once: a call that crossed GOAWAY is told that it may come again elsewhere, which an end cannot
                // say.
                linger();
            } else if (now - activeNanos > port.idleNanos) {
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
        boolean reading = channel.config().isAutoRead();
        for (Http2Call call : all.values()) {
            if (!call.complete && !call.answered) {
                // What we do not read for now cannot come.
                if (reading && isSlow(call, now)) {
                    return ConnectionEnd.BODY_TIMEOUT;
                }
            } else if (call.answered && answers.isStalled(call, now)) {
                return ConnectionEnd.ANSWER_STALLED;
            }
        }
        return answers.isStalled(now) ? ConnectionEnd.ANSWER_STALLED : null;
    }

    private boolean isSlow(Http2Call call, long now) {
        if (call.pace == null) {
            call.pace = new Pace(call.startedNanos, 0);
        }
        return call.pace.isSlow(now, call.received, port.bodyNanos, port.bytesPerSecond);
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
            drainStart = loop.nanoTime();
            ended(ConnectionEnd.DRAINED);
            Http2Frames.goAway(out(Http2Frames.SMALL), lastStream, Http2Error.NO_ERROR, "");
        }
    }
}

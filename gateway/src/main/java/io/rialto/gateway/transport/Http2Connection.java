package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.http.Refusals;
import io.rialto.protocol.Reason;
import java.util.List;
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

    private static final int HTTP_CONTINUE = 100;

    private final Http2Reader reader;
    private final Http2Floods floods;
    final Http2Answers answers;
    private @Nullable HpackReader hpack;
    private @Nullable IntObjectHashMap<Http2Call> calls;

    /** The one stream of messages that the connection may have. */
    private @Nullable Http2Stream device;

    private int lastStream;
    private int receiveWindow = Http2CodecUtil.DEFAULT_WINDOW_SIZE;

    /** Bytes of bodies that are not complete. */
    private int receiving;

    private int settings;
    private @Nullable Http2Drain drain;

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
        device = null;
        answers.clear();
        if (all != null) {
            for (Http2Call call : List.copyOf(all.values())) {
                call.cancel();
            }
        }
        receive(-receiving);
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
        if (hpack == null) {
            hpack = new HpackReader(lane.commonValues);
        }
        RequestFields fields = lane.requestFields.start();
        int length = block.readableBytes();
        byte[] bytes = lane.block(length);
        block.getBytes(block.readerIndex(), bytes, 0, length);
        hpack.read(bytes, 0, length, fields);
        if ((stream & 1) == 0) {
            throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "a client's stream with an even number");
        }
        if (stream <= lastStream) {
            trailers(stream, fields, ends);
            return;
        }
        lastStream = stream;
        if (drain != null && drain.refuses(stream) || active() >= port.limits.streams()) {
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
        } else if (port.isStream(call)) {
            stream(call);
        } else if (fields.fields().contains(HttpHeaderNames.EXPECT)) {
            answers.writeHeaders(call, HTTP_CONTINUE, new HeaderList(4), -1, false);
        }
    }

    private void stream(Http2Call call) {
        if (device != null) {
            refuse(call, Reason.OVERLOADED, "this connection has a stream already (expected: one; end it first)");
            return;
        }
        device = new Http2Stream(call);
        call.live = device;
    }

    String tooLarge(long length) {
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
        if (call.live != null) {
            call.live.data(Unpooled.EMPTY_BUFFER, 0, 0, true);
            return;
        }
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
        if (call.live != null) {
            call.live.data(in, from, content, ends);
        } else if (!call.answered) {
            call.body(in, from, content, ends);
        }
    }

    /** Opens a stream's window again, but for what is held of it, when half of it is used up. */
    void credit(Http2Call call, int held) {
        int room = STREAM_WINDOW - held;
        if (room - call.receiveWindow > STREAM_WINDOW / 2) {
            Http2Frames.windowUpdate(out(Http2Frames.SMALL), call.stream, room - call.receiveWindow);
            call.receiveWindow = room;
        }
    }

    boolean mayReceive(int bytes) {
        return receiving + bytes <= port.limits.receivedBytes() && port.mayReceive(bytes);
    }

    void receive(int change) {
        receiving += change;
        port.receive(change);
    }

    void complete(Http2Call call) {
        if (call.declaredLength >= 0 && call.declaredLength != call.received) {
            refuse(
                    call,
                    Reason.MALFORMED_FRAME,
                    "body of " + call.received + " bytes (expected: " + call.declaredLength + " by content-length)");
            return;
        }
        handOver(call);
    }

    /** The whole request is there, or the first message of a stream. */
    void handOver(Http2Call call) {
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

    void refuse(Http2Call call, Reason reason, String message) {
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
        if (call.live != null) {
            if (device == call.live) {
                device = null;
            }
            call.live.gone();
        }
        if (calls != null) {
            calls.remove(call.stream);
        }
        activeNanos = loop.nanoTime();
        if (drain != null) {
            drain.left(activeNanos);
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
        drop(call);
    }

    private void drop(Http2Call call) {
        answers.forget(call);
        remove(call);
        call.cancel();
    }

    /** Ends a stream with what waits of it. */
    void abandon(Http2Call call, Http2Error error) {
        if (!call.closed) {
            reset(call.stream, error);
            drop(call);
        }
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
        if (++settings > Http2PeerSettings.MAX_ENTRIES) {
            throw new Http2Failure(ConnectionEnd.CONTROL_FLOOD, "a SETTINGS frame of too many entries: " + settings);
        }
        if (Http2PeerSettings.isWindow(name, value)) {
            answers.onStreamWindow(value, calls == null ? List.of() : calls.values());
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
        } else if (drain != null && drain.isConfirmedBy(content)) {
            drain.forGood(lastStream);
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
        if (drain != null && drain.isDue(now)) {
            drain.forGood(lastStream);
            return;
        }
        if (active() == 0) {
            calls = null;
            answers.clear();
            if (drain != null && drain.isOver(now)) {
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
        Http2Stream stream = device;
        if (stream != null) {
            ConnectionEnd end = stream.check(now, reading);
            if (end != null || device == null) {
                return end;
            }
        }
        for (Http2Call call : all.values()) {
            if (call.live != null) {
                continue;
            }
            if (!call.complete && !call.answered) {
                // What we do not read for now cannot come.
                if (reading && call.isSlow(now)) {
                    return ConnectionEnd.BODY_TIMEOUT;
                }
            } else if (call.answered && answers.isStalled(call, now)) {
                return ConnectionEnd.ANSWER_STALLED;
            }
        }
        return answers.isStalled(now) ? ConnectionEnd.ANSWER_STALLED : null;
    }

    @Override
    void drain() {
        if (drain == null && isOpen()) {
            drain = Http2Drain.start(this);
            if (device != null) {
                device.drain();
            }
        }
    }

    boolean draining() {
        return drain != null;
    }
}

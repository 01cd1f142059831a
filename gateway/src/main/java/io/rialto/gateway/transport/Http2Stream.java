package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.http.Refusals;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** A call over HTTP/2 that may become a stream, or is one: its messages, both ways. Idle, it holds no buffer. */
final class Http2Stream implements InboundStream {
    private static final AsciiString OK = AsciiString.cached("0");

    private enum Phase {
        /** Its first message is not complete. */
        HELLO,
        /** The handler has the first message; what comes meanwhile waits, inside of the window. */
        ASKED,
        OPEN,
        ENDED
    }

    private final Http2Call call;
    private final Http2Connection connection;
    private final MessageCutter cutter = new MessageCutter();
    private Phase phase = Phase.HELLO;
    private boolean cutting;
    private @Nullable Listener listener;

    /** What waits behind {@link Http2Call#unsent}. */
    private @Nullable ArrayDeque<ByteBuf> waiting;

    private int waitingBytes;
    private boolean full;

    /** What of {@link MessageCutter#held} the connection counts. */
    private int counted;

    private long heardNanos;
    private final MessageRate rate;
    private @Nullable Pace pace;
    private long receivedBytes;

    Http2Stream(Http2Call call) {
        this.call = call;
        this.connection = call.connection;
        this.heardNanos = call.startedNanos;
        this.rate = new MessageRate(call.startedNanos);
    }

    @Override
    public boolean prefixed() {
        return true;
    }

    boolean isOpen() {
        return phase == Phase.OPEN;
    }

    // From the phone

    /** DATA; or the end by trailers, then without content. */
    void data(ByteBuf in, int from, int length, boolean ends) {
        if (phase == Phase.ENDED || phase == Phase.ASKED && call.answered) {
            return;
        }
        if (!connection.mayReceive(length)) {
            fail(Reason.OVERLOADED, "too many bytes of messages that are not complete", StreamEnd.MALFORMED);
            return;
        }
        receivedBytes += length;
        cutter.append(connection.channel.alloc(), in, from, length);
        goOn();
    }

    /** Takes what is complete of what has come. */
    private void goOn() {
        cutting = true;
        try {
            while ((phase == Phase.HELLO || phase == Phase.OPEN) && take()) {
                pace = null;
            }
        } catch (ProtocolException malformed) {
            fail(malformed.reason(), String.valueOf(malformed.getMessage()), StreamEnd.MALFORMED);
        } finally {
            cutting = false;
        }
        if (phase == Phase.ENDED) {
            cutter.release();
            return;
        }
        cutter.trim();
        count();
        connection.credit(call, cutter.held());
        if (call.complete) {
            halfClosed();
        }
    }

    private boolean take() throws ProtocolException {
        ByteBuf message = cutter.next();
        if (message == null) {
            return false;
        }
        if (phase == Phase.HELLO) {
            phase = Phase.ASKED;
            call.hello(
                    connection.channel.alloc().buffer(message.readableBytes()).writeBytes(message));
            connection.handOver(call);
            return true;
        }
        long now = connection.activeNanos;
        heardNanos = now;
        if (!rate.take(now)) {
            fail(Reason.USER_RATE_LIMITED, MessageRate.TOO_MANY, StreamEnd.FLOOD);
            return false;
        }
        if (listener != null) {
            listener.message(message.skipBytes(MessageCutter.PREFIX));
        }
        return true;
    }

    private void halfClosed() {
        if (phase == Phase.HELLO) {
            fail(Reason.MALFORMED_FRAME, "the stream ended before its first message", StreamEnd.MALFORMED);
        } else if (phase == Phase.OPEN) {
            finish(new HeaderList(4).add(Refusals.GRPC_STATUS, OK), StreamEnd.PHONE);
        }
    }

    private void count() {
        connection.receive(cutter.held() - counted);
        counted = cutter.held();
    }

    /** Refuses the call that was to become a stream, or ends the stream, for what the phone did. */
    private void fail(Reason reason, String message, StreamEnd cause) {
        if (phase == Phase.OPEN) {
            connection.port.meters.refused(connection.port.side, reason);
            finish(Refusals.trailers(reason, message), cause);
        } else if (!call.answered) {
            release();
            connection.refuse(call, reason, message);
        }
    }

    // To the phone

    @Override
    public void begin(HeaderList headers, Listener heard) {
        if (call.closed || call.answered || !connection.isOpen()) {
            heard.closed();
            return;
        }
        phase = Phase.OPEN;
        listener = heard;
        heardNanos = connection.loop.nanoTime();
        call.answered = true;
        call.pace = null;
        call.forgetRequest();
        connection.port.meters.streamBegan(connection.port.side);
        connection.answers.writeHeaders(call, 200, headers, -1, false);
        if (connection.draining()) {
            connection.loop.eventLoop().execute(this::drain);
        }
        if (!cutting && (cutter.held() > 0 || call.complete)) {
            connection.loop.eventLoop().execute(() -> {
                if (phase == Phase.OPEN) {
                    goOn();
                }
            });
        }
    }

    @Override
    public void send(byte[] message) {
        if (phase != Phase.OPEN || call.closed) {
            return;
        }
        int length = MessageCutter.PREFIX + message.length;
        if (waitingBytes + length > MAX_WAITING) {
            // Later, as this may be inside of a call of the listener's.
            connection.loop.eventLoop().execute(() -> cutOff(StreamEnd.SLOW));
            return;
        }
        ByteBuf framed = connection.channel.alloc().directBuffer(length, length);
        framed.writeByte(0).writeInt(message.length).writeBytes(message);
        waitingBytes += length;
        full |= waitingBytes > WRITABLE_BYTES;
        if (call.unsent != null) {
            if (waiting == null) {
                waiting = new ArrayDeque<>(4);
            }
            waiting.add(framed);
        }
        connection.answers.more(call, framed);
    }

    /** The next message to be sent, or null. */
    @Nullable
    ByteBuf next() {
        ArrayDeque<ByteBuf> queue = waiting;
        if (queue == null) {
            return null;
        }
        ByteBuf next = queue.poll();
        if (queue.isEmpty()) {
            waiting = null;
        }
        return next;
    }

    /** So many bytes have left. */
    void left(int bytes) {
        if (waitingBytes == 0) {
            return; // of a refusal
        }
        waitingBytes -= bytes;
        if (full && waitingBytes <= WRITABLE_BYTES / 2) {
            full = false;
            connection.loop.eventLoop().execute(() -> {
                if (phase == Phase.OPEN && listener != null) {
                    listener.writable();
                }
            });
        }
    }

    /** All bytes that wait for the phone. */
    int waitingBytes() {
        return waitingBytes;
    }

    @Override
    public boolean isWritable() {
        return phase == Phase.OPEN && waitingBytes <= WRITABLE_BYTES;
    }

    @Override
    public void end(HeaderList trailers) {
        if (phase == Phase.OPEN) {
            listener = null;
            finish(trailers, StreamEnd.HANDLER);
        }
    }

    /** Ends it behind what waits. */
    private void finish(HeaderList trailers, StreamEnd cause) {
        ended(cause);
        call.trailers = trailers;
        if (!call.closed && call.unsent == null) {
            connection.answers.more(call, Unpooled.EMPTY_BUFFER);
        }
    }

    /** Ends it without what waits. */
    private void cutOff(StreamEnd cause) {
        if (phase == Phase.OPEN) {
            ended(cause);
            connection.abandon(call, Http2Error.ENHANCE_YOUR_CALM);
        }
    }

    private void ended(StreamEnd cause) {
        connection.port.meters.streamEnded(connection.port.side, cause);
        release();
        Listener heard = listener;
        listener = null;
        if (heard != null) {
            heard.closed();
        }
    }

    /** Nothing more is taken. What is being cut just now is let go of behind that. */
    private void release() {
        phase = Phase.ENDED;
        connection.receive(-counted);
        counted = 0;
        if (!cutting) {
            cutter.release();
        }
    }

    /** The phone or the connection is gone, or the answer has left. */
    void gone() {
        if (phase == Phase.OPEN) {
            ended(StreamEnd.PHONE);
        }
        release();
        for (ByteBuf next = next(); next != null; next = next()) {
            next.release();
        }
    }

    // Time

    void drain() {
        if (phase == Phase.OPEN && listener != null) {
            listener.drain();
        }
    }

    /** Checks timeouts; what ends the whole connection, or null. */
    @Nullable
    ConnectionEnd check(long now, boolean reading) {
        if (phase == Phase.OPEN && now - heardNanos > connection.port.silenceNanos) {
            finish(
                    Refusals.trailers(Reason.DEADLINE_EXCEEDED, "nothing was heard of the phone for too long"),
                    StreamEnd.SILENT);
            return null;
        }
        if (phase == Phase.OPEN && connection.answers.isStalled(call, now)) {
            cutOff(StreamEnd.SLOW);
            return null;
        }
        boolean incomplete = phase == Phase.HELLO || phase == Phase.OPEN && cutter.held() > 0;
        if (!incomplete) {
            pace = null;
        } else if (pace == null) {
            pace = new Pace(phase == Phase.HELLO ? call.startedNanos : now, phase == Phase.HELLO ? 0 : receivedBytes);
        } else if (reading
                && pace.isSlow(now, receivedBytes, connection.port.bodyNanos, connection.port.bytesPerSecond)) {
            return ConnectionEnd.BODY_TIMEOUT;
        }
        return null;
    }
}

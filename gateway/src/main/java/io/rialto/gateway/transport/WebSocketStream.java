package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.util.AsciiString;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.http.Refusals;
import io.rialto.protocol.Reason;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** The stream of a {@link WebSocketConnection}: the call that its first message makes, then the messages. */
final class WebSocketStream implements InboundCall, InboundStream {
    private static final InternalLogger LOG = InternalLoggerFactory.getInstance(WebSocketStream.class);

    /** Of a refusal: beside the code that RFC 6455 leaves to applications, a text message says all. */
    private static final int REFUSED = 4000;

    private static final AsciiString POST = AsciiString.cached("POST");
    private static final AsciiString JSON = AsciiString.cached("application/json");
    private static final AsciiString OK = AsciiString.cached("0");
    private static final HeaderList NO_HEADERS = new HeaderList();

    private enum Phase {
        HELLO,
        /** The handler has the first message. Nothing more is read, but what was read with it waits. */
        ASKED,
        OPEN,
        ENDED
    }

    private final WebSocketConnection connection;
    private final String path;
    private final @Nullable String query;
    private HeaderList headers;
    private Phase phase = Phase.HELLO;
    private ByteBuf hello = Unpooled.EMPTY_BUFFER;
    private InboundStream.@Nullable Listener listener;
    private @Nullable Runnable onCancel;
    private @Nullable ArrayDeque<ByteBuf> early;
    private @Nullable ArrayDeque<ByteBuf> waiting;
    private int waitingBytes;
    private boolean full;
    private long heardNanos;
    private final MessageRate rate;

    WebSocketStream(WebSocketConnection connection, Http1Call upgrade) {
        this.connection = connection;
        this.path = upgrade.path();
        this.query = upgrade.query();
        this.headers = upgrade.headers;
        this.heardNanos = connection.activeNanos;
        this.rate = new MessageRate(heardNanos);
    }

    // From the phone

    /** A message; the bytes are the caller's. */
    void message(ByteBuf bytes) {
        heardNanos = connection.activeNanos;
        switch (phase) {
            case HELLO -> ask(bytes);
            case ASKED -> {
                if (early == null) {
                    early = new ArrayDeque<>(4);
                }
                early.add(bytes.retain());
            }
            case OPEN -> deliver(bytes);
            case ENDED -> {}
        }
    }

    private void ask(ByteBuf bytes) {
        phase = Phase.ASKED;
        hello = bytes.retain();
        connection.readWhile(true);
        connection.port.meters.called(connection.port.side);
        try {
            connection.port.handler.handle(this);
        } catch (RuntimeException e) {
            LOG.error("a call's handler failed", e);
            if (phase == Phase.ASKED) {
                Refusals.Refusal refusal = Refusals.of(Reason.INTERNAL, "the gateway failed", false);
                answer(refusal.status(), refusal.headers(), refusal.body(), null);
            }
        }
    }

    private void deliver(ByteBuf bytes) {
        if (!rate.take(heardNanos)) {
            fail(Reason.USER_RATE_LIMITED, MessageRate.TOO_MANY, StreamEnd.FLOOD);
        } else if (listener != null) {
            listener.message(bytes);
        }
    }

    /** The phone, or the connection, is gone. */
    void gone() {
        boolean asked = phase == Phase.ASKED;
        ended(StreamEnd.PHONE);
        Runnable cancel = onCancel;
        onCancel = null;
        if (asked && cancel != null) {
            cancel.run();
        }
    }

    private void ended(StreamEnd cause) {
        if (phase == Phase.OPEN) {
            connection.port.meters.streamEnded(connection.port.side, cause);
        }
        phase = Phase.ENDED;
        waitingBytes = 0;
        release(waiting);
        waiting = null;
        release(early);
        early = null;
        InboundStream.Listener heard = listener;
        listener = null;
        if (heard != null) {
            heard.closed();
        }
    }

    private static void release(@Nullable ArrayDeque<ByteBuf> buffers) {
        if (buffers != null) {
            buffers.forEach(ByteBuf::release);
        }
    }

    private void fail(Reason reason, String message, StreamEnd cause) {
        connection.port.meters.refused(connection.port.side, reason);
        finish(Refusals.trailers(reason, message), cause);
    }

    // To the phone

    @Override
    public void begin(HeaderList ignored, InboundStream.Listener heard) {
        if (phase != Phase.ASKED) {
            heard.closed();
            return;
        }
        phase = Phase.OPEN;
        listener = heard;
        headers = NO_HEADERS;
        hello = Unpooled.EMPTY_BUFFER;
        onCancel = null;
        heardNanos = connection.loop.nanoTime();
        connection.port.meters.streamBegan(connection.port.side);
        connection.loop.eventLoop().execute(this::begun);
    }

    private void begun() {
        ArrayDeque<ByteBuf> before = early;
        early = null;
        if (before != null) {
            for (ByteBuf each : before) {
                if (phase == Phase.OPEN) {
                    deliver(each);
                }
                each.release();
            }
        }
        if (connection.lane.draining()) {
            drain();
        }
        connection.readWhile(connection.channel.isWritable());
    }

    @Override
    public void send(byte[] message) {
        if (phase != Phase.OPEN) {
            return;
        }
        if (waitingBytes + message.length > MAX_WAITING) {
            connection.loop.eventLoop().execute(() -> {
                if (phase == Phase.OPEN) {
                    ended(StreamEnd.SLOW);
                    connection.abort(ConnectionEnd.QUEUE_FULL);
                }
            });
            return;
        }
        if (waiting == null) {
            waiting = new ArrayDeque<>(4);
        }
        waiting.add(Unpooled.wrappedBuffer(message));
        waitingBytes += message.length;
        full |= waitingBytes > WRITABLE_BYTES;
        goOn();
    }

    /** Writes what there is room for. */
    void goOn() {
        ArrayDeque<ByteBuf> queue = waiting;
        if (queue == null) {
            return;
        }
        while (!queue.isEmpty() && connection.channel.isWritable()) {
            ByteBuf next = queue.remove();
            waitingBytes -= next.readableBytes();
            connection.write(new BinaryWebSocketFrame(next));
        }
        if (queue.isEmpty()) {
            waiting = null;
        }
        if (full && waitingBytes <= WRITABLE_BYTES / 2) {
            full = false;
            connection.loop.eventLoop().execute(() -> {
                if (phase == Phase.OPEN && listener != null) {
                    listener.writable();
                }
            });
        }
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

    private void finish(HeaderList trailers, StreamEnd cause) {
        // Out with what waits, whether there is room or not: it is bounded, and nothing follows it.
        while (waiting != null && !waiting.isEmpty()) {
            connection.write(new BinaryWebSocketFrame(waiting.remove()));
        }
        waiting = null;
        ended(cause);
        if (OK.equals(trailers.get(Refusals.GRPC_STATUS))) {
            connection.end(new CloseWebSocketFrame(WebSocketCloseStatus.NORMAL_CLOSURE));
        } else {
            refuse(trailers, "{");
        }
    }

    @Override
    public void answer(int status, HeaderList fields, ByteBuf body, @Nullable HeaderList trailers) {
        if (phase != Phase.ASKED) {
            body.release();
            return;
        }
        ended(StreamEnd.HANDLER);
        StringBuilder text = new StringBuilder("{\"status\": ").append(status).append(", ");
        if (JSON.equals(fields.get(Refusals.CONTENT_TYPE))) {
            text.append("\"refusal\": ")
                    .append(body.toString(StandardCharsets.UTF_8))
                    .append(", ");
        } else {
            byte[] sealed = new byte[body.readableBytes()];
            body.readBytes(sealed);
            text.append("\"sealed\": \"")
                    .append(Base64.getUrlEncoder().withoutPadding().encodeToString(sealed))
                    .append("\", ");
        }
        body.release();
        refuse(fields, text.toString());
    }

    /** Says all that is known in one text message, then ends. */
    private void refuse(HeaderList fields, String before) {
        StringBuilder text = new StringBuilder(before).append("\"headers\": {");
        for (int i = 0; i < fields.size(); i++) {
            text.append(i == 0 ? "\"" : ", \"").append(fields.name(i)).append("\": \"");
            Refusals.appendEscaped(text, fields.value(i).toString());
            text.append('"');
        }
        connection.write(new TextWebSocketFrame(text.append("}}").toString()));
        AsciiString reason = fields.get(Refusals.REASON);
        connection.end(new CloseWebSocketFrame(REFUSED, reason == null ? "" : reason.toString()));
    }

    // Time

    boolean isAsked() {
        return phase == Phase.ASKED;
    }

    void drain() {
        if (phase == Phase.OPEN && listener != null) {
            listener.drain();
        } else if (phase == Phase.HELLO) {
            phase = Phase.ENDED;
            connection.end(new CloseWebSocketFrame(WebSocketCloseStatus.ENDPOINT_UNAVAILABLE, "draining"));
        }
    }

    void check(long now) {
        if (phase == Phase.HELLO && now - heardNanos > connection.port.headerNanos) {
            phase = Phase.ENDED;
            connection.ended(ConnectionEnd.HEADER_TIMEOUT);
            connection.end(new CloseWebSocketFrame(WebSocketCloseStatus.POLICY_VIOLATION, "no first message"));
        } else if (phase == Phase.OPEN && now - heardNanos > connection.port.silenceNanos) {
            finish(
                    Refusals.trailers(Reason.DEADLINE_EXCEEDED, "nothing was heard of the phone for too long"),
                    StreamEnd.SILENT);
        }
    }

    // The call

    @Override
    public InboundStream stream() {
        return this;
    }

    @Override
    public boolean prefixed() {
        return false;
    }

    @Override
    public EventLoop loop() {
        return connection.loop.eventLoop();
    }

    @Override
    public InboundCall.Listener listener() {
        return connection.port.side;
    }

    @Override
    public SocketAddress remote() {
        return connection.channel.remoteAddress();
    }

    @Override
    public AsciiString method() {
        return POST;
    }

    @Override
    public String path() {
        return path;
    }

    @Override
    public @Nullable String query() {
        return query;
    }

    @Override
    public HeaderList headers() {
        return headers;
    }

    @Override
    public ByteBuf body() {
        return hello;
    }

    @Override
    public long arrivedNanos() {
        return heardNanos;
    }

    @Override
    public boolean trailers() {
        return true;
    }

    @Override
    public void onCancel(Runnable action) {
        if (phase == Phase.ENDED) {
            action.run();
        } else {
            onCancel = action;
        }
    }
}

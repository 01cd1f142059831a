package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.util.AsciiString;
import io.netty.util.ReferenceCountUtil;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.Reason;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** One HTTP/2 stream: a call that arrives, then waits for its answer, then for the phone to take the answer. */
final class Http2Call implements InboundCall {
    /** What is set aside for a body before its bytes have come, at most. */
    private static final int FIRST_BODY = 16 << 10;

    final Http2Connection connection;
    final int stream;
    final long startedNanos;
    private static final HeaderList NO_HEADERS = new HeaderList();

    private final AsciiString method;
    private final String path;
    private @Nullable String query;
    private HeaderList headers;

    /** The declared length of the body, -1 if none. */
    final long declaredLength;

    private @Nullable ByteBuf body;
    int received;
    int receiveWindow;
    long sendWindow;
    long arrivedNanos;

    /** The phone has sent all. */
    boolean complete;

    /** The handler has it, and owns the body. */
    boolean handedOver;

    /** Answered, reset or refused: the connection no longer knows it. */
    boolean closed;

    /** The answer has begun. */
    boolean answered;

    /** In the connection's queue of answers that may go on. */
    boolean queued;

    @Nullable
    ByteBuf unsent;

    @Nullable
    HeaderList trailers;

    /** What of the answer's body has left. */
    long sent;

    /** What it may become, or has become; null for an ordinary call. */
    @Nullable
    Http2Stream live;

    /** Of the body while it comes, of the answer while the phone takes it; from the first visit that finds it so. */
    @Nullable
    Pace pace;

    private @Nullable Runnable onCancel;

    Http2Call(Http2Connection connection, int stream, RequestFields fields, long declaredLength, long now) {
        this.connection = connection;
        this.stream = stream;
        this.startedNanos = now;
        this.arrivedNanos = now;
        this.method = fields.requestMethod();
        this.headers = fields.fields();
        this.declaredLength = declaredLength;
        String target = fields.target().toString();
        int mark = target.indexOf('?');
        this.path = mark < 0 ? target : target.substring(0, mark);
        this.query = mark < 0 ? null : target.substring(mark + 1);
    }

    /** Takes a frame's content, within the limits. */
    void body(ByteBuf in, int from, int content, boolean ends) {
        if (content > connection.port.limits.bodyBytes() - received) {
            connection.receive(-received);
            connection.refuse(this, Reason.BODY_TOO_LARGE, connection.tooLarge((long) received + content));
            return;
        }
        if (!ends && !connection.mayReceive(content)) {
            connection.receive(-received);
            connection.refuse(this, Reason.OVERLOADED, "too many bytes of bodies that are not complete");
            return;
        }
        append(in, from, content, ends);
        if (ends) {
            connection.receive(content - received);
            connection.complete(this);
            return;
        }
        connection.receive(content);
        connection.credit(this, 0);
    }

    /** Whether its body comes too slowly. */
    boolean isSlow(long now) {
        if (pace == null) {
            pace = new Pace(startedNanos, 0);
        }
        return pace.isSlow(now, received, connection.port.bodyNanos, connection.port.bytesPerSecond);
    }

    /** Adds a frame's content; the last frame of a body that came in one is kept as it is, others are gathered. */
    private void append(ByteBuf in, int from, int length, boolean last) {
        received += length;
        if (length == 0) {
            return;
        }
        if (last && body == null) {
            body = in.retainedSlice(from, length);
            return;
        }
        if (body == null) {
            long first = Math.max(length, Math.min(declaredLength, FIRST_BODY));
            body = connection.channel.alloc().buffer((int) first);
        }
        body.writeBytes(in, from, length);
    }

    /** Drops what of the body has come, unless it is the handler's. */
    void dropBody() {
        if (handedOver) {
            return;
        }
        ReferenceCountUtil.release(body);
        body = null;
    }

    /** It is a stream now, which may stay for hours: what was asked is of no more use. */
    void forgetRequest() {
        headers = NO_HEADERS;
        query = null;
        body = null;
        onCancel = null;
    }

    /** The first message of a stream. */
    void hello(ByteBuf message) {
        body = message;
    }

    /** Ends it without (more of) an answer. */
    void cancel() {
        closed = true;
        if (live != null) {
            live.gone();
        }
        dropBody();
        ReferenceCountUtil.release(unsent);
        unsent = null;
        Runnable action = onCancel;
        onCancel = null;
        if (action != null && !answered) {
            action.run();
        }
    }

    @Override
    public EventLoop loop() {
        return connection.loop.eventLoop();
    }

    @Override
    public Listener listener() {
        return connection.port.side;
    }

    @Override
    public SocketAddress remote() {
        return connection.channel.remoteAddress();
    }

    @Override
    public AsciiString method() {
        return method;
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
        return body == null ? Unpooled.EMPTY_BUFFER : body;
    }

    @Override
    public @Nullable InboundStream stream() {
        return live;
    }

    @Override
    public long arrivedNanos() {
        return arrivedNanos;
    }

    @Override
    public boolean trailers() {
        return true;
    }

    @Override
    public void answer(int status, HeaderList answerHeaders, ByteBuf answerBody, @Nullable HeaderList answerTrailers) {
        connection.answers.answer(this, status, answerHeaders, answerBody, answerTrailers);
    }

    @Override
    public void onCancel(Runnable action) {
        if (closed && !answered) {
            action.run();
        } else {
            onCancel = action;
        }
    }
}

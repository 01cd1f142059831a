package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.util.AsciiString;
import io.netty.util.ReferenceCountUtil;
import io.rialto.gateway.http.HeaderList;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** One HTTP/1.1 request; its answer waits for those of the requests before it. */
final class Http1Call implements InboundCall {
    final Http1Connection connection;
    final long startedNanos;
    final AsciiString method;
    private final String path;
    private final @Nullable String query;
    final HeaderList headers;

    /** The connection ends after the answer. */
    boolean last;

    /** The handler has it, and owns the body. */
    boolean handedOver;

    boolean answered;
    boolean closed;
    long arrivedNanos;
    int received;

    @Nullable
    ByteBuf body;

    int status;
    HeaderList answerHeaders;

    @Nullable
    ByteBuf answerBody;

    private @Nullable Runnable onCancel;

    Http1Call(Http1Connection connection, AsciiString method, String target, HeaderList headers, long now) {
        this.connection = connection;
        this.method = method;
        this.headers = headers;
        this.answerHeaders = headers;
        this.startedNanos = now;
        this.arrivedNanos = now;
        int mark = target.indexOf('?');
        this.path = mark < 0 ? target : target.substring(0, mark);
        this.query = mark < 0 ? null : target.substring(mark + 1);
    }

    /** Drops what of the body has come, unless it is the handler's. */
    void dropBody() {
        if (!handedOver) {
            ReferenceCountUtil.release(body);
            body = null;
        }
    }

    void cancel() {
        closed = true;
        dropBody();
        ReferenceCountUtil.release(answerBody);
        answerBody = null;
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
    public long arrivedNanos() {
        return arrivedNanos;
    }

    @Override
    public boolean trailers() {
        return false;
    }

    @Override
    public void answer(int answerStatus, HeaderList fields, ByteBuf content, @Nullable HeaderList trailers) {
        if (closed) {
            content.release();
            return;
        }
        if (answered) {
            content.release();
            throw new IllegalStateException("a call was answered twice");
        }
        answered = true;
        status = answerStatus;
        answerHeaders = fields;
        answerBody = content;
        connection.answered(content.readableBytes());
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

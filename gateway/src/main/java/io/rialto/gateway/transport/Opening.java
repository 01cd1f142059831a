package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A new connection until its protocol is known: by ALPN inside TLS, by its first bytes on a plain port. */
final class Opening extends Connection {
    /** While the listener drains, a connection that asks nothing does not keep it. */
    private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final boolean tls;
    private final long openedNanos;
    private @Nullable ByteBuf first;

    Opening(Lane lane, Channel channel, boolean tls) {
        super(lane, channel);
        this.tls = tls;
        this.openedNanos = loop.nanoTime();
    }

    @Override
    void start() {}

    @Override
    void read(ByteBuf bytes) {
        ByteBuf all = first == null ? bytes : Unpooled.wrappedBuffer(first, bytes);
        first = null;
        if (!Http2Reader.startsPreface(all)) {
            become(new Http1Connection(lane, channel), all);
        } else if (all.readableBytes() >= Http2Reader.PREFACE_BYTES) {
            become(new Http2Connection(lane, channel), all);
        } else {
            // At most a preface less one byte: copied, so that no read buffer waits with it.
            first = channel.alloc().buffer(Http2Reader.PREFACE_BYTES).writeBytes(all);
            all.release();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof SslHandshakeCompletionEvent handshake && tls) {
            if (!handshake.isSuccess()) {
                abort(ConnectionEnd.TLS_FAILED);
                return;
            }
            SslHandler ssl = channel.pipeline().get(SslHandler.class);
            boolean http2 = ApplicationProtocolNames.HTTP_2.equals(ssl.applicationProtocol());
            become(http2 ? new Http2Connection(lane, channel) : new Http1Connection(lane, channel), null);
        }
    }

    private void become(Connection next, @Nullable ByteBuf bytes) {
        if (!channel.isActive()) {
            ReferenceCountUtil.release(bytes);
            return;
        }
        channel.pipeline().replace(this, "http", next);
        if (bytes != null) {
            next.read(bytes);
        }
    }

    @Override
    void gone() {
        ReferenceCountUtil.release(first);
        first = null;
    }

    @Override
    void writable() {}

    @Override
    void check(long now) {
        if (now - openedNanos > (lane.draining() ? DRAIN_NANOS : port.handshakeNanos)) {
            abort(ConnectionEnd.HANDSHAKE_TIMEOUT);
        }
    }

    @Override
    void drain() {
        // Nothing was asked yet that could fail: what comes of it is told to leave in its turn.
    }
}

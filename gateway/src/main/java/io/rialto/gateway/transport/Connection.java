package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.rialto.gateway.loop.Loop;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One phone's connection, the last handler of its channel. What a turn of the loop writes gathers in one buffer that is
 * flushed at the end of the turn; between turns an idle connection holds no buffer.
 */
@SuppressWarnings("FutureReturnValueIgnored") // failures of writes arrive in exceptionCaught or end the channel
abstract sealed class Connection extends ChannelInboundHandlerAdapter implements Runnable
        permits Opening, Http1Connection, Http2Connection, WebSocketConnection {
    private static final InternalLogger LOG = InternalLoggerFactory.getInstance(Connection.class);

    /** Bodies up to this are copied behind their headers: cheaper than a buffer of their own on the way out. */
    private static final int COPIED_BODY = 4 << 10;

    private static final int FIRST_BUFFER = 1 << 10;

    /** How long, and how much, is read and dropped behind a last word, so that a reset does not overtake it. */
    private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final int LINGER_BYTES = 4 << 20;

    /** Read in turns, not at once: what one connection may write before others' turn. */
    static final int TURN_BYTES = 128 << 10;

    private enum Phase {
        OPEN,
        /** To be closed when what is written has left. */
        CLOSING,
        /** As closing, but the phone still sends: reads and drops for a while. */
        LINGERING,
        CLOSED
    }

    final Port port;
    final Channel channel;
    final Loop loop;
    final Lane lane;
    int sweepSlot = -1;
    int sweepIndex;

    /** When anything was last read or a call ended. */
    long activeNanos;

    private Phase phase = Phase.OPEN;
    private boolean flushing;
    private int turnBytes;
    private int lingered;
    private long lingerStart;
    private long unwritableSince;
    private @Nullable ByteBuf out;

    Connection(Lane lane, Channel channel) {
        this.lane = lane;
        this.port = lane.port;
        this.loop = lane.loop;
        this.channel = channel;
        this.activeNanos = loop.nanoTime();
    }

    /** The connection is this object's from now on. */
    abstract void start();

    /** Takes over what was read. */
    abstract void read(ByteBuf bytes);

    /** What a handler before this one made of what was read; owned by the receiver. */
    void received(Object message) {
        read((ByteBuf) message);
    }

    /** What it means that a handler before this one could not make anything of what was read. */
    ConnectionEnd undecodable() {
        return ConnectionEnd.TLS_FAILED;
    }

    /** The phone is gone: calls in flight are cancelled, buffers released. */
    abstract void gone();

    /** The channel has room to write, or has none any more, or a flush went through. */
    abstract void writable();

    /** Checks timeouts, while open. */
    abstract void check(long now);

    /** Begins to end without failing a call. */
    abstract void drain();

    final boolean isOpen() {
        return phase == Phase.OPEN;
    }

    /** The buffer that this turn's bytes gather in, with room for so many more. */
    final ByteBuf out(int room) {
        ByteBuf buffer = out;
        if (buffer == null) {
            buffer = channel.alloc().directBuffer(Math.max(FIRST_BUFFER, room));
            out = buffer;
        } else {
            buffer.ensureWritable(room);
        }
        flushLater();
        return buffer;
    }

    /** Writes part of a body behind what is in {@link #out}; takes it over. */
    final void write(ByteBuf body) {
        int length = body.readableBytes();
        turnBytes += length;
        if (length <= COPIED_BODY) {
            out(length).writeBytes(body);
            body.release();
            return;
        }
        ByteBuf before = out;
        out = null;
        if (before != null) {
            channel.write(before, channel.voidPromise());
        }
        channel.write(body, channel.voidPromise());
        flushLater();
    }

    /** Whether this turn may write more of an answer. */
    final boolean mayWrite() {
        return turnBytes < TURN_BYTES && channel.isWritable();
    }

    final void flushLater() {
        if (!flushing) {
            flushing = true;
            loop.flushes().later(this);
        }
    }

    /** The end of a turn in which something was written. */
    @Override
    public final void run() {
        flushing = false;
        turnBytes = 0;
        ByteBuf buffer = out;
        out = null;
        if (!channel.isActive()) {
            ReferenceCountUtil.release(buffer);
            return;
        }
        if (phase != Phase.OPEN) {
            // Listens to the write itself: ending the output drops what has not left yet.
            boolean closing = phase == Phase.CLOSING;
            channel.writeAndFlush(buffer == null ? channel.alloc().buffer(0) : buffer)
                    .addListener(
                            closing ? ChannelFutureListener.CLOSE : (ChannelFutureListener) sent -> shutdownOutput());
            return;
        }
        if (buffer != null) {
            channel.write(buffer, channel.voidPromise());
        }
        channel.flush();
        writable();
    }

    private void shutdownOutput() {
        SslHandler ssl = channel.pipeline().get(SslHandler.class);
        if (ssl != null) {
            ssl.closeOutbound();
        } else if (channel instanceof DuplexChannel duplex) {
            duplex.shutdownOutput();
        }
    }

    /** Closes when all that is written has left. */
    final void closeAfterFlush() {
        if (phase == Phase.OPEN) {
            phase = Phase.CLOSING;
            channel.config().setAutoRead(false);
            flushLater();
        }
    }

    /** As {@link #closeAfterFlush}, while the phone may still be sending. */
    final void linger() {
        if (phase == Phase.OPEN) {
            phase = Phase.LINGERING;
            lingerStart = loop.nanoTime();
            channel.config().setAutoRead(true);
            flushLater();
        }
    }

    final void ended(ConnectionEnd cause) {
        port.meters.ended(port.side, cause);
    }

    /** Closes without a last word: the phone takes none, or none is due. */
    final void abort(ConnectionEnd cause) {
        if (phase == Phase.OPEN) {
            phase = Phase.CLOSING;
            ended(cause);
        }
        channel.close();
    }

    final void sweep(long now) {
        switch (phase) {
            case OPEN -> {
                if (channel.isWritable()) {
                    unwritableSince = 0;
                } else if (unwritableSince == 0) {
                    unwritableSince = now;
                } else if (now - unwritableSince > port.answerNanos) {
                    abort(ConnectionEnd.ANSWER_STALLED);
                    return;
                }
                check(now);
            }
            case CLOSING -> {
                // A last word that cannot leave must not keep the connection.
                if (lingerStart == 0) {
                    lingerStart = now;
                } else if (now - lingerStart > port.answerNanos) {
                    channel.close();
                }
            }
            case LINGERING -> {
                if (now - lingerStart > LINGER_NANOS) {
                    channel.close();
                }
            }
            case CLOSED -> {}
        }
    }

    @Override
    public final void channelRead(ChannelHandlerContext ctx, Object message) {
        if (phase == Phase.OPEN) {
            activeNanos = loop.nanoTime();
            received(message);
            return;
        }
        lingered += message instanceof ByteBufHolder held
                ? held.content().readableBytes()
                : ((ByteBuf) message).readableBytes();
        ReferenceCountUtil.release(message);
        if (lingered > LINGER_BYTES) {
            channel.close();
        }
    }

    @Override
    public final void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (phase == Phase.OPEN) {
            writable();
        }
    }

    @Override
    public final void channelInactive(ChannelHandlerContext ctx) {
        leave();
    }

    @Override
    public final void handlerAdded(ChannelHandlerContext ctx) {
        lane.add(this);
        start();
        if (lane.draining()) {
            drain();
        }
    }

    @Override
    public final void handlerRemoved(ChannelHandlerContext ctx) {
        lane.remove(this);
        if (!channel.isActive()) {
            leave();
        }
    }

    private void leave() {
        if (phase != Phase.CLOSED) {
            phase = Phase.CLOSED;
            lane.remove(this);
            gone();
            port.left(channel);
        }
    }

    @Override
    public final void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof DecoderException) {
            abort(undecodable());
        } else if (cause instanceof RuntimeException || cause instanceof Error) {
            LOG.error("a connection failed inside", cause);
            abort(ConnectionEnd.INTERNAL);
        } else {
            // An IOException is a phone that went away.
            channel.close();
        }
    }
}

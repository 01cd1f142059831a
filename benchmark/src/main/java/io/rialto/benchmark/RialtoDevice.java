package io.rialto.benchmark;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.concurrent.EventExecutor;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Seal;
import io.rialto.protocol.SealKey;
import io.rialto.protocol.SessionKeys;
import io.rialto.protocol.sync.Bye;
import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.Hello;
import io.rialto.protocol.sync.ServerFrame;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.protocol.sync.SyncMessage;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A device with a sealed stream, by docs/protocol.md: keeps its sync key, acknowledges each batch, answers each beat, comes
 * again when it is told to. All on its connection's loop but for {@link #cut}.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a lost connection tells of its writes
final class RialtoDevice extends Http2FrameAdapter {
    private static final String PATH = "/rialto.Sync/Stream";
    private static final String SEALED = "application/rialto-sealed";
    private static final String GRPC = "application/grpc";
    private static final int PREFIX = 5;

    private final DeviceFleet fleet;
    private final int device;
    private final String edge;
    private final String ticket;
    private final SealKey toServer;
    private final SealKey toClient;
    private final Map<EventExecutor, Seal> seals;

    private volatile @Nullable Channel channel;
    private @Nullable Http2ConnectionHandler handler;
    private long counter;
    private int stream = -1;
    private int sent;
    private int received;
    private @Nullable ByteBuf part;
    private @Nullable SyncKey key;

    RialtoDevice(
            DeviceFleet fleet,
            int device,
            String edge,
            String ticket,
            SessionKeys session,
            Map<EventExecutor, Seal> seals) {
        this.fleet = fleet;
        this.device = device;
        this.edge = edge;
        this.ticket = ticket;
        this.toServer = Seal.key(session.toServer());
        this.toClient = Seal.key(session.toClient());
        this.seals = seals;
    }

    /** Takes a fresh connection. */
    void take(Channel fresh) {
        Http2ConnectionHandler own = new Http2ConnectionHandlerBuilder()
                .connection(new DefaultHttp2Connection(false))
                .initialSettings(Http2Settings.defaultSettings().pushEnabled(false))
                .frameListener(this)
                .build();
        fresh.pipeline().addLast(own);
        fresh.closeFuture().addListener(closed -> {
            if (fresh.equals(channel)) {
                channel = null;
                fleet.lost(device, "the connection ended");
            }
        });
        handler = own;
        channel = fresh;
        stream = -1;
    }

    /** Ends its connection; from any thread. */
    void cut() {
        Channel open = channel;
        channel = null;
        if (open != null) {
            open.close();
        }
    }

    /** Opens a stream on its connection. */
    void open() {
        Channel on = channel;
        Http2ConnectionHandler writer = handler;
        if (on == null || writer == null) {
            return;
        }
        stream += 2;
        counter++;
        sent = 0;
        received = 0;
        dropPart();
        Map<String, String> headers = new TreeMap<>(Map.of(
                "content-type",
                SEALED,
                HeaderNames.TICKET,
                ticket,
                HeaderNames.COUNTER,
                Long.toString(counter),
                HeaderNames.TIME,
                Long.toString(System.currentTimeMillis() / 1000),
                HeaderNames.EDGE,
                edge,
                HeaderNames.CONTENT_TYPE,
                GRPC));
        byte[] hello = DeviceFrame.hello(Hello.builder()
                        .keys(key == null ? List.of() : List.of(key))
                        .appVersion("1.0.0.0")
                        .locale("en")
                        .platform("jvm")
                        .build())
                .encode();
        byte[] box = seal(on).sealCall(toServer, counter, "POST", PATH, headers::get, hello, 0, hello.length);
        Http2Headers fields = new DefaultHttp2Headers(false)
                .method("POST")
                .path(PATH)
                .scheme("https")
                .authority("127.0.0.1");
        headers.forEach(fields::add);
        ChannelHandlerContext context = on.pipeline().context(writer);
        writer.encoder().writeHeaders(context, stream, fields, 0, false, context.newPromise());
        write(on, writer, box);
    }

    private Seal seal(Channel on) {
        return java.util.Objects.requireNonNull(seals.get(on.eventLoop()));
    }

    private void send(DeviceFrame frame) {
        Channel on = channel;
        Http2ConnectionHandler writer = handler;
        if (on != null && writer != null) {
            byte[] bytes = frame.encode();
            write(on, writer, seal(on).sealFrame(toServer, counter, ++sent, bytes, 0, bytes.length));
        }
    }

    private void write(Channel on, Http2ConnectionHandler writer, byte[] message) {
        ByteBuf framed = Unpooled.buffer(PREFIX + message.length);
        framed.writeByte(0).writeInt(message.length).writeBytes(message);
        ChannelHandlerContext context = on.pipeline().context(writer);
        writer.encoder().writeData(context, stream, framed, 0, false, context.newPromise());
        on.flush();
    }

    @Override
    public int onDataRead(ChannelHandlerContext context, int id, ByteBuf data, int padding, boolean end) {
        int read = data.readableBytes() + padding;
        // A connection that was cut may still say something while it closes.
        if (id == stream && context.channel().equals(channel)) {
            try {
                take(context.channel(), data);
            } catch (ProtocolException e) {
                context.close();
            }
        }
        return read;
    }

    private void take(Channel on, ByteBuf data) throws ProtocolException {
        ByteBuf all = data;
        ByteBuf before = part;
        if (before != null) {
            all = before.writeBytes(data);
        }
        while (all.readableBytes() >= PREFIX && all.readableBytes() >= PREFIX + all.getInt(all.readerIndex() + 1)) {
            all.skipBytes(1);
            byte[] message = new byte[all.readInt()];
            all.readBytes(message);
            ServerFrame frame =
                    ServerFrame.decode(seal(on).openFrame(toClient, counter, ++received, message, 0, message.length));
            take(frame, on);
        }
        if (!all.isReadable()) {
            dropPart();
        } else if (before == null) {
            part = Unpooled.buffer(all.readableBytes()).writeBytes(all);
        }
    }

    private void dropPart() {
        ByteBuf before = part;
        if (before != null) {
            before.release();
            part = null;
        }
    }

    private void take(ServerFrame frame, Channel on) {
        switch (frame.kind()) {
            case WELCOME -> fleet.ready(device);
            case BATCH -> {
                for (SyncMessage message : frame.batch().messages()) {
                    fleet.received(device, message.payload());
                }
                key = frame.batch().end();
                send(DeviceFrame.ack(List.of(key)));
            }
            case BEAT -> send(DeviceFrame.ack(List.of()));
            case BYE -> again(frame.bye(), on);
        }
    }

    /** Sent away, for a while: the connection stays. */
    private void again(Bye bye, Channel on) {
        fleet.sentAway(device);
        on.eventLoop()
                .schedule(
                        () -> {
                            if (on.equals(channel)) {
                                open();
                            }
                        },
                        bye.retryAfterMillis(),
                        TimeUnit.MILLISECONDS);
    }

    @Override
    public void onHeadersRead(
            ChannelHandlerContext context,
            int id,
            Http2Headers headers,
            int dependency,
            short weight,
            boolean exclusive,
            int padding,
            boolean end) {
        onHeadersRead(context, id, headers, padding, end);
    }

    @Override
    public void onHeadersRead(ChannelHandlerContext context, int id, Http2Headers headers, int padding, boolean end) {
        if (!context.channel().equals(channel)) {
            return;
        }
        CharSequence status = headers.status();
        if (status != null && !"200".contentEquals(status)) {
            refused(context, "status " + status + " " + headers.get(HeaderNames.REASON));
        } else if (end && headers.contains(HeaderNames.REASON)) {
            refused(context, "ended: " + headers.get(HeaderNames.REASON) + " " + headers.get("grpc-message"));
        }
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext context, int id, long error) {
        if (id == stream && error != 0) {
            refused(context, "reset " + error);
        }
    }

    @Override
    public void onGoAwayRead(ChannelHandlerContext context, int last, long error, ByteBuf debug) {
        refused(context, "GOAWAY " + error);
    }

    /** Comes again by another connection. */
    private void refused(ChannelHandlerContext context, String why) {
        if (context.channel().equals(channel)) {
            channel = null;
            fleet.lost(device, why);
        }
        context.close();
    }
}

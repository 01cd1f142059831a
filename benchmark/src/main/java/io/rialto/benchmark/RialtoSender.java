package io.rialto.benchmark;

import com.google.protobuf.ByteString;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.AsciiString;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.collection.IntObjectMap;
import io.rialto.protocol.Caller;
import io.rialto.protocol.CallerTokens;
import io.rialto.protocol.HeaderNames;
import io.rialto.sync.wire.Audience;
import io.rialto.sync.wire.PublishRequest;
import io.rialto.sync.wire.Users;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Publishes as a backend does: {@code rialto.Inbox/Publish} at an edge's internal listener, calls side by side over HTTP/2. */
@SuppressWarnings("FutureReturnValueIgnored") // a lost connection tells of its writes
final class RialtoSender implements Sender {
    /** With 256 in flight, 64 on each: below what an edge allows. */
    private static final int CONNECTIONS = 4;

    private static final int WINDOW = 8 << 20;
    private static final long TOKEN_MILLIS = 500_000;
    private static final String OPERATION = "rialto.Inbox/Publish";
    private static final AsciiString PATH = AsciiString.cached("/" + OPERATION);
    private static final AsciiString PROTO = AsciiString.cached("application/proto");
    private static final AsciiString CALLER = AsciiString.cached(HeaderNames.CALLER);

    private final MultiThreadIoEventLoopGroup loops;
    private final List<Lane> lanes = new ArrayList<>();

    private RialtoSender(MultiThreadIoEventLoopGroup loops) {
        this.loops = loops;
    }

    static RialtoSender connect(int port, CallerTokens tokens) throws IOException, InterruptedException {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        RialtoSender sender = new RialtoSender(loops);
        long now = System.currentTimeMillis();
        AsciiString token = new AsciiString(tokens.mint(Caller.builder("bench", OPERATION, now, now + TOKEN_MILLIS)
                .app(RialtoCell.APP)
                .build()));
        for (int i = 0; i < CONNECTIONS; i++) {
            Lane lane = new Lane("127.0.0.1:" + port, token);
            var connecting = new Bootstrap()
                    .group(loops)
                    .channel(EpollSocketChannel.class)
                    .handler(new ChannelInitializer<Channel>() {
                        @Override
                        protected void initChannel(Channel fresh) {
                            lane.take(fresh);
                        }
                    })
                    .connect("127.0.0.1", port);
            connecting.await();
            if (!connecting.isSuccess()) {
                sender.close();
                throw new IOException("no connection to publish over", connecting.cause());
            }
            sender.lanes.add(lane);
        }
        return sender;
    }

    @Override
    public void send(String key, int user, byte[] payload, Done done) {
        byte[] body = PublishRequest.newBuilder()
                .setTopic(RialtoCell.TOPIC)
                .setKey(key)
                .setAudience(Audience.newBuilder().setUsers(Users.newBuilder().addUsers(RialtoCell.user(user))))
                .setContentType("application/octet-stream")
                .setPayload(ByteString.copyFrom(payload))
                .build()
                .toByteArray();
        Lane idlest = lanes.getFirst();
        for (Lane lane : lanes) {
            idlest = lane.open.get() < idlest.open.get() ? lane : idlest;
        }
        idlest.send(body, done);
    }

    /** A connection; all but {@link #send} on its loop. */
    private static final class Lane extends Http2FrameAdapter {
        private final String authority;
        private final AsciiString token;
        private final Http2ConnectionHandler handler;
        private final IntObjectMap<Done> waiting = new IntObjectHashMap<>();
        private @Nullable Channel channel;
        private int lastStream = -1;
        private boolean flushing;
        private final AtomicInteger open = new AtomicInteger();
        private @Nullable String lost;

        Lane(String authority, AsciiString token) {
            this.authority = authority;
            this.token = token;
            this.handler = new Http2ConnectionHandlerBuilder()
                    .connection(new DefaultHttp2Connection(false))
                    .initialSettings(
                            Http2Settings.defaultSettings().pushEnabled(false).initialWindowSize(WINDOW))
                    .frameListener(this)
                    // Beyond what the edge allows, calls wait here.
                    .encoderEnforceMaxConcurrentStreams(true)
                    .build();
        }

        void take(Channel fresh) {
            channel = fresh;
            fresh.pipeline().addLast(handler);
            fresh.closeFuture().addListener(closed -> lose("the connection ended"));
        }

        void send(byte[] body, Done done) {
            Channel to = java.util.Objects.requireNonNull(channel);
            EventLoop loop = to.eventLoop();
            open.incrementAndGet();
            loop.execute(() -> {
                if (lost != null) {
                    done.done(lost);
                    return;
                }
                write(to.pipeline().context(handler), body, done);
                if (!flushing) {
                    flushing = true;
                    // Behind what is already waiting for this loop: all of it leaves in one write.
                    loop.execute(() -> {
                        flushing = false;
                        to.flush();
                    });
                }
            });
        }

        private void write(ChannelHandlerContext context, byte[] body, Done done) {
            lastStream += 2;
            waiting.put(lastStream, done);
            Http2Headers headers = new DefaultHttp2Headers(false)
                    .method("POST")
                    .path(PATH)
                    .scheme("http")
                    .authority(authority)
                    .add("content-type", PROTO)
                    .add(CALLER, token);
            handler.encoder().writeHeaders(context, lastStream, headers, 0, false, context.newPromise());
            int stream = lastStream;
            handler.encoder()
                    .writeData(context, stream, Unpooled.wrappedBuffer(body), 0, true, context.newPromise())
                    .addListener(written -> {
                        if (!written.isSuccess()) {
                            answered(stream, String.valueOf(written.cause()));
                        }
                    });
        }

        private void answered(int stream, @Nullable String failure) {
            Done done = waiting.remove(stream);
            if (done != null) {
                open.decrementAndGet();
                done.done(failure);
            }
        }

        private void lose(String why) {
            lost = why;
            List.copyOf(waiting.values()).forEach(done -> done.done(why));
            waiting.clear();
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext context,
                int stream,
                Http2Headers headers,
                int dependency,
                short weight,
                boolean exclusive,
                int padding,
                boolean end) {
            onHeadersRead(context, stream, headers, padding, end);
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext context, int stream, Http2Headers headers, int padding, boolean end) {
            CharSequence status = headers.status();
            // For one user, what is not stored is not answered with 200.
            if (status == null || !"200".contentEquals(status)) {
                answered(stream, "status " + status + " " + headers.get(HeaderNames.REASON));
            } else if (end) {
                answered(stream, null);
            }
        }

        @Override
        public int onDataRead(ChannelHandlerContext context, int stream, ByteBuf data, int padding, boolean end) {
            if (end) {
                answered(stream, null);
            }
            return data.readableBytes() + padding;
        }

        @Override
        public void onRstStreamRead(ChannelHandlerContext context, int stream, long error) {
            answered(stream, "reset " + error);
        }

        @Override
        public void onGoAwayRead(ChannelHandlerContext context, int last, long error, ByteBuf debug) {
            lose("GOAWAY " + error);
        }
    }

    @Override
    public void close() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
}

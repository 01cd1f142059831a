package io.rialto.gateway.upstream;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2Settings;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** An HTTP/2 server of Netty's own codec that does with each call what the test says. */
@SuppressWarnings("FutureReturnValueIgnored") // the client sees what failed
final class Http2TestServer implements AutoCloseable {
    /** What to do with a call that is complete. */
    interface Script {
        void run(Exchange exchange);
    }

    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Channel listening;
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger calls = new AtomicInteger();
    final AtomicInteger mostAtOnce = new AtomicInteger();

    Http2TestServer(int maxStreams, Script script) {
        listening = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        connections.incrementAndGet();
                        channel.pipeline()
                                .addLast(Http2FrameCodecBuilder.forServer()
                                        .initialSettings(
                                                Http2Settings.defaultSettings().maxConcurrentStreams(maxStreams))
                                        .build())
                                .addLast(new Handler(script));
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
    }

    Address address() {
        return new Address("127.0.0.1", ((InetSocketAddress) listening.localAddress()).getPort());
    }

    int connections() {
        return connections.get();
    }

    int calls() {
        return calls.get();
    }

    @Override
    public void close() {
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private final class Handler extends ChannelInboundHandlerAdapter {
        private final Script script;
        private final Map<Integer, Exchange> open = new HashMap<>();

        Handler(Script script) {
            this.script = script;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof Http2HeadersFrame frame) {
                Exchange exchange = new Exchange(context, frame.stream(), frame.headers());
                open.put(frame.stream().id(), exchange);
                mostAtOnce.accumulateAndGet(open.size(), Math::max);
                endIf(frame.isEndStream(), exchange);
            } else if (message instanceof Http2DataFrame frame) {
                Exchange exchange = open.get(frame.stream().id());
                if (exchange != null) {
                    exchange.body.append(frame.content().toString(StandardCharsets.ISO_8859_1));
                    context.write(new io.netty.handler.codec.http2.DefaultHttp2WindowUpdateFrame(
                                    frame.initialFlowControlledBytes())
                            .stream(frame.stream()));
                    endIf(frame.isEndStream(), exchange);
                }
                frame.release();
            } else {
                io.netty.util.ReferenceCountUtil.release(message);
            }
        }

        private void endIf(boolean end, Exchange exchange) {
            if (end) {
                calls.incrementAndGet();
                // A later turn, so that calls of one turn are open together.
                exchange.context.executor().execute(() -> {
                    open.remove(exchange.stream.id());
                    script.run(exchange);
                });
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
        }
    }

    /** One call and the means to answer it. */
    static final class Exchange {
        final ChannelHandlerContext context;
        final Http2FrameStream stream;
        final Http2Headers headers;
        final StringBuilder body = new StringBuilder();

        Exchange(ChannelHandlerContext context, Http2FrameStream stream, Http2Headers headers) {
            this.context = context;
            this.stream = stream;
            this.headers = headers;
        }

        void answer(String status, String text) {
            headers(false, ":status", status, "content-type", "text/plain");
            data(text, true);
        }

        void headers(boolean end, String... fields) {
            DefaultHttp2Headers all = new DefaultHttp2Headers(false);
            for (int i = 0; i < fields.length; i += 2) {
                all.add(fields[i], fields[i + 1]);
            }
            context.writeAndFlush(new DefaultHttp2HeadersFrame(all, end).stream(stream));
        }

        void data(String text, boolean end) {
            ByteBuf bytes = Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
            context.writeAndFlush(new DefaultHttp2DataFrame(bytes, end).stream(stream));
        }

        void reset(Http2Error error) {
            context.writeAndFlush(new DefaultHttp2ResetFrame(error).stream(stream));
        }

        /** Says that no stream after this one was processed, in bytes that Netty's codec would not write. */
        void goAwayAfterThis() {
            ByteBuf frame = Unpooled.buffer();
            frame.writeMedium(8)
                    .writeByte(7)
                    .writeByte(0)
                    .writeInt(0)
                    .writeInt(stream.id())
                    .writeInt(0);
            context.pipeline().firstContext().writeAndFlush(frame);
        }

        /** Says that streams after the given number of this connection's were not processed. */
        void goAway(int extraStreams) {
            context.writeAndFlush(new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR).setExtraStreamIds(extraStreams));
        }
    }
}

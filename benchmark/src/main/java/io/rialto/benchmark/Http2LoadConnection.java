package io.rialto.benchmark;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.rialto.benchmark.SecuredCalls.Prepared;
import java.util.List;
import javax.net.ssl.SSLException;

/** A connection that speaks HTTP/2: streams 1, 3, 5, ... are calls 0, 1, 2, ... */
@SuppressWarnings("FutureReturnValueIgnored") // a lost connection tells of its writes
final class Http2LoadConnection extends LoadConnection {
    /** Windows that never hold back an answer of these sizes. */
    private static final int WINDOW = 8 << 20;

    private final Channel channel;
    private final Http2ConnectionHandler handler;
    private final ChannelHandlerContext context;
    private final String path;

    Http2LoadConnection(Channel channel, String path, List<Prepared> calls, String authority, Runnable done) {
        super(calls, authority, done);
        this.channel = channel;
        this.path = path;
        this.handler = new Http2ConnectionHandlerBuilder()
                .connection(new DefaultHttp2Connection(false))
                .initialSettings(
                        Http2Settings.defaultSettings().pushEnabled(false).initialWindowSize(WINDOW))
                .frameListener(new Answers(this))
                .build();
        channel.pipeline().addLast(handler);
        this.context = channel.pipeline().context(handler);
    }

    /** For connections that speak HTTP/2 over TLS; the certificate is our own, of this run. */
    static SslContext tls() throws SSLException {
        return SslContextBuilder.forClient()
                .trustManager(InsecureTrustManagerFactory.INSTANCE)
                .applicationProtocolConfig(new ApplicationProtocolConfig(
                        ApplicationProtocolConfig.Protocol.ALPN,
                        ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                        ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                        ApplicationProtocolNames.HTTP_2))
                .build();
    }

    @Override
    Channel channel() {
        return channel;
    }

    @Override
    void write(int index, Prepared call) {
        Http2Headers headers = new DefaultHttp2Headers(false)
                .method("POST")
                .path(path)
                .scheme("http")
                .authority(authority());
        for (int i = 0; i < call.names().size(); i++) {
            headers.add(call.names().get(i), call.values().get(i));
        }
        int stream = index * 2 + 1;
        handler.encoder().writeHeaders(context, stream, headers, 0, false, context.newPromise());
        handler.encoder().writeData(context, stream, call.body().duplicate(), 0, true, context.newPromise());
    }

    private static final class Answers extends Http2FrameAdapter {
        private final LoadConnection connection;

        Answers(LoadConnection connection) {
            this.connection = connection;
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
            if (status == null || !"200".contentEquals(status)) {
                connection.fail("status " + status + " " + headers.get(io.rialto.protocol.HeaderNames.REASON));
            }
            if (end) {
                connection.answered(stream / 2, 200);
            }
        }

        @Override
        public int onDataRead(ChannelHandlerContext context, int stream, ByteBuf data, int padding, boolean end) {
            if (end) {
                connection.answered(stream / 2, 200);
            }
            return data.readableBytes() + padding;
        }

        @Override
        public void onRstStreamRead(ChannelHandlerContext context, int stream, long error) {
            connection.answered(stream / 2, 0);
        }

        @Override
        public void onGoAwayRead(ChannelHandlerContext context, int last, long error, ByteBuf debug) {
            connection.lost("GOAWAY " + error);
        }
    }
}

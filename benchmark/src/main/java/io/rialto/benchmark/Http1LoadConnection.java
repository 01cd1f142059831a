package io.rialto.benchmark;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.AsciiString;
import io.rialto.benchmark.SecuredCalls.Prepared;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A connection that speaks HTTP/1.1, one call at a time. */
@SuppressWarnings("FutureReturnValueIgnored") // a lost connection tells of its writes
final class Http1LoadConnection extends LoadConnection {
    private final Channel channel;
    private final byte[] head;
    private int current;

    Http1LoadConnection(Channel channel, String path, List<Prepared> calls, String authority, Runnable done) {
        super(calls, authority, done);
        this.channel = channel;
        this.head = ("POST " + path + " HTTP/1.1\r\nhost: " + authority + "\r\n").getBytes(StandardCharsets.US_ASCII);
        // Requests are written as bytes; only answers need a codec.
        channel.pipeline().addLast(new HttpResponseDecoder(), new Answers());
    }

    @Override
    Channel channel() {
        return channel;
    }

    @Override
    void write(int index, Prepared call) {
        current = index;
        ByteBuf bytes = channel.alloc().buffer(1024).writeBytes(head);
        for (int i = 0; i < call.names().size(); i++) {
            line(bytes, call.names().get(i), call.values().get(i));
        }
        line(
                bytes,
                AsciiString.cached("content-length"),
                new AsciiString(Integer.toString(call.body().readableBytes())));
        bytes.writeShort(0x0d0a).writeBytes(call.body().duplicate());
        channel.write(bytes, channel.voidPromise());
    }

    private static void line(ByteBuf bytes, AsciiString name, AsciiString value) {
        bytes.writeBytes(name.array(), name.arrayOffset(), name.length())
                .writeShort(0x3a20)
                .writeBytes(value.array(), value.arrayOffset(), value.length())
                .writeShort(0x0d0a);
    }

    private final class Answers extends SimpleChannelInboundHandler<HttpObject> {
        private int status;

        @Override
        protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
            if (message instanceof HttpResponse response) {
                status = response.status().code();
            }
            if (message instanceof LastHttpContent) {
                answered(current, status);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            lost("connection closed");
        }
    }
}

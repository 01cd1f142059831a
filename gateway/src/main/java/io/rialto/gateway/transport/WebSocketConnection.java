package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameEncoder;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import java.util.concurrent.TimeUnit;

/** A connection that has become one stream, where HTTP/2 does not come through: RFC 6455, with Netty's framing. */
@SuppressWarnings("FutureReturnValueIgnored") // as in Connection
final class WebSocketConnection extends Connection {
    private static final WebSocketDecoderConfig DECODING = WebSocketDecoderConfig.newBuilder()
            .maxFramePayloadLength(InboundStream.MAX_MESSAGE)
            .expectMaskedFrames(true)
            .allowMaskMismatch(false)
            .allowExtensions(false)
            .withUTF8Validator(false)
            .closeOnProtocolViolation(true)
            .build();

    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final WebSocketStream stream;
    private long controlsSince;
    private int controls;

    WebSocketConnection(Http1Call upgrade) {
        super(upgrade.connection.lane, upgrade.connection.channel);
        this.stream = new WebSocketStream(this, upgrade);
        this.controlsSince = activeNanos;
    }

    /** Takes the place of the connection that was asked for it. */
    void take(Http1Connection place) {
        ChannelPipeline pipeline = channel.pipeline();
        pipeline.replace(place, "stream", this);
        // The encoder first: what the decoder answers by itself passes it.
        pipeline.addBefore("stream", "encoder", new WebSocket13FrameEncoder(false));
        pipeline.addBefore("stream", "decoder", new WebSocket13FrameDecoder(DECODING));
        pipeline.addBefore("stream", "whole", new WebSocketFrameAggregator(InboundStream.MAX_MESSAGE));
    }

    @Override
    void start() {}

    @Override
    void read(ByteBuf bytes) {
        bytes.release();
        throw new IllegalStateException("bytes came past the decoder of frames");
    }

    @Override
    void received(Object message) {
        WebSocketFrame frame = (WebSocketFrame) message;
        try {
            boolean ping = frame instanceof PingWebSocketFrame;
            if (ping || frame instanceof PongWebSocketFrame) {
                if (control() && ping) {
                    write(new PongWebSocketFrame(frame.content().retain()));
                }
            } else if (frame instanceof BinaryWebSocketFrame) {
                stream.message(frame.content());
            } else if (frame instanceof CloseWebSocketFrame close) {
                stream.gone();
                int status = close.statusCode();
                end(status < 0 ? new CloseWebSocketFrame() : new CloseWebSocketFrame(status, ""));
            } else {
                stream.gone();
                end(new CloseWebSocketFrame(WebSocketCloseStatus.INVALID_MESSAGE_TYPE, "binary messages only"));
            }
        } finally {
            frame.release();
        }
    }

    /** Counts a frame that costs the phone nothing; false, and the end, where they are too many. */
    private boolean control() {
        if (activeNanos - controlsSince > WINDOW_NANOS) {
            controlsSince = activeNanos;
            controls = 0;
        }
        if (++controls <= port.floods.controls()) {
            return true;
        }
        ended(ConnectionEnd.CONTROL_FLOOD);
        stream.gone();
        end(new CloseWebSocketFrame(WebSocketCloseStatus.POLICY_VIOLATION, "too many pings"));
        return false;
    }

    void write(WebSocketFrame frame) {
        channel.write(frame, channel.voidPromise());
        flushLater();
    }

    /** Says the last word. */
    void end(CloseWebSocketFrame last) {
        if (isOpen()) {
            write(last);
            linger();
        } else {
            last.release();
        }
    }

    @Override
    ConnectionEnd undecodable() {
        return ConnectionEnd.MALFORMED_WEBSOCKET;
    }

    @Override
    void gone() {
        stream.gone();
    }

    @Override
    void writable() {
        stream.goOn();
        readWhile(channel.isWritable());
    }

    /** Reads no more than can be worked on. */
    void readWhile(boolean room) {
        boolean read = room && !stream.isAsked();
        if (isOpen() && channel.config().isAutoRead() != read) {
            channel.config().setAutoRead(read);
        }
    }

    @Override
    void check(long now) {
        stream.check(now);
    }

    @Override
    void drain() {
        stream.drain();
    }
}

package io.rialto.gateway.upstream;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;

/** Opens connections to backends on a given loop. */
@SuppressWarnings("FutureReturnValueIgnored") // the listener has the outcome
final class Connector {
    private final Class<? extends Channel> type;

    Connector(Class<? extends Channel> type) {
        this.type = type;
    }

    /** Starts to connect; {@code connected} runs on the loop with the outcome. */
    void connect(EventLoop loop, Backend backend, ChannelHandler handler, ChannelFutureListener connected) {
        new Bootstrap()
                .group(loop)
                .channel(type)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, backend.settings().connectMillis())
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(handler);
                    }
                })
                .connect(backend.address())
                .addListener(connected);
    }
}

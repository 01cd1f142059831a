package io.rialto.benchmark;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.rialto.benchmark.SecuredCalls.Prepared;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/**
 * Opens many TLS HTTP/2 connections, makes one call on each, and holds them idle. A program of its own: it needs as many
 * files as the server. Prints {@code OPEN n}, waits for a line, and ends.
 */
@CommandLine.Command(name = "idle-connections")
@SuppressWarnings("FutureReturnValueIgnored") // a program that ends with its loops
public final class IdleConnections implements Callable<Integer> {
    private static final int LOOPS = 2;

    /** Handshakes under way at once: more would only queue at one core. */
    private static final int BATCH = 50;

    @Option(names = "--url", required = true)
    @Nullable
    URI url;

    @Option(names = "--connections")
    int connections = 10_000;

    private IdleConnections() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new IdleConnections()).execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        URI target = Objects.requireNonNull(url);
        SslContext context = SslContextBuilder.forClient()
                .trustManager(InsecureTrustManagerFactory.INSTANCE)
                .applicationProtocolConfig(new ApplicationProtocolConfig(
                        ApplicationProtocolConfig.Protocol.ALPN,
                        ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                        ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                        ApplicationProtocolNames.HTTP_2))
                .build();
        List<Prepared> one = SecuredCalls.plain(1, "{}".getBytes(StandardCharsets.UTF_8));
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(LOOPS, EpollIoHandler.newFactory());
        try {
            List<LoadConnection> all = new ArrayList<>();
            while (all.size() < connections) {
                CountDownLatch answered = new CountDownLatch(BATCH);
                List<LoadConnection> batch = open(loops, context, target, one, answered);
                if (!answered.await(60, TimeUnit.SECONDS)) {
                    System.out.println("FAILED after " + all.size() + ": no answer within 60 s");
                    return 1;
                }
                all.addAll(batch);
            }
            long failed =
                    all.stream().filter(connection -> connection.failed() > 0).count();
            System.out.println("OPEN " + (all.size() - failed));
            return System.in.read() < 0 ? 1 : 0;
        } finally {
            loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    private static List<LoadConnection> open(
            MultiThreadIoEventLoopGroup loops,
            SslContext context,
            URI target,
            List<Prepared> one,
            CountDownLatch answered)
            throws InterruptedException {
        String authority = target.getHost() + ":" + target.getPort();
        List<LoadConnection> batch = java.util.Collections.synchronizedList(new ArrayList<>());
        List<ChannelFuture> connecting = new ArrayList<>();
        for (int i = 0; i < BATCH; i++) {
            connecting.add(new Bootstrap()
                    .group(loops)
                    .channel(EpollSocketChannel.class)
                    .handler(new ChannelInitializer<Channel>() {
                        @Override
                        protected void initChannel(Channel fresh) {
                            fresh.pipeline().addLast(context.newHandler(fresh.alloc()));
                            batch.add(new Http2LoadConnection(
                                    fresh, target.getPath(), one, authority, answered::countDown));
                        }
                    })
                    .connect(target.getHost(), target.getPort()));
        }
        for (ChannelFuture future : connecting) {
            future.sync();
        }
        for (LoadConnection connection : List.copyOf(batch)) {
            connection.channel().eventLoop().execute(() -> connection.refill(1));
        }
        return batch;
    }
}

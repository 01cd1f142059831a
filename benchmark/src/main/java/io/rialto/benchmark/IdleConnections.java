package io.rialto.benchmark;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.rialto.benchmark.SecuredCalls.Prepared;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Opens TLS HTTP/2 connections to a URL, makes one call on each, and holds them idle. A program of its own: it needs as
 * many files as the server. For each line it opens more until there are as many as the line says, and prints {@code OPEN
 * n} with how many of them are alive, or {@code FAILED} and why.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a lost connection tells of its writes
public final class IdleConnections {
    private static final int LOOPS = 2;

    /** Handshakes under way at once: more would only queue at one core. */
    private static final int BATCH = 50;

    private static final int BATCH_SECONDS = 20;

    private final MultiThreadIoEventLoopGroup loops =
            new MultiThreadIoEventLoopGroup(LOOPS, EpollIoHandler.newFactory());
    private final List<Prepared> one = SecuredCalls.plain(1, "{}".getBytes(StandardCharsets.UTF_8));
    private final List<LoadConnection> open = new ArrayList<>();
    private final URI target;
    private final SslContext context;

    private IdleConnections(URI target) throws Exception {
        this.target = target;
        this.context = Http2LoadConnection.tls();
    }

    public static void main(String[] arguments) throws Exception {
        IdleConnections connections = new IdleConnections(URI.create(arguments[0]));
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String line;
        while ((line = lines.readLine()) != null) {
            System.out.println(connections.openUntil(Integer.parseInt(line)));
        }
        System.exit(0);
    }

    private String openUntil(int number) throws InterruptedException {
        while (open.size() < number) {
            int before = open.size();
            if (!open(Math.min(BATCH, number - before))) {
                return "FAILED after " + before + ": no answer within " + BATCH_SECONDS + " s";
            }
        }
        long alive = open.stream()
                .filter(connection ->
                        connection.failed() == 0 && connection.channel().isActive())
                .count();
        return "OPEN " + alive;
    }

    private boolean open(int number) throws InterruptedException {
        String authority = target.getHost() + ":" + target.getPort();
        CountDownLatch answered = new CountDownLatch(number);
        List<LoadConnection> batch = java.util.Collections.synchronizedList(new ArrayList<>());
        List<ChannelFuture> connecting = new ArrayList<>();
        for (int i = 0; i < number; i++) {
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
        open.addAll(batch);
        for (LoadConnection connection : batch) {
            connection.channel().eventLoop().execute(() -> connection.begin(1, 0, 0));
        }
        return answered.await(BATCH_SECONDS, TimeUnit.SECONDS);
    }
}

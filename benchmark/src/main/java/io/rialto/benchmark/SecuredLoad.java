package io.rialto.benchmark;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.rialto.benchmark.H2Load.Protocol;
import io.rialto.benchmark.SecuredCalls.Mode;
import io.rialto.benchmark.SecuredCalls.Prepared;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/**
 * The load of secured calls, a program of its own so that its CPU is not the gateway's. It prepares all calls, prints
 * {@code READY}, waits for a line, sends them, and prints one line: {@code DONE calls failed seconds p50us p99us why}.
 */
@CommandLine.Command(name = "secured-load")
@SuppressWarnings("FutureReturnValueIgnored") // a program that ends with its loops
public final class SecuredLoad implements Callable<Integer> {
    private static final int LOOPS = 2;

    @Option(names = "--url", required = true)
    @Nullable
    URI url;

    @Option(names = "--protocol", required = true)
    @Nullable
    Protocol protocol;

    @Option(names = "--mode", required = true)
    @Nullable
    Mode mode;

    @Option(names = "--connections")
    int connections = 32;

    @Option(names = "--streams", description = "Calls in flight on one connection.")
    int streams = 16;

    @Option(names = "--calls", description = "Of each connection.")
    int calls = 1000;

    @Option(names = "--rate", description = "Calls per second of all connections; 0: as fast as answers come.")
    int rate;

    @Option(names = "--body-bytes")
    int bodyBytes = 111;

    private SecuredLoad() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new SecuredLoad()).execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        URI target = Objects.requireNonNull(url);
        Mode how = Objects.requireNonNull(mode);
        SSLContext trust = SSLContext.getInstance("TLS");
        trust.init(null, InsecureTrustManagerFactory.INSTANCE.getTrustManagers(), null);
        SecuredCalls factory = how == Mode.PLAIN ? null : new SecuredCalls(target, trust);
        byte[] body = ("{\"data\":\"" + "x".repeat(bodyBytes - 11) + "\"}").getBytes(StandardCharsets.UTF_8);
        List<List<Prepared>> prepared = new ArrayList<>();
        for (int i = 0; i < connections; i++) {
            prepared.add(factory == null ? SecuredCalls.plain(calls, body) : factory.prepare(how, calls, body));
        }
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(LOOPS, EpollIoHandler.newFactory());
        try {
            CountDownLatch finished = new CountDownLatch(connections);
            List<LoadConnection> all = new ArrayList<>();
            for (List<Prepared> own : prepared) {
                all.add(connect(loops, target, how, own, finished::countDown));
            }
            System.out.println("READY");
            if (System.in.read() < 0) {
                return 1;
            }
            long start = System.nanoTime();
            all.forEach(connection -> connection.channel().eventLoop().execute(() -> begin(connection, start)));
            boolean ended = finished.await(5, TimeUnit.MINUTES);
            report(all, ended, (System.nanoTime() - start) / 1e9);
            return 0;
        } finally {
            loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    private LoadConnection connect(
            MultiThreadIoEventLoopGroup loops, URI target, Mode how, List<Prepared> own, Runnable done)
            throws Exception {
        boolean tls = protocol == Protocol.TLS_H2;
        SslContext context = tls
                ? SslContextBuilder.forClient()
                        .trustManager(InsecureTrustManagerFactory.INSTANCE)
                        .applicationProtocolConfig(new ApplicationProtocolConfig(
                                ApplicationProtocolConfig.Protocol.ALPN,
                                ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                                ApplicationProtocolNames.HTTP_2))
                        .build()
                : null;
        String authority = target.getHost() + ":" + target.getPort();
        AtomicReference<LoadConnection> made = new AtomicReference<>();
        Channel channel = new Bootstrap()
                .group(loops)
                .channel(EpollSocketChannel.class)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel fresh) {
                        if (context != null) {
                            fresh.pipeline().addLast(context.newHandler(fresh.alloc()));
                        }
                        made.set(
                                protocol == Protocol.HTTP1
                                        ? new Http1LoadConnection(fresh, how.path(), own, authority, done)
                                        : new Http2LoadConnection(fresh, how.path(), own, authority, done));
                    }
                })
                .connect(target.getHost(), target.getPort())
                .sync()
                .channel();
        if (context != null) {
            channel.pipeline().get(SslHandler.class).handshakeFuture().sync();
        }
        return Objects.requireNonNull(made.get());
    }

    /** Keeps as many calls in flight as allowed, or sends each when it is due. */
    private void begin(LoadConnection connection, long start) {
        int most = protocol == Protocol.HTTP1 ? 1 : streams;
        if (rate == 0) {
            connection.refill(most);
            return;
        }
        EventLoop loop = connection.channel().eventLoop();
        double nanosBetween = 1e9 * connections / rate;
        loop.scheduleAtFixedRate(() -> connection.sendDue(start, nanosBetween, most), 0, 1, TimeUnit.MILLISECONDS);
    }

    private static void report(List<LoadConnection> all, boolean ended, double seconds) {
        long[] latencies = all.stream()
                .flatMapToLong(connection -> Arrays.stream(connection.latenciesNanos()))
                .filter(nanos -> nanos > 0)
                .sorted()
                .toArray();
        int failed = all.stream().mapToInt(LoadConnection::failed).sum();
        String why = all.stream()
                .map(LoadConnection::firstFailure)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(ended ? "-" : "not all were answered in time");
        System.out.printf(
                "DONE %d %d %.4f %d %d %s%n",
                latencies.length,
                failed,
                seconds,
                Figures.percentile(latencies, 0.50) / 1000,
                Figures.percentile(latencies, 0.99) / 1000,
                why);
    }
}

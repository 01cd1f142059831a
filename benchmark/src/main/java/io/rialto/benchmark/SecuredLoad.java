package io.rialto.benchmark;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.rialto.benchmark.H2Load.Protocol;
import io.rialto.benchmark.SecuredCalls.Mode;
import io.rialto.benchmark.SecuredCalls.Prepared;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * The load of secured calls, a program of its own so that its CPU is not the gateway's. For each line {@code url protocol
 * mode calls rate} it prepares the calls, prints {@code READY}, waits for a line, sends them, and prints {@code DONE
 * calls failed p50us p99us why}.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a lost connection tells of its writes
public final class SecuredLoad {
    static final int CONNECTIONS = 32;

    /** Calls in flight on one connection. */
    static final int STREAMS = 16;

    static final int BODY_BYTES = 111;
    private static final int LOOPS = 2;

    /** What is still unanswered then has failed. */
    private static final int LIMIT_SECONDS = 30;

    private static final long TICK_MICROS = 500;

    private SecuredLoad() {}

    /**
     * One run.
     *
     * @param calls of each connection
     * @param rate calls per second of all connections; 0: as fast as answers come
     */
    private record Run(URI url, Protocol protocol, Mode mode, int calls, int rate) {
        static Run parse(String line) {
            String[] words = line.split(" ", -1);
            return new Run(
                    URI.create(words[0]),
                    Protocol.valueOf(words[1]),
                    Mode.valueOf(words[2]),
                    Integer.parseInt(words[3]),
                    Integer.parseInt(words[4]));
        }
    }

    public static void main(String[] arguments) throws Exception {
        SSLContext trust = SSLContext.getInstance("TLS");
        trust.init(null, InsecureTrustManagerFactory.INSTANCE.getTrustManagers(), null);
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(LOOPS, EpollIoHandler.newFactory());
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String line;
        while ((line = lines.readLine()) != null) {
            run(Run.parse(line), trust, loops, lines);
        }
        System.exit(0);
    }

    private static void run(Run run, SSLContext trust, MultiThreadIoEventLoopGroup loops, BufferedReader lines)
            throws Exception {
        CountDownLatch finished = new CountDownLatch(CONNECTIONS);
        List<LoadConnection> all = new ArrayList<>();
        for (List<Prepared> own : prepare(run, trust)) {
            all.add(connect(loops, run, own, finished::countDown));
        }
        // Not in the middle of the run, where it would be taken for the gateway's latency.
        System.gc();
        System.out.println("READY");
        if (lines.readLine() == null) {
            throw new IOException("told nothing (expected: a line to begin)");
        }
        long start = System.nanoTime();
        all.forEach(connection -> connection.channel().eventLoop().execute(() -> begin(run, connection, start)));
        boolean ended = finished.await(LIMIT_SECONDS, TimeUnit.SECONDS);
        report(all, ended);
        all.forEach(connection -> connection.channel().close());
    }

    private static List<List<Prepared>> prepare(Run run, SSLContext trust) throws Exception {
        SecuredCalls factory = run.mode() == Mode.PLAIN ? null : new SecuredCalls(run.url(), trust);
        byte[] body = ("{\"data\":\"" + "x".repeat(BODY_BYTES - 11) + "\"}").getBytes(StandardCharsets.UTF_8);
        List<List<Prepared>> prepared = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            prepared.add(
                    factory == null
                            ? SecuredCalls.plain(run.calls(), body)
                            : factory.prepare(run.mode(), run.calls(), body));
        }
        return prepared;
    }

    private static LoadConnection connect(MultiThreadIoEventLoopGroup loops, Run run, List<Prepared> own, Runnable done)
            throws Exception {
        @Nullable SslContext context = run.protocol() == Protocol.TLS_H2 ? Http2LoadConnection.tls() : null;
        String authority = run.url().getHost() + ":" + run.url().getPort();
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
                        String path = run.mode().path();
                        made.set(
                                run.protocol() == Protocol.HTTP1
                                        ? new Http1LoadConnection(fresh, path, own, authority, done)
                                        : new Http2LoadConnection(fresh, path, own, authority, done));
                    }
                })
                .connect(run.url().getHost(), run.url().getPort())
                .sync()
                .channel();
        if (context != null) {
            channel.pipeline().get(SslHandler.class).handshakeFuture().sync();
        }
        return Objects.requireNonNull(made.get());
    }

    /** Keeps as many calls in flight as allowed, or sends each when it is due. */
    private static void begin(Run run, LoadConnection connection, long start) {
        int most = run.protocol() == Protocol.HTTP1 ? 1 : STREAMS;
        connection.begin(most, start, run.rate() == 0 ? 0 : 1e9 * CONNECTIONS / run.rate());
        if (run.rate() > 0) {
            EventLoop loop = connection.channel().eventLoop();
            var ticks = loop.scheduleAtFixedRate(connection::pump, TICK_MICROS, TICK_MICROS, TimeUnit.MICROSECONDS);
            connection.channel().closeFuture().addListener(closed -> ticks.cancel(false));
        }
    }

    private static void report(List<LoadConnection> all, boolean ended) {
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
                .orElse(ended ? "-" : "not all were answered within " + LIMIT_SECONDS + " s");
        System.out.printf(
                "DONE %d %d %d %d %s%n",
                latencies.length,
                ended ? failed : Math.max(1, failed),
                latencies.length == 0 ? 0 : Figures.percentile(latencies, 0.50) / 1000,
                latencies.length == 0 ? 0 : Figures.percentile(latencies, 0.99) / 1000,
                why);
    }
}

package io.rialto.gateway.transport;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import io.rialto.gateway.loop.EventLoops;
import io.rialto.gateway.loop.Loop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The gateway's open ports. Safe for all threads; {@link #start}, {@link #drain} and {@link #close} block. */
public final class Listeners implements AutoCloseable {
    /** Connections that wait for the accepting loop: a burst of phones after an outage. */
    private static final int BACKLOG = 4096;

    private static final long CERTIFICATE_CHECK_SECONDS = 1;

    private static final class Open {
        final Port port;
        final @Nullable TlsIdentity tls;
        final IdentityHashMap<EventLoop, Lane> lanes = new IdentityHashMap<>();

        @Nullable
        Channel server;

        Open(Port port, @Nullable TlsIdentity tls, EventLoops loops) {
            this.port = port;
            this.tls = tls;
            for (Loop loop : loops.all()) {
                Lane lane = new Lane(port, loop);
                lane.start();
                lanes.put(loop.eventLoop(), lane);
            }
        }
    }

    private final EventLoops loops;
    private final List<Open> open = new ArrayList<>();

    private Listeners(EventLoops loops) {
        this.loops = loops;
    }

    /**
     * Opens all listeners, or none.
     *
     * @throws IOException if an address cannot be bound or a certificate cannot be used; says which and why
     */
    public static Listeners start(
            EventLoops loops, List<ListenerSettings> settings, CallHandler handler, TransportMeters meters)
            throws IOException {
        Listeners listeners = new Listeners(loops);
        try {
            for (ListenerSettings each : settings) {
                listeners.open(each, handler, meters);
            }
            return listeners;
        } catch (IOException | RuntimeException e) {
            listeners.close();
            throw e;
        }
    }

    private void open(ListenerSettings settings, CallHandler handler, TransportMeters meters) throws IOException {
        TlsIdentity tls = settings.tls() == null ? null : new TlsIdentity(settings.tls());
        Open opened = new Open(new Port(settings.side(), settings.transport(), handler, meters), tls, loops);
        open.add(opened);
        ChannelFuture bound = new ServerBootstrap()
                .group(loops.group())
                .channel(loops.serverChannel())
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new Accept(opened))
                .bind(settings.address())
                .awaitUninterruptibly();
        Throwable cause = bound.cause();
        if (cause != null) {
            throw new IOException("cannot listen on " + settings.address() + ": " + cause.getMessage(), cause);
        }
        opened.server = bound.channel();
        if (tls != null) {
            watch(tls);
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // ends with the loops
    private void watch(TlsIdentity tls) {
        loops.next()
                .eventLoop()
                .scheduleWithFixedDelay(
                        () -> Thread.ofVirtual().name("certificate").start(tls::refresh),
                        CERTIFICATE_CHECK_SECONDS,
                        CERTIFICATE_CHECK_SECONDS,
                        TimeUnit.SECONDS);
    }

    /** The addresses bound, in the order of the settings. */
    public List<InetSocketAddress> addresses() {
        return open.stream()
                .map(each ->
                        (InetSocketAddress) Objects.requireNonNull(each.server).localAddress())
                .toList();
    }

    /** How many connections are open now. */
    public int connections() {
        return open.stream().mapToInt(each -> each.port.connections()).sum();
    }

    /**
     * Accepts no more connections, tells those that are open to go, and waits until all have; then closes what is left.
     * No call in flight fails unless the limit is reached.
     *
     * @return whether all went in time
     */
    public boolean drain(Duration limit) throws InterruptedException {
        List<CompletableFuture<?>> empty = new ArrayList<>();
        for (Open each : open) {
            if (each.server != null) {
                each.server.close().awaitUninterruptibly();
            }
            each.lanes.forEach((eventLoop, lane) -> eventLoop.execute(lane::drain));
            empty.add(each.port.drained());
        }
        boolean all = true;
        try {
            CompletableFuture.allOf(empty.toArray(CompletableFuture[]::new)).get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            all = false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("waiting for connections to leave failed", e);
        }
        close();
        return all;
    }

    /** Closes everything at once; the event loops stay, they are their owner's. */
    @Override
    public void close() {
        for (Open each : open) {
            if (each.server != null) {
                each.server.close().awaitUninterruptibly();
            }
            each.lanes.forEach((eventLoop, lane) -> eventLoop.execute(lane::close));
            if (each.tls != null) {
                each.tls.close();
            }
        }
        open.clear();
    }

    /** What is done with a new connection. */
    private static final class Accept extends ChannelInitializer<Channel> {
        private final Open open;

        Accept(Open open) {
            this.open = open;
        }

        @Override
        @SuppressWarnings("FutureReturnValueIgnored") // a refused connection closes or has closed
        protected void initChannel(Channel channel) {
            Lane lane = Objects.requireNonNull(open.lanes.get(channel.eventLoop()));
            if (!open.port.admit(channel)) {
                channel.close();
                return;
            }
            ChannelPipeline pipeline = channel.pipeline();
            if (open.tls != null) {
                SslHandler ssl = open.tls.context().newHandler(channel.alloc());
                // The lane's visits end a handshake that takes too long; no timer for each.
                ssl.setHandshakeTimeoutMillis(0);
                pipeline.addLast(ssl);
            }
            pipeline.addLast(new Opening(lane, channel, open.tls != null));
        }
    }
}

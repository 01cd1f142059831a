package io.rialto.gateway.transport;

import io.netty.channel.Channel;
import io.rialto.gateway.transport.InboundCall.Listener;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** What all connections of one listener share. */
final class Port {
    final Listener side;
    final TransportSettings.Limits limits;
    final TransportSettings.Floods floods;
    final CallHandler handler;
    final TransportMeters meters;

    final long handshakeNanos;
    final long headerNanos;
    final long bodyNanos;
    final long answerNanos;
    final long idleNanos;
    private final long bodyBytesPerSecond;

    private final CompletableFuture<@Nullable Void> emptied = new CompletableFuture<>();
    private volatile boolean draining;
    private final AtomicInteger connections = new AtomicInteger();

    /** At most one entry for each connection. */
    private final ConcurrentHashMap<Object, Integer> byAddress = new ConcurrentHashMap<>();

    Port(Listener side, TransportSettings settings, CallHandler handler, TransportMeters meters) {
        this.side = side;
        this.limits = settings.limits();
        this.floods = settings.floods();
        this.handler = handler;
        this.meters = meters;
        TransportSettings.Times times = settings.times();
        handshakeNanos = times.handshake().toNanos();
        headerNanos = times.header().toNanos();
        bodyNanos = times.body().toNanos();
        answerNanos = times.answer().toNanos();
        idleNanos = times.idle().toNanos();
        bodyBytesPerSecond = times.bodyBytesPerSecond();
    }

    /**
     * Counts a new connection in, if it may stay. Called on any loop; every connection that was admitted leaves once by
     * {@link #left}.
     */
    boolean admit(Channel channel) {
        if (connections.incrementAndGet() > limits.connections()) {
            connections.decrementAndGet();
            meters.ended(side, ConnectionEnd.CONNECTION_LIMIT);
            return false;
        }
        int there = byAddress.merge(address(channel), 1, Integer::sum);
        if (there > limits.connectionsPerAddress()) {
            leave(channel);
            meters.ended(side, ConnectionEnd.ADDRESS_LIMIT);
            return false;
        }
        meters.opened(side);
        return true;
    }

    void left(Channel channel) {
        leave(channel);
        meters.closed(side);
    }

    private void leave(Channel channel) {
        byAddress.computeIfPresent(address(channel), (address, count) -> count == 1 ? null : count - 1);
        if (connections.decrementAndGet() == 0 && draining) {
            emptied.complete(null);
        }
    }

    /** Completes when the last connection has left; call it when no new ones are accepted. */
    CompletableFuture<@Nullable Void> drained() {
        draining = true;
        if (connections.get() == 0) {
            emptied.complete(null);
        }
        return emptied;
    }

    int connections() {
        return connections.get();
    }

    private static Object address(Channel channel) {
        SocketAddress remote = channel.remoteAddress();
        return remote instanceof InetSocketAddress inet && inet.getAddress() != null ? inet.getAddress() : "unknown";
    }

    /** Whether a body of which so much came in so long is slower than allowed. */
    boolean isSlow(long elapsedNanos, long received) {
        return elapsedNanos > bodyNanos
                && received
                        < TimeUnit.NANOSECONDS.toSeconds(elapsedNanos - bodyNanos) * bodyBytesPerSecond
                                + bodyBytesPerSecond;
    }
}

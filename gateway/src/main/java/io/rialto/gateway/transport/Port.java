package io.rialto.gateway.transport;

import io.netty.channel.Channel;
import io.netty.util.AsciiString;
import io.netty.util.internal.PlatformDependent;
import io.rialto.gateway.http.Refusals;
import io.rialto.gateway.transport.InboundCall.Listener;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** What all connections of one listener share. */
final class Port {
    private static final AsciiString SEALED = AsciiString.cached("application/rialto-sealed");

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
    final long silenceNanos;
    final int bytesPerSecond;

    /**
     * Incomplete bodies of all connections: what each may hold is generous, and many connections are cheap to have. A
     * quarter of the memory that buffers can have leaves room for answers and for calls that are on their way.
     */
    private final long maxReceiving;

    private final AtomicLong receiving = new AtomicLong();

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
        maxReceiving = Math.max(limits.receivedBytes(), PlatformDependent.maxDirectMemory() / 4);
        TransportSettings.Times times = settings.times();
        handshakeNanos = times.handshake().toNanos();
        headerNanos = times.header().toNanos();
        bodyNanos = times.body().toNanos();
        answerNanos = times.answer().toNanos();
        idleNanos = times.idle().toNanos();
        silenceNanos = times.silence().toNanos();
        bytesPerSecond = times.bodyBytesPerSecond();
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
        int there = byAddress.merge(address(channel.remoteAddress()), 1, Integer::sum);
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
        byAddress.computeIfPresent(address(channel.remoteAddress()), (address, count) -> count == 1 ? null : count - 1);
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

    /** Whether a call, of which only the head is known, is to become a stream. */
    boolean isStream(InboundCall call) {
        if (!handler.isStream(call.path()) || !call.method().contentEquals("POST")) {
            return false;
        }
        AsciiString type = call.headers().get(Refusals.CONTENT_TYPE);
        return type != null && (Refusals.isGrpc(call.headers()) || type.contentEquals(SEALED));
    }

    int connections() {
        return connections.get();
    }

    /** Whom a connection is counted to. A household or a phone has a whole /64 of IPv6 to choose its addresses from. */
    static Object address(@Nullable SocketAddress remote) {
        if (!(remote instanceof InetSocketAddress inet) || inet.getAddress() == null) {
            return "unknown";
        }
        return inet.getAddress() instanceof Inet6Address six
                ? ByteBuffer.wrap(six.getAddress()).getLong()
                : inet.getAddress();
    }

    /** Whether so many more bytes of bodies may be held before they are complete. */
    boolean mayReceive(int bytes) {
        return receiving() + bytes <= maxReceiving;
    }

    long receiving() {
        return receiving.get();
    }

    /** More, or fewer, bytes of bodies are held that are not complete. */
    void receive(int change) {
        if (change != 0) {
            receiving.addAndGet(change);
        }
    }
}

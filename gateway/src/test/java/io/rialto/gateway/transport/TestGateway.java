package io.rialto.gateway.transport;

import io.rialto.gateway.loop.EventLoops;
import io.rialto.gateway.transport.InboundCall.Listener;
import io.rialto.gateway.transport.ListenerSettings.Certificate;
import io.rialto.gateway.transport.TransportSettings.Floods;
import io.rialto.gateway.transport.TransportSettings.Limits;
import io.rialto.gateway.transport.TransportSettings.Times;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Listeners with an {@link EchoHandler} on free ports of the loopback address. */
final class TestGateway implements AutoCloseable {
    final EventLoops loops;
    final Listeners listeners;
    final CountingMeters meters = new CountingMeters();
    final EchoHandler handler = new EchoHandler();

    TestGateway(@Nullable Certificate certificate, TransportSettings settings, EventLoops loops) throws IOException {
        this.loops = loops;
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        ListenerSettings plain = new ListenerSettings(Listener.INTERNAL, any, null, settings);
        List<ListenerSettings> all = certificate == null
                ? List.of(plain)
                : List.of(plain, new ListenerSettings(Listener.PUBLIC, any, certificate, settings));
        listeners = Listeners.start(loops, all, handler, meters);
    }

    TestGateway(@Nullable Certificate certificate) throws IOException {
        this(certificate, TransportSettings.defaults(), EventLoops.start(1));
    }

    TestGateway(TransportSettings settings) throws IOException {
        this(null, settings, EventLoops.start(1));
    }

    /** Small bounds, and times of a tenth of a second, but for what stays idle. */
    static TransportSettings strict() {
        Duration brief = Duration.ofMillis(100);
        return new TransportSettings(
                new Limits(50, 20, 4, 2, 4096, 20, 20_000, 30_000, 1 << 16),
                new Times(brief, brief, brief, 1 << 20, brief, Duration.ofMinutes(1), Duration.ofMillis(300)),
                new Floods(10, 10, 10, 10, 2));
    }

    int plainPort() {
        return listeners.addresses().get(0).getPort();
    }

    int tlsPort() {
        return listeners.addresses().get(1).getPort();
    }

    static void await(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within 10 s: " + what);
            }
            LockSupport.parkNanos(Duration.ofMillis(2).toNanos());
        }
    }

    @Override
    public void close() {
        listeners.close();
        loops.close();
    }
}

package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.loop.EventLoops;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A plain port whose calls to {@code /stream} become streams; keeps what it hears. */
final class StreamServer implements CallHandler, InboundStream.Listener, AutoCloseable {
    static final HeaderList DONE = new HeaderList().add(AsciiString.of("grpc-status"), "0");

    final EventLoops loops = EventLoops.start(1);
    final CountingMeters meters = new CountingMeters();
    final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    final BlockingQueue<InboundCall> calls = new LinkedBlockingQueue<>();
    final Listeners listeners;

    /** Whether a call is begun at once; else when the test says so. */
    volatile boolean quick = true;

    StreamServer(TransportSettings settings) throws Exception {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        listeners = Listeners.start(
                loops, List.of(new ListenerSettings(InboundCall.Listener.PUBLIC, any, null, settings)), this, meters);
    }

    RawClient connect(int... settings) throws Exception {
        return RawClient.http2(port(), settings);
    }

    int port() {
        return listeners.addresses().getFirst().getPort();
    }

    @Override
    public boolean isStream(String path) {
        return path.equals("/stream");
    }

    @Override
    public void handle(InboundCall call) {
        heard.add("(hello " + call.body().readableBytes() + ")");
        call.body().release();
        calls.add(call);
        if (quick) {
            begin(call);
        }
    }

    void begin(InboundCall call) {
        InboundStream stream = call.stream();
        if (stream == null) {
            throw new IllegalStateException("no stream");
        }
        stream.begin(new HeaderList(), this);
    }

    InboundCall call() throws InterruptedException {
        InboundCall call = calls.poll(10, TimeUnit.SECONDS);
        if (call == null) {
            throw new AssertionError("no call within 10 s");
        }
        return call;
    }

    /** The stream of the call that came next. */
    InboundStream stream() throws InterruptedException {
        InboundStream stream = call().stream();
        if (stream == null) {
            throw new AssertionError("no stream");
        }
        return stream;
    }

    /** Does something on the one loop, and waits until it is done. */
    void on(Runnable action) throws Exception {
        loops.next().eventLoop().submit(action).get(10, TimeUnit.SECONDS);
    }

    String next() throws InterruptedException {
        return String.valueOf(heard.poll(10, TimeUnit.SECONDS));
    }

    @Override
    public void message(ByteBuf message) {
        heard.add(
                message.readableBytes() > 100
                        ? message.readableBytes() + " bytes"
                        : message.toString(StandardCharsets.UTF_8));
    }

    @Override
    public void writable() {
        heard.add("(writable)");
    }

    @Override
    public void drain() {
        heard.add("(drain)");
    }

    @Override
    public void closed() {
        heard.add("(closed)");
    }

    @Override
    public void close() {
        listeners.close();
        loops.close();
    }
}

package io.rialto.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.transport.CallHandler;
import io.rialto.gateway.transport.InboundCall;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A call as a transport would hand it over, on a real event loop; its answer can be awaited. */
final class FakeCall implements InboundCall {
    private final EventLoop loop;
    private final Listener listener;
    private final AsciiString method;
    private final String path;
    private final @Nullable String query;
    private final HeaderList headers = new HeaderList();
    private final AtomicReference<Runnable> onCancel = new AtomicReference<>(() -> {});
    private final CompletableFuture<Reply> reply = new CompletableFuture<>();
    private ByteBuf body = Unpooled.EMPTY_BUFFER;
    private boolean trailers = true;
    private long arrivedNanos;
    private Consumer<Reply> told = ignored -> {};

    /** What was answered. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Reply(
            int status,
            HeaderList headers,
            byte[] body,
            @Nullable HeaderList trailers) {
        String header(String name) {
            AsciiString value = headers.get(AsciiString.of(name));
            return value == null ? "" : value.toString();
        }

        String reason() {
            return header("rialto-reason");
        }

        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }
    }

    FakeCall(EventLoop loop, Listener listener, String method, String pathAndQuery) {
        this.loop = loop;
        this.listener = listener;
        this.method = AsciiString.of(method);
        int mark = pathAndQuery.indexOf('?');
        this.path = mark < 0 ? pathAndQuery : pathAndQuery.substring(0, mark);
        this.query = mark < 0 ? null : pathAndQuery.substring(mark + 1);
    }

    FakeCall header(String name, String value) {
        headers.add(AsciiString.of(name), AsciiString.of(value));
        return this;
    }

    FakeCall body(byte[] bytes) {
        body = Unpooled.directBuffer(Math.max(1, bytes.length)).writeBytes(bytes);
        return this;
    }

    FakeCall body(String text) {
        return body(text.getBytes(StandardCharsets.UTF_8));
    }

    FakeCall withoutTrailers() {
        trailers = false;
        return this;
    }

    FakeCall arrived(long nanos) {
        arrivedNanos = nanos;
        return this;
    }

    /** Hands the call over, without waiting. */
    FakeCall start(CallHandler handler) {
        loop.execute(() -> handler.handle(this));
        return this;
    }

    Reply send(CallHandler handler) throws Exception {
        return start(handler).reply();
    }

    Reply reply() throws Exception {
        return reply.get(10, TimeUnit.SECONDS);
    }

    /** Told of the answer, on the call's loop; set before the call starts. */
    void whenAnswered(Consumer<Reply> action) {
        told = action;
    }

    boolean isAnswered() {
        return reply.isDone();
    }

    /** The phone goes away. */
    void cancel() throws Exception {
        Runnable action = Objects.requireNonNull(onCancel.get());
        loop.submit(action).get(10, TimeUnit.SECONDS);
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public Listener listener() {
        return listener;
    }

    @Override
    public SocketAddress remote() {
        return InetSocketAddress.createUnresolved("phone", 1);
    }

    @Override
    public AsciiString method() {
        return method;
    }

    @Override
    public String path() {
        return path;
    }

    @Override
    public @Nullable String query() {
        return query;
    }

    @Override
    public HeaderList headers() {
        return headers;
    }

    @Override
    public ByteBuf body() {
        return body;
    }

    @Override
    public long arrivedNanos() {
        return arrivedNanos;
    }

    @Override
    public boolean trailers() {
        return trailers;
    }

    @Override
    public void answer(int status, HeaderList answer, ByteBuf message, @Nullable HeaderList trailing) {
        if (!loop.inEventLoop()) {
            reply.completeExceptionally(new IllegalStateException("answered off the loop"));
        }
        byte[] bytes = ByteBufUtil.getBytes(message);
        message.release();
        Reply now = new Reply(status, answer, bytes, trailing);
        if (!reply.complete(now)) {
            throw new IllegalStateException("answered twice");
        }
        told.accept(now);
    }

    @Override
    public void onCancel(Runnable action) {
        onCancel.set(action);
    }
}

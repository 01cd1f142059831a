package io.rialto.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.upstream.OutboundCall;
import io.rialto.gateway.upstream.Outcome;
import io.rialto.gateway.upstream.Upstream;
import io.rialto.protocol.Caller;
import io.rialto.protocol.CallerTokens;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Calls of the node itself to other edges' internal operations. Safe for all threads. */
public final class InternalCalls {
    /** Of all together: a cell that does not answer must not fill this node's memory with what waits for it. */
    private static final int MAX_IN_FLIGHT = 4096;

    /** For clocks that differ, beside the call's own time. */
    private static final long TOKEN_MARGIN_MILLIS = 1_000;

    private static final int MAX_MESSAGE = 256;
    private static final Map<String, Reason> REASONS = new HashMap<>();

    static {
        for (Reason reason : Reason.values()) {
            REASONS.put(reason.wireName(), reason);
        }
    }

    private final GatewayPorts ports;
    private final Supplier<GatewayState> state;
    private final AtomicInteger inFlight = new AtomicInteger();

    /**
     * By cell or node of the table, the loop that carries the calls to it: connections belong to a loop, and a call that had
     * to open one could not be as quick as a lease must be.
     */
    private final Map<String, EventLoop> carriers = new ConcurrentHashMap<>();

    InternalCalls(GatewayPorts ports, Supplier<GatewayState> state) {
        this.ports = ports;
        this.state = state;
    }

    /**
     * Calls some edge of a cell; of this edge's own cell: this edge.
     *
     * @param path {@code /service/method}
     * @param body a message of Protocol Buffers
     * @param timeout above 0, at most 9 minutes
     * @return the answer's message, on an event loop, never before this returns; fails with a {@link ProtocolException} where the call was refused or could not be made
     */
    public CompletionStage<byte[]> toCell(String cell, String path, byte[] body, Duration timeout) {
        return cell.equals(ports.self().cell())
                ? toNode(ports.self().node(), path, body, timeout)
                : send("cell " + cell, () -> ports.destinations().cell(cell), path, body, timeout);
    }

    /** Calls one edge of this cell; otherwise as {@link #toCell}. */
    public CompletionStage<byte[]> toNode(String node, String path, byte[] body, Duration timeout) {
        return send("node " + node, () -> ports.destinations().node(node), path, body, timeout);
    }

    private CompletionStage<byte[]> send(
            String where, Supplier<@Nullable Upstream> destination, String path, byte[] body, Duration timeout) {
        CompletableFuture<byte[]> answer = new CompletableFuture<>();
        EventLoop loop =
                carriers.computeIfAbsent(where, first -> ports.nextLoop().get());
        loop.execute(() -> {
            int before = inFlight.getAndIncrement();
            try {
                if (before >= MAX_IN_FLIGHT) {
                    throw new ProtocolException(
                            Reason.OVERLOADED, before + " internal calls are under way (expected: fewer)");
                }
                Upstream upstream = destination.get();
                if (upstream == null) {
                    throw new ProtocolException(Reason.CELL_UNREACHABLE, where + ": no edge of it is known here");
                }
                upstream.send(call(loop, path, body, timeout), outcome -> complete(answer, outcome));
            } catch (ProtocolException | RuntimeException e) {
                inFlight.decrementAndGet();
                answer.completeExceptionally(e);
            }
        });
        return answer;
    }

    private OutboundCall call(EventLoop loop, String path, byte[] body, Duration timeout) {
        long millis = Math.max(1, timeout.toMillis());
        long now = ports.clock().millis();
        long life = Math.min(millis + TOKEN_MARGIN_MILLIS, CallerTokens.MAX_LIFETIME_MILLIS);
        Caller caller = Caller.builder(ports.self().node(), path.substring(1), now, now + life)
                .build();
        HeaderList headers = new HeaderList(4)
                .add(Names.CONTENT_TYPE, Names.PROTO)
                .add(Names.CALLER, state.get().callers.mint(caller))
                .add(Names.TIMEOUT, Long.toString(millis));
        return new OutboundCall(
                loop, Names.POST, path, headers, Unpooled.wrappedBuffer(body), timeout.toNanos(), false);
    }

    private void complete(CompletableFuture<byte[]> answer, Outcome outcome) {
        inFlight.decrementAndGet();
        switch (outcome) {
            case Outcome.Failed failed ->
                answer.completeExceptionally(new ProtocolException(failed.reason(), failed.message()));
            case Outcome.Answered answered -> {
                ByteBuf body = answered.body();
                try {
                    if (answered.status() == 200) {
                        answer.complete(ByteBufUtil.getBytes(body));
                    } else {
                        answer.completeExceptionally(refusal(answered));
                    }
                } finally {
                    body.release();
                }
            }
        }
    }

    private static ProtocolException refusal(Outcome.Answered answered) {
        AsciiString name = answered.headers().get(Names.REASON);
        Reason reason = name == null ? null : REASONS.get(name.toString());
        ByteBuf body = answered.body();
        String text =
                body.toString(body.readerIndex(), Math.min(MAX_MESSAGE, body.readableBytes()), StandardCharsets.UTF_8);
        return new ProtocolException(
                reason == null ? Reason.BACKEND_INVALID : reason, "status " + answered.status() + ": " + text);
    }
}

package io.rialto.gateway.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ReferenceCountUtil;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.loop.Loop;
import io.rialto.gateway.transport.InboundCall.Listener;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A connection without a socket, fed with bytes in pieces; checks what it holds and that nothing is left. */
final class FuzzedConnection {
    /** Far above what the strict limits let one connection hold, far below what a leak or a bomb takes. */
    private static final long MAX_HELD_BYTES = 1 << 20;

    final List<String> calls = new ArrayList<>();
    private final List<InboundCall> held = new ArrayList<>();
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final CountingMeters meters = new CountingMeters();
    private final Port port = new Port(Listener.PUBLIC, TestGateway.strict(), this::handle, meters);
    private final Lane lane;

    FuzzedConnection() {
        channel.config().setAllocator(allocator);
        lane = new Lane(port, new Loop(channel.eventLoop(), System::nanoTime));
        assertThat(port.admit(channel)).isTrue();
        channel.pipeline().addLast(new Opening(lane, channel, false));
    }

    private void handle(InboundCall call) {
        String query = call.query() == null ? "" : "?" + call.query();
        calls.add(call.method() + " " + call.path() + query + " " + call.body().toString(StandardCharsets.ISO_8859_1));
        if (call.path().endsWith("h")) {
            held.add(call);
        } else {
            call.answer(200, new HeaderList(), call.body(), null);
        }
    }

    /** Feeds all bytes, cut where the provider says, with visits and answers in between. */
    void run(byte[] bytes, Cuts cuts) {
        int from = 0;
        while (from < bytes.length && channel.isActive()) {
            int length = Math.min(bytes.length - from, cuts.length());
            ByteBuf piece = allocator.buffer(length).writeBytes(bytes, from, length);
            from += length;
            channel.writeInbound(piece);
            channel.runPendingTasks();
            drop();
            assertThat(allocator.metric().usedHeapMemory() + allocator.metric().usedDirectMemory())
                    .isLessThan(MAX_HELD_BYTES);
            if (cuts.yes() && !held.isEmpty()) {
                answer(held.remove(0));
            }
            lane.forEach(connection -> connection.sweep(System.nanoTime()));
        }
        while (!held.isEmpty()) {
            answer(held.remove(0));
        }
        channel.runPendingTasks();
        channel.finishAndReleaseAll();
        channel.runPendingTasks();
        drop();
        assertThat(allocator.metric().usedHeapMemory()).isZero();
        assertThat(allocator.metric().usedDirectMemory()).isZero();
        assertThat(meters.ended(ConnectionEnd.INTERNAL)).isZero();
        assertThat(meters.closed()).isEqualTo(1);
        assertThat(port.receiving()).isZero();
    }

    private static void answer(InboundCall call) {
        call.answer(200, new HeaderList(), call.body(), null);
    }

    private void drop() {
        for (Object out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            ReferenceCountUtil.release(out);
        }
    }
}

package io.rialto.gateway.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.loop.Loop;
import io.rialto.gateway.transport.InboundCall.Listener;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Requests that do not come as they were written, a read for each. */
final class Http1PiecesTest {
    private static final String FIRST = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789";
    private static final String NEXT = "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz";

    private final List<InboundCall> calls = new ArrayList<>();
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final Port port = new Port(Listener.PUBLIC, TestGateway.strict(), calls::add, new CountingMeters());

    private void read(String bytes) {
        channel.writeInbound(Unpooled.copiedBuffer(bytes, StandardCharsets.US_ASCII));
        channel.runPendingTasks();
    }

    private static String body(InboundCall call) {
        return call.body().toString(StandardCharsets.US_ASCII);
    }

    @Test
    void a_body_stays_as_it_is_while_the_beginning_of_the_next_request_waits_behind_it() {
        Lane lane = new Lane(port, new Loop(channel.eventLoop(), System::nanoTime));
        assertThat(port.admit(channel)).isTrue();
        channel.pipeline().addLast(new Opening(lane, channel, false));
        read(FIRST.substring(0, 20));
        read(FIRST.substring(20) + NEXT.substring(0, 30));
        assertThat(calls).hasSize(1);
        assertThat(body(calls.getFirst())).isEqualTo("0123456789");
        read(NEXT.substring(30));
        assertThat(body(calls.getFirst())).isEqualTo("0123456789");
        calls.getFirst().answer(200, new HeaderList(), calls.getFirst().body(), null);
        channel.runPendingTasks();
        assertThat(calls).hasSize(2);
        assertThat(body(calls.getLast())).isEqualTo("xyz");
        calls.getLast().answer(200, new HeaderList(), calls.getLast().body(), null);
        channel.runPendingTasks();
        channel.finishAndReleaseAll();
    }
}

package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.transport.InboundCall;
import io.rialto.gateway.upstream.OutboundCall;
import io.rialto.gateway.upstream.Outcome;
import io.rialto.gateway.upstream.Upstream;
import io.rialto.protocol.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Three edges of one cell, each a whole gateway, joined in memory: a user's limit is that of the cell. */
final class UserRateMeshTest {
    private static final int PER_SECOND = 60;

    private final List<Fixture> edges = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        String json = Fixture.operations("{\"name\": \"wallet.Rated/Get\", \"auth\": \"user\", \"route\": \"local\","
                + " \"rate\": {\"user\": " + PER_SECOND + "}}");
        for (String node : List.of("east-1", "east-2", "east-3")) {
            edges.add(new Fixture(node, json, null));
        }
        for (Fixture edge : edges) {
            edges.forEach(other -> edge.nodes.put(other.self.node(), new Mesh(other)));
        }
    }

    @AfterEach
    void stop() {
        edges.forEach(Fixture::close);
    }

    /** The way to another edge's internal listener. */
    private record Mesh(Fixture to) implements Upstream {
        @Override
        public Runnable send(OutboundCall call, Consumer<Outcome> outcome) {
            FakeCall arriving = new FakeCall(to.loop, InboundCall.Listener.INTERNAL, "POST", call.path())
                    .arrived(to.nanos.get())
                    .body(ByteBufUtil.getBytes(call.body()));
            call.body().release();
            for (int i = 0; i < call.headers().size(); i++) {
                arriving.header(
                        call.headers().name(i).toString(),
                        call.headers().value(i).toString());
            }
            arriving.whenAnswered(reply -> call.loop()
                    .execute(() -> outcome.accept(new Outcome.Answered(
                            reply.status(),
                            new HeaderList().add(AsciiString.of("x"), "y"),
                            Unpooled.wrappedBuffer(reply.body())))));
            arriving.start(to.gateway);
            return () -> {};
        }
    }

    @Test
    void holds_across_the_edges_within_a_tenth() throws Exception {
        int admitted = 0;
        int seconds = 5;
        for (int i = 0; i < seconds * 2 * PER_SECOND; i++) {
            Fixture edge = edges.get(i % 3);
            FakeCall.Reply reply =
                    edge.fromServer("wallet.Rated/Get", "100000000042", 0, 0, 0).send(edge.gateway);
            admitted += reply.status() == 200 ? 1 : 0;
            edges.forEach(each -> each.advance(1_000_000 / (2 * PER_SECOND), TimeUnit.MICROSECONDS));
        }
        assertThat(admitted / (PER_SECOND * (seconds + 1.0))).isBetween(0.9, 1.1);
        assertThat(edges).allMatch(edge -> edge.refused.containsKey(Reason.USER_RATE_LIMITED));
    }

    @Test
    void another_user_is_not_held_up() throws Exception {
        Fixture edge = edges.get(0);
        for (int i = 0; i < 2 * PER_SECOND; i++) {
            edge.fromServer("wallet.Rated/Get", "100000000042", 0, 0, 0).send(edge.gateway);
        }
        assertThat(edge.fromServer("wallet.Rated/Get", "100000000043", 0, 0, 0)
                        .send(edge.gateway)
                        .status())
                .isEqualTo(200);
    }
}

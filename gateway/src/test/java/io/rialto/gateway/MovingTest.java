package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.cells.RoutingTable;
import io.rialto.gateway.upstream.Outcome;
import io.rialto.protocol.Caller;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls that come while the shard of their user moves. */
final class MovingTest {
    private static final String OPERATIONS = Fixture.operations(
            "{\"name\": \"wallet.Hint/Put\", \"auth\": \"none\", \"route\": \"hint\","
                    + " \"rate\": {\"operation\": 1, \"burst\": 1}}",
            "{\"name\": \"wallet.Balance/Get\", \"auth\": \"user\"}",
            "{\"name\": \"wallet.Shared/Get\", \"auth\": \"none\", \"route\": \"hint\", \"idempotent\": true,"
                    + " \"cache\": {\"ttl-ms\": 1000, \"key\": [\"body\"]}}");

    private Fixture edge;

    @BeforeEach
    void start() throws Exception {
        edge = new Fixture(OPERATIONS);
    }

    @AfterEach
    void stop() {
        edge.close();
    }

    private static Outcome refused(String reason) {
        return FakeUpstream.json(409, "{}", "rialto-reason", reason);
    }

    private FakeCall put(String user) {
        return edge.post("/wallet.Hint/Put", "{\"a\":1}").header("rialto-route", user);
    }

    /** All shards are of a cell from now on. */
    private void moveAll(String cell, long epoch) throws Exception {
        String table = Fixture.TABLE.replaceAll(
                "\"assignments\": \\[.*]",
                "\"assignments\": [{\"from\": 0, \"to\": 99, \"unit\": \"u-" + cell + "\", \"epoch\": " + epoch + "}]");
        edge.gateway.apply(Fixture.config(OPERATIONS), edge.keys, RoutingTable.parse(Fixture.json(table)));
    }

    private void settle() throws Exception {
        edge.loop.submit(() -> {}).sync();
    }

    @Test
    void what_the_fence_refused_waits_for_the_table_and_goes_to_the_new_cell() throws Exception {
        // As often as it is asked: the call comes again after each pause until the table is there.
        edge.backend.answering(seen -> refused("fenced"));
        String user = edge.userOf("east");
        FakeCall call = put(user).start(edge.gateway);
        while (edge.backend.seen().isEmpty()) {
            Thread.onSpinWait();
        }
        settle();
        assertThat(call.isAnswered()).isFalse();
        moveAll("west", 5);
        FakeCall.Reply reply = call.reply();
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.text()).isEqualTo("{\"answer\":{\"a\":1}}");
        assertThat(reply.header("rialto-cell")).startsWith("west;shard=").contains(";epoch=5");
        Caller caller =
                Fixture.CALLERS.verify(edge.west.last().header("rialto-caller"), "wallet.Hint/Put", edge.millis.get());
        assertThat(caller.hops()).isEqualTo(1);
        assertThat(caller.epoch()).isEqualTo(5);
        assertThat(edge.gateway.inFlight()).isZero();
    }

    @Test
    void a_table_that_came_while_the_call_was_away_is_used_at_once() throws Exception {
        edge.backend.holding();
        FakeCall call = put(edge.userOf("east")).start(edge.gateway);
        edge.backend.awaitHeld();
        moveAll("west", 5);
        edge.backend.release(refused("fenced"));
        assertThat(call.reply().status()).isEqualTo(200);
        assertThat(edge.backend.seen()).hasSize(1);
        assertThat(edge.west.seen()).hasSize(1);
    }

    @Test
    void a_call_goes_back_to_this_cell_when_the_move_was_taken_back() throws Exception {
        String user = edge.userOf("east");
        edge.backend.answering(call -> {
            Caller caller = verified(call, "wallet.Hint/Put");
            return caller.epoch() == 6 ? FakeUpstream.json(200, "done") : refused("fenced");
        });
        FakeCall call = put(user).start(edge.gateway);
        settle();
        moveAll("east", 6);
        assertThat(call.reply().text()).isEqualTo("done");
    }

    private Caller verified(FakeUpstream.Seen call, String operation) {
        try {
            return Fixture.CALLERS.verify(call.header("rialto-caller"), operation, edge.millis.get());
        } catch (io.rialto.protocol.ProtocolException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void the_other_cell_is_asked_again_until_its_table_is_as_new() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        edge.west.answering(call -> switch (tries.incrementAndGet()) {
            case 1 -> FakeUpstream.json(508, "{}", "rialto-reason", "forwarded_twice");
            case 2 -> refused("fenced");
            default -> FakeUpstream.json(200, call.body());
        });
        FakeCall.Reply reply = put(edge.userOf("west")).send(edge.gateway);
        assertThat(reply.text()).isEqualTo("{\"a\":1}");
        assertThat(tries).hasValue(3);
    }

    private static Outcome fencedFor(String next) {
        return FakeUpstream.json(409, "{}", "rialto-reason", "fenced", "rialto-fence-next", next);
    }

    @Test
    void where_the_fence_says_that_the_shard_goes_is_tried_before_the_table_says_so() throws Exception {
        edge.backend.answering(call -> fencedFor("west;5"));
        AtomicInteger tries = new AtomicInteger();
        edge.west.answering(
                call -> tries.incrementAndGet() < 3 ? refused("fenced") : FakeUpstream.json(200, call.body()));
        FakeCall.Reply reply = put(edge.userOf("east")).send(edge.gateway);
        assertThat(reply.status()).isEqualTo(200);
        assertThat(tries).hasValue(3);
        Caller caller =
                Fixture.CALLERS.verify(edge.west.last().header("rialto-caller"), "wallet.Hint/Put", edge.millis.get());
        assertThat(caller.epoch()).isEqualTo(5);
        assertThat(edge.backend.seen()).hasSize(1);
    }

    @Test
    void a_table_that_is_newer_than_what_the_fence_said_is_followed() throws Exception {
        edge.backend.answering(call -> {
            Caller caller = verified(call, "wallet.Hint/Put");
            return caller.epoch() == 6 ? FakeUpstream.json(200, "done") : fencedFor("west;5");
        });
        edge.west.holding();
        FakeCall call = put(edge.userOf("east")).start(edge.gateway);
        edge.west.awaitHeld();
        moveAll("east", 6);
        edge.west.release(refused("fenced"));
        assertThat(call.reply().text()).isEqualTo("done");
    }

    @ParameterizedTest
    @ValueSource(strings = {"west;1", "nowhere;9", "west", "west;", "west;x", ";7", "west;99999999999999999999"})
    void what_the_fence_says_is_not_believed_where_it_is_old_or_nonsense(String next) throws Exception {
        AtomicInteger tries = new AtomicInteger();
        edge.backend.answering(call -> tries.incrementAndGet() < 2 ? fencedFor(next) : FakeUpstream.json(200, "here"));
        assertThat(put(edge.userOf("east")).send(edge.gateway).text()).isEqualTo("here");
        assertThat(edge.west.seen()).isEmpty();
    }

    @Test
    void an_edge_serves_what_was_forwarded_to_it_by_a_newer_epoch_than_its_tables() throws Exception {
        String user = edge.userOf("west");
        FakeCall.Reply reply = edge.fromServer(
                        "wallet.Balance/Get", user, 1, edge.table.locate(user).shard(), 9)
                .body("{}")
                .send(edge.gateway);
        assertThat(reply.status()).isEqualTo(200);
        assertThat(verified(edge.backend.last(), "wallet.Balance/Get").epoch()).isEqualTo(9);
    }

    @Test
    void an_edge_that_was_forwarded_to_says_what_it_found() throws Exception {
        edge.backend.answering(call -> refused("fenced"));
        String user = edge.userOf("east");
        FakeCall.Reply reply = edge.fromServer(
                        "wallet.Balance/Get", user, 1, edge.table.locate(user).shard(), 1)
                .body("{}")
                .send(edge.gateway);
        assertThat(reply.reason()).isEqualTo("fenced");
        assertThat(edge.backend.seen()).hasSize(1);
    }

    @Test
    void the_refusal_is_the_callers_when_there_is_no_time_for_another_try() throws Exception {
        edge.backend.answering(call -> refused("fenced"));
        FakeCall.Reply reply =
                put(edge.userOf("east")).header("rialto-timeout", "40").send(edge.gateway);
        assertThat(reply.reason()).isEqualTo("fenced");
        assertThat(edge.backend.seen()).hasSize(1);
    }

    @Test
    void a_backend_cannot_say_who_owns_a_shard() throws Exception {
        edge.backend.answering(call -> refused("wrong_cell"));
        assertThat(put(edge.userOf("east")).send(edge.gateway).reason()).isEqualTo("wrong_cell");
        assertThat(edge.backend.seen()).hasSize(1);
    }

    @Test
    void calls_that_shared_one_call_each_find_the_new_cell() throws Exception {
        edge.backend.holding();
        String user = edge.userOf("east");
        FakeCall one = edge.post("/wallet.Shared/Get", "{}")
                .header("rialto-route", user)
                .start(edge.gateway);
        edge.backend.awaitHeld();
        FakeCall other = edge.post("/wallet.Shared/Get", "{}")
                .header("rialto-route", user)
                .start(edge.gateway);
        settle();
        edge.backend.release(refused("fenced"));
        settle();
        moveAll("west", 5);
        assertThat(one.reply().status()).isEqualTo(200);
        assertThat(other.reply().status()).isEqualTo(200);
        assertThat(edge.backend.seen()).hasSize(1);
        assertThat(edge.west.seen()).hasSize(2);
    }

    @Test
    void a_caller_that_goes_away_is_not_waited_for() throws Exception {
        edge.backend.holding();
        FakeCall call = put(edge.userOf("east")).start(edge.gateway);
        edge.backend.release(refused("fenced"));
        settle();
        call.cancel();
        moveAll("west", 5);
        settle();
        assertThat(edge.west.seen()).isEmpty();
        assertThat(edge.gateway.inFlight()).isZero();
    }
}

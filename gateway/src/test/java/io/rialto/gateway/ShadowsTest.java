package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.cells.RoutingTable;
import io.rialto.gateway.config.GatewayConfig;
import io.rialto.protocol.Caller;
import io.rialto.protocol.Reason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class ShadowsTest {
    private static final String SHADOW = """
            "shadow": {"assignments": [{"from": 0, "to": 29, "unit": "u-east"}, {"from": 50, "to": 99, "unit": "u-west", "epoch": 2}]},
            "overrides": []""";

    private Fixture edge;

    @BeforeEach
    void start() throws Exception {
        edge = new Fixture(operations());
        apply(Fixture.TABLE.replace("\"overrides\": []", SHADOW));
    }

    private static String operations() {
        return Fixture.operations(
                        "{\"name\": \"wallet.Balance/Get\", \"auth\": \"user\", \"route\": \"user\", \"idempotent\": true, \"cache\": {\"ttl-ms\": 60000, \"key\": [\"user\"]}}",
                        "{\"name\": \"wallet.Hint/Get\", \"auth\": \"none\", \"route\": \"hint\"}",
                        "{\"name\": \"wallet.Local/Get\", \"auth\": \"none\", \"route\": \"local\"}",
                        "{\"name\": \"wallet.Global/Get\", \"auth\": \"none\", \"route\": \"global\"}")
                .replace("{\"id\": \"other\"}", "{\"id\": \"other\", \"pressure-tests\": true}");
    }

    private void apply(String table) throws Exception {
        GatewayConfig config = Fixture.config(operations());
        edge.gateway.apply(config, edge.keys, RoutingTable.parse(Fixture.JSON.readTree(table)));
    }

    @AfterEach
    void stop() {
        edge.close();
    }

    private String userOf(int from, int to) {
        for (int i = 0; ; i++) {
            String user = "u" + i;
            int shard = edge.table.locate(user).shard();
            if (shard >= from && shard <= to) {
                return user;
            }
        }
    }

    private FakeCall marked(String operation, String user) {
        return edge.fromServer(operation, user, 0, Caller.NO_SHARD, 0)
                .body("{}")
                .header("rialto-shadow", "1");
    }

    private void refused(FakeCall call, Reason reason) throws Exception {
        FakeCall.Reply reply = call.send(edge.gateway);
        assertThat(reply.reason()).isEqualTo(reason.wireName());
        assertThat(edge.backend.seen()).isEmpty();
        assertThat(edge.west.seen()).isEmpty();
    }

    private static Caller seen(FakeUpstream upstream, String operation, Fixture edge) throws Exception {
        return Fixture.CALLERS.verify(upstream.last().header("rialto-caller"), operation, edge.millis.get());
    }

    @Test
    void a_marked_call_goes_to_the_shadow_shard_and_its_answer_is_never_given_to_a_real_one() throws Exception {
        String user = userOf(0, 29);
        edge.backend.answering(call ->
                FakeUpstream.json(200, "\"" + call.header("rialto-caller").length() + "\""));
        assertThat(marked("wallet.Balance/Get", user).send(edge.gateway).status())
                .isEqualTo(200);
        Caller caller = seen(edge.backend, "wallet.Balance/Get", edge);
        assertThat(caller.shard())
                .isEqualTo(RoutingTable.shadowOf(edge.table.locate(user).shard()));
        assertThat(caller.isShadow()).isTrue();

        assertThat(edge.fromServer("wallet.Balance/Get", user, 0, 1, 1)
                        .body("{}")
                        .send(edge.gateway)
                        .status())
                .isEqualTo(200);
        assertThat(edge.backend.seen()).hasSize(2);
        assertThat(seen(edge.backend, "wallet.Balance/Get", edge).isShadow()).isFalse();
        // Nor the other way round.
        marked("wallet.Balance/Get", user).send(edge.gateway);
        assertThat(edge.backend.seen()).hasSize(3);
    }

    @Test
    void is_forwarded_as_what_it_is_and_says_nothing_of_a_home() throws Exception {
        String user = userOf(50, 99);
        FakeCall.Reply reply = marked("wallet.Balance/Get", user).send(edge.gateway);
        assertThat(reply.header("rialto-cell")).isEmpty();
        Caller caller = seen(edge.west, "wallet.Balance/Get", edge);
        assertThat(caller.isShadow()).isTrue();
        assertThat(caller.epoch()).isEqualTo(2);
        // The edge that gets it knows by the token alone.
        String east = userOf(0, 29);
        int shadow = RoutingTable.shadowOf(edge.table.locate(east).shard());
        edge.fromServer("wallet.Balance/Get", east, 1, shadow, 1).body("{}").send(edge.gateway);
        assertThat(seen(edge.backend, "wallet.Balance/Get", edge).shard()).isEqualTo(shadow);
    }

    @Test
    void is_refused_where_there_is_no_shadow() throws Exception {
        refused(marked("wallet.Balance/Get", userOf(30, 49)), Reason.NO_SHADOW);
        refused(marked("wallet.Local/Get", userOf(0, 29)), Reason.NO_SHADOW);
        refused(marked("wallet.Global/Get", userOf(0, 29)), Reason.NO_SHADOW);
        refused(marked("rialto.Sync/Fetch", userOf(0, 29)), Reason.NO_SHADOW);
        refused(marked("rialto.Sync/Register", userOf(0, 29)), Reason.NO_SHADOW);
        apply(Fixture.TABLE);
        refused(marked("wallet.Balance/Get", userOf(0, 29)), Reason.NO_SHADOW);
    }

    @Test
    void is_refused_where_the_caller_may_not_mark_calls_or_marks_them_otherwise() throws Exception {
        String user = userOf(0, 29);
        refused(
                edge.post("/wallet.Hint/Get", "{}").header("rialto-route", user).header("rialto-shadow", "1"),
                Reason.SHADOW_NOT_ALLOWED);
        refused(
                edge.fromServer("wallet.Balance/Get", user, 0, 1, 1).body("{}").header("rialto-shadow", "0"),
                Reason.SHADOW_NOT_ALLOWED);
        refused(marked("wallet.Balance/Get", user).header("rialto-shadow", "1"), Reason.SHADOW_NOT_ALLOWED);
    }
}

package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.gateway.config.GatewayConfig;
import io.rialto.gateway.upstream.Outcome;
import io.rialto.protocol.Caller;
import io.rialto.protocol.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Calls without authentication, from their first step to their last. */
final class CallPathTest {
    private Fixture edge;

    @BeforeEach
    void start() throws Exception {
        edge = new Fixture(Fixture.operations(
                """
                {"name": "wallet.Info/Get", "auth": "none", "max-body-bytes": 100, "timeout-ms": 2000,
                 "headers": {"request": {"set": {"x-added": "1"}, "remove": ["x-unwanted"]}, "response": {"set": {"x-answer": "2"}, "remove": ["server"]}}}""",
                "{\"name\": \"wallet.Hint/Get\", \"auth\": \"none\", \"route\": \"hint\"}",
                "{\"name\": \"wallet.Global/Get\", \"auth\": \"none\", \"route\": \"global\"}",
                "{\"name\": \"wallet.Balance/Get\", \"auth\": \"user\"}",
                "{\"name\": \"wallet.Inner/Get\", \"auth\": \"backend\"}"));
    }

    @AfterEach
    void stop() {
        edge.close();
    }

    @Test
    void passes_a_call_to_the_backend_and_its_answer_back() throws Exception {
        FakeCall.Reply reply = edge.post("/wallet.Info/Get", "{\"a\":1}").send(edge.gateway);
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.text()).isEqualTo("{\"answer\":{\"a\":1}}");
        assertThat(reply.header("rialto-edge")).isEqualTo("east/east-1/boot1");
        assertThat(reply.header("rialto-time")).isEqualTo(Long.toString(edge.millis.get() / 1000));
        assertThat(edge.backend.last().path()).isEqualTo("/wallet.Info/Get");
        assertThat(edge.answered).containsEntry("wallet.Info/Get", 1);
        assertThat(edge.gateway.inFlight()).isZero();
    }

    @Test
    void tells_the_backend_who_calls_and_hides_what_is_the_edges() throws Exception {
        edge.post("/wallet.Info/Get", "{}")
                .header("rialto-caller", "v1.forged")
                .header("rialto-bind-user", "7")
                .header("authorization", "Bearer x")
                .header("connection", "keep-alive")
                .header("x-unwanted", "1")
                .header("accept-language", "de-CH,de;q=0.9")
                .send(edge.gateway);
        FakeUpstream.Seen seen = edge.backend.last();
        Caller caller = Fixture.CALLERS.verify(seen.header("rialto-caller"), "wallet.Info/Get", edge.millis.get());
        assertThat(caller.issuer()).isEqualTo("east-1");
        assertThat(caller.locale()).isEqualTo("de-CH");
        assertThat(caller.hops()).isZero();
        assertThat(seen.header("traceparent")).matches("00-[0-9a-f]{32}-[0-9a-f]{16}-00");
        assertThat(seen.header("x-added")).isEqualTo("1");
        assertThat(Fixture.names(seen.headers()))
                .doesNotContain("authorization", "rialto-bind-user", "connection", "x-unwanted");
    }

    @Test
    void passes_the_trace_of_the_phone() throws Exception {
        String trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        edge.post("/wallet.Info/Get", "{}").header("traceparent", trace).send(edge.gateway);
        assertThat(edge.backend.last().header("traceparent")).isEqualTo(trace);
    }

    @Test
    void passes_the_version_of_the_global_data_on_and_back_also_between_cells() throws Exception {
        edge.backend.answering(call -> FakeUpstream.json(200, "{}", "rialto-global-version", "9"));
        FakeCall.Reply reply = edge.post("/wallet.Info/Get", "{}")
                .header("rialto-global-version", "7")
                .send(edge.gateway);
        assertThat(edge.backend.last().header("rialto-global-version")).isEqualTo("7");
        assertThat(reply.header("rialto-global-version")).isEqualTo("9");
        edge.west.answering(call -> FakeUpstream.json(200, "{}", "rialto-global-version", "8"));
        reply = edge.post("/wallet.Hint/Get", "{}")
                .header("rialto-route", edge.userOf("west"))
                .header("rialto-global-version", "7")
                .send(edge.gateway);
        assertThat(edge.west.last().header("rialto-global-version")).isEqualTo("7");
        assertThat(reply.header("rialto-global-version")).isEqualTo("8");
    }

    @Test
    void passes_markers_of_writes_on_and_back_also_between_cells() throws Exception {
        String marker = "u-east;3;0/A;annaanna";
        edge.backend.answering(call -> FakeUpstream.json(200, "{}", "rialto-written", marker));
        FakeCall.Reply reply = edge.post("/wallet.Info/Get", "{}")
                .header("rialto-written", "u-east;2;0/9;annaanna")
                .send(edge.gateway);
        assertThat(edge.backend.last().header("rialto-written")).isEqualTo("u-east;2;0/9;annaanna");
        assertThat(reply.header("rialto-written")).isEqualTo(marker);
        edge.west.answering(call -> FakeUpstream.json(200, "{}", "rialto-written", marker));
        reply = edge.post("/wallet.Hint/Get", "{}")
                .header("rialto-route", edge.userOf("west"))
                .header("rialto-written", "u-east;2;0/9;annaanna")
                .send(edge.gateway);
        assertThat(edge.west.last().header("rialto-written")).isEqualTo("u-east;2;0/9;annaanna");
        assertThat(reply.header("rialto-written")).isEqualTo(marker);
    }

    @Test
    void strips_what_a_backend_must_not_tell_a_phone_and_applies_rules() throws Exception {
        edge.backend.answering(call -> FakeUpstream.json(
                200, "{}", "rialto-bind-user", "7", "rialto-session", "s", "connection", "close", "server", "x"));
        FakeCall.Reply reply = edge.post("/wallet.Info/Get", "{}").send(edge.gateway);
        assertThat(Fixture.names(reply.headers()))
                .doesNotContain("rialto-bind-user", "rialto-session", "connection", "server");
        assertThat(reply.header("x-answer")).isEqualTo("2");
    }

    @Test
    void refuses_what_is_no_operation() throws Exception {
        refused(edge.post("/wallet.Nothing/Get", "{}"), Reason.UNKNOWN_OPERATION);
        refused(edge.post("/", "{}"), Reason.UNKNOWN_OPERATION);
        refused(edge.call("PUT", "/wallet.Info/Get"), Reason.METHOD_NOT_ALLOWED);
        refused(edge.call("GET", "/wallet.Info/Get"), Reason.METHOD_NOT_ALLOWED);
        refused(edge.call("POST", "/wallet.Info/Get"), Reason.UNSUPPORTED_MEDIA);
        refused(
                edge.call("POST", "/wallet.Info/Get").header("content-type", "application/xml"),
                Reason.UNSUPPORTED_MEDIA);
        refused(
                edge.call("POST", "/wallet.Info/Get").header("content-type", "application/grpc+thrift"),
                Reason.UNSUPPORTED_MEDIA);
        assertThat(edge.backend.seen()).isEmpty();
    }

    @Test
    void refuses_a_body_over_the_operations_limit() throws Exception {
        refused(edge.post("/wallet.Info/Get", "x".repeat(101)), Reason.BODY_TOO_LARGE);
    }

    @Test
    void refuses_strangers_where_identity_is_needed() throws Exception {
        refused(edge.post("/wallet.Balance/Get", "{}"), Reason.IDENTITY_REQUIRED);
        refused(edge.post("/wallet.Inner/Get", "{}"), Reason.IDENTITY_REQUIRED);
    }

    @Test
    void ignores_a_caller_token_on_the_public_listener() throws Exception {
        Caller caller = Caller.builder("x", "wallet.Balance/Get", edge.millis.get(), edge.millis.get() + 1000)
                .user(edge.userOf("east"))
                .build();
        refused(
                edge.post("/wallet.Balance/Get", "{}").header("rialto-caller", Fixture.CALLERS.mint(caller)),
                Reason.IDENTITY_REQUIRED);
    }

    @Test
    void serves_another_server_on_the_internal_listener() throws Exception {
        String user = edge.userOf("east");
        FakeCall.Reply reply =
                edge.fromServer("wallet.Balance/Get", user, 0, 1, 1).body("1").send(edge.gateway);
        assertThat(reply.status()).isEqualTo(200);
        assertThat(edge.fromServer("wallet.Inner/Get", null, 0, 1, 1)
                        .send(edge.gateway)
                        .status())
                .isEqualTo(200);
        refused(
                edge.internal("POST", "/wallet.Inner/Get")
                        .header("content-type", "application/json")
                        .header("rialto-caller", "v1.k1.forged." + "a".repeat(43)),
                Reason.WRONG_TOKEN);
    }

    @Test
    void forwards_once_to_the_users_cell_and_tells_the_phone() throws Exception {
        FakeCall.Reply reply = edge.post("/wallet.Hint/Get", "{}")
                .header("rialto-route", edge.userOf("west"))
                .send(edge.gateway);
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.header("rialto-cell")).matches("west;shard=\\d+;epoch=4;at=https://127.0.0.1:8444");
        FakeUpstream.Seen seen = edge.west.last();
        Caller caller = Fixture.CALLERS.verify(seen.header("rialto-caller"), "wallet.Hint/Get", edge.millis.get());
        assertThat(caller.hops()).isEqualTo(1);
        assertThat(caller.epoch()).isEqualTo(4);
        assertThat(seen.header("rialto-timeout")).isEqualTo("10000");
        assertThat(edge.backend.seen()).isEmpty();
    }

    @Test
    void says_nothing_of_home_to_a_call_for_the_global_cell_or_for_another_user() throws Exception {
        assertThat(edge.post("/wallet.Global/Get", "{}").send(edge.gateway).header("rialto-cell"))
                .isEmpty();
        FakeCall.Reply reply = edge.fromServer("wallet.Hint/Get", edge.userOf("east"), 0, 1, 1)
                .header("rialto-route", edge.userOf("west"))
                .send(edge.gateway);
        assertThat(edge.west.seen()).hasSize(1);
        assertThat(reply.header("rialto-cell")).isEmpty();
    }

    @Test
    void never_forwards_a_second_time() throws Exception {
        String user = edge.userOf("west");
        int shard = edge.table.locate(user).shard();
        refused(edge.fromServer("wallet.Balance/Get", user, 1, shard, 4), Reason.FORWARDED_TWICE);
        FakeCall.Reply reply =
                edge.fromServer("wallet.Balance/Get", user, 1, shard, 3).send(edge.gateway);
        assertThat(reply.reason()).isEqualTo("wrong_cell");
        assertThat(reply.header("rialto-cell")).startsWith("west;shard=" + shard + ";epoch=4");
        assertThat(edge.west.seen()).isEmpty();
    }

    @Test
    void refuses_what_has_no_route_or_whose_cell_cannot_be_reached() throws Exception {
        refused(edge.post("/wallet.Hint/Get", "{}"), Reason.NO_ROUTE);
        refused(edge.post("/wallet.Hint/Get", "{}").header("rialto-route", "9".repeat(200)), Reason.NO_ROUTE);
        String east = edge.userOf("east");
        String west = edge.userOf("west");
        refused(
                edge.post("/wallet.Hint/Get", "{}").header("rialto-route", east).header("rialto-route", west),
                Reason.NO_ROUTE);
        refused(edge.post("/wallet.Hint/Get", "{}").header("rialto-route", east + ", " + west), Reason.NO_ROUTE);
        refused(edge.post("/wallet.Global/Get", "{}"), Reason.CELL_UNREACHABLE);
        edge.west.answering(call -> new Outcome.Failed(Reason.BACKEND_DOWN, "no edge", false, null));
        refused(
                edge.post("/wallet.Hint/Get", "{}").header("rialto-route", edge.userOf("west")),
                Reason.CELL_UNREACHABLE);
    }

    @Test
    void passes_on_how_a_backend_failed() throws Exception {
        edge.backend.answering(call -> new Outcome.Failed(Reason.BACKEND_BUSY, "full", false, Duration.ofMillis(1500)));
        FakeCall.Reply reply = edge.post("/wallet.Info/Get", "{}").send(edge.gateway);
        assertThat(reply.status()).isEqualTo(503);
        assertThat(reply.reason()).isEqualTo("backend_busy");
        assertThat(reply.header("retry-after")).isEqualTo("2");
        edge.backend.answering(call -> FakeUpstream.json(100, "{}"));
        refused(edge.post("/wallet.Info/Get", "{}"), Reason.BACKEND_INVALID);
    }

    @Test
    void counts_a_backends_refusal_with_a_reason_of_ours() throws Exception {
        edge.backend.answering(call -> FakeUpstream.json(400, "{}", "rialto-reason", "invalid_json"));
        FakeCall.Reply reply = edge.post("/wallet.Info/Get", "not json").send(edge.gateway);
        assertThat(reply.reason()).isEqualTo("invalid_json");
        assertThat(edge.refused).containsEntry(Reason.INVALID_JSON, 1);
    }

    @Test
    void respects_the_callers_deadline() throws Exception {
        refused(
                edge.post("/wallet.Info/Get", "{}")
                        .header("rialto-timeout", "100")
                        .arrived(edge.nanos.get() - 200_000_000),
                Reason.DEADLINE_EXCEEDED);
        refused(edge.post("/wallet.Info/Get", "{}").header("rialto-timeout", "soon"), Reason.MALFORMED_FRAME);
    }

    @Test
    void cancels_the_backends_call_when_the_phone_is_gone() throws Exception {
        edge.backend.holding();
        FakeCall call = edge.post("/wallet.Info/Get", "{}").start(edge.gateway);
        edge.backend.awaitHeld();
        call.cancel();
        assertThat(edge.backend.cancelled()).isEqualTo(1);
        assertThat(edge.gateway.inFlight()).isZero();
    }

    @Test
    void answers_health_metrics_and_the_edges_name() throws Exception {
        assertThat(edge.internal("GET", "/health/live").send(edge.gateway).status())
                .isEqualTo(200);
        assertThat(edge.internal("GET", "/health/ready").send(edge.gateway).status())
                .isEqualTo(200);
        assertThat(edge.internal("GET", "/metrics").send(edge.gateway).text()).isEqualTo("metric 1\n");
        assertThat(edge.call("GET", "/metrics").send(edge.gateway).status()).isEqualTo(404);
        FakeCall.Reply name = edge.call("GET", "/rialto/edge").send(edge.gateway);
        assertThat(Fixture.json(name.text()).path("edge").stringValue()).isEqualTo("east/east-1/boot1");
        assertThat(Fixture.json(name.text()).path("server-keys").size()).isEqualTo(1);
    }

    @Test
    void says_not_ready_while_it_drains_and_still_serves() throws Exception {
        edge.gateway.drain();
        assertThat(edge.internal("GET", "/health/ready").send(edge.gateway).status())
                .isEqualTo(503);
        assertThat(edge.post("/wallet.Info/Get", "{}").send(edge.gateway).status())
                .isEqualTo(200);
        edge.gateway.close();
        refused(edge.post("/wallet.Info/Get", "{}"), Reason.DRAINING);
    }

    @Test
    void sheds_a_share_of_calls_under_a_standing_queue_but_answers_health() throws Exception {
        edge.queueDelayNanos.set(80_000_000);
        int shed = 0;
        for (int i = 0; i < 1_000; i++) {
            edge.nanos.addAndGet(1_000_000);
            FakeCall.Reply reply = edge.post("/wallet.Info/Get", "{}").send(edge.gateway);
            shed += reply.reason().equals("overloaded") ? 1 : 0;
        }
        assertThat(shed).isBetween(400, 650);
        assertThat(edge.internal("GET", "/health/live").send(edge.gateway).status())
                .isEqualTo(200);
        edge.queueDelayNanos.set(0);
        for (int i = 0; i < 20; i++) {
            edge.nanos.addAndGet(100_000_000);
            edge.post("/wallet.Info/Get", "{}").send(edge.gateway);
        }
        assertThat(edge.post("/wallet.Info/Get", "{}").send(edge.gateway).status())
                .isEqualTo(200);
    }

    @Test
    void swaps_its_configuration_between_calls() throws Exception {
        edge.backend.holding();
        FakeCall old = edge.post("/wallet.Info/Get", "{}").start(edge.gateway);
        edge.backend.awaitHeld();
        edge.gateway.apply(
                Fixture.config(Fixture.operations("{\"name\": \"wallet.New/Get\", \"auth\": \"none\"}")),
                edge.keys,
                edge.table);
        edge.backend.release(FakeUpstream.json(200, "{}"));
        assertThat(old.reply().status()).isEqualTo(200);
        edge.backend.answering(call -> FakeUpstream.json(200, "{}"));
        assertThat(edge.post("/wallet.New/Get", "{}").send(edge.gateway).status())
                .isEqualTo(200);
        refused(edge.post("/wallet.Info/Get", "{}"), Reason.UNKNOWN_OPERATION);
    }

    @Test
    void answers_each_call_once_while_operations_and_backends_come_and_go() throws Exception {
        String stays = "{\"name\": \"wallet.Stays/Get\", \"auth\": \"none\", \"mock\": {\"answers\": [{\"body\": 1}]}}";
        String comes = "{\"name\": \"wallet.Comes/Get\", \"auth\": \"none\"}";
        GatewayConfig with = Fixture.config(Fixture.operations(stays, comes));
        GatewayConfig without = Fixture.config(Fixture.operations(stays));
        edge.gateway.apply(with, edge.keys, edge.table);
        AtomicBoolean over = new AtomicBoolean();
        Thread changing = Thread.startVirtualThread(() -> {
            for (int i = 0; !over.get(); i++) {
                edge.backendGone = i % 3 == 0;
                edge.gateway.apply(i % 2 == 0 ? without : with, edge.keys, edge.table);
            }
        });
        List<FakeCall> staying = new ArrayList<>();
        List<FakeCall> coming = new ArrayList<>();
        for (int i = 0; i < 4_000; i++) {
            staying.add(edge.post("/wallet.Stays/Get", "{}").start(edge.gateway));
            coming.add(edge.post("/wallet.Comes/Get", "{}").start(edge.gateway));
        }
        for (FakeCall call : staying) {
            assertThat(call.reply().status()).isEqualTo(200);
        }
        for (FakeCall call : coming) {
            assertThat(call.reply().reason()).isIn("", "unknown_operation", "backend_down");
        }
        over.set(true);
        changing.join();
        assertThat(edge.gateway.inFlight()).isZero();
        edge.backendGone = true;
        edge.gateway.apply(with, edge.keys, edge.table);
        refused(edge.post("/wallet.Comes/Get", "{}"), Reason.BACKEND_DOWN);
    }

    @Test
    void serves_operations_of_other_rooms_to_servers_only() throws Exception {
        refused(edge.post("/rialto.Backends/Register", "{}"), Reason.UNKNOWN_OPERATION);
        FakeCall.Reply reply = edge.fromServer("rialto.Backends/Register", null, 0, 0, 0)
                .body("{\"x\":1}")
                .send(edge.gateway);
        assertThat(reply.text()).isEqualTo("{\"x\":1}");
    }

    private void refused(FakeCall call, Reason reason) throws Exception {
        FakeCall.Reply reply = call.send(edge.gateway);
        assertThat(reply.reason()).isEqualTo(reason.wireName());
        assertThat(reply.status()).isEqualTo(reason.httpStatus());
        assertThat(Fixture.json(reply.text()).path("reason").stringValue()).isEqualTo(reason.wireName());
        assertThat(edge.refused).containsKey(reason);
    }
}

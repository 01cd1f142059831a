package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.protocol.Caller;
import io.rialto.protocol.CallerTokens;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What callers try who want more than is theirs. */
final class AttacksTest {
    private Fixture edge;
    private Phone phone;

    @BeforeEach
    void start() throws Exception {
        edge = new Fixture(Fixture.operations(
                "{\"name\": \"wallet.Info/Get\", \"auth\": \"none\"}",
                "{\"name\": \"wallet.Device/Get\", \"auth\": \"device\", \"idempotent\": true, \"cache\": {}}",
                "{\"name\": \"wallet.Balance/Get\", \"route\": \"local\"}",
                "{\"name\": \"wallet.Login/Start\", \"auth\": \"device\", \"login\": true}",
                """
                {"name": "wallet.Open/Get", "auth": "none", "idempotent": true, "cache": {"ttl-ms": 1000, "key": ["query"]}}""",
                """
                {"name": "wallet.Hint/Get", "auth": "none", "route": "hint", "idempotent": true, "cache": {"ttl-ms": 1000, "key": ["query"]}}"""));
        phone = new Phone(edge).enrol();
    }

    @AfterEach
    void stop() {
        edge.close();
    }

    @Test
    void no_token_passes_for_one_of_another_kind() throws Exception {
        phone.login(edge.userOf("east"));
        String session = String.valueOf(phone.session);
        String ticket = phone.opened().acceptance().ticket();
        for (String wrong : List.of(session, phone.credential)) {
            FakeCall sealed = phone.sealed("/wallet.Device/Get", "{}");
            sealed.headers().set(Names.TICKET, wrong);
            refused(sealed, Reason.WRONG_TICKET);
        }
        Phone other = new Phone(edge);
        for (String wrong : List.of(session, ticket)) {
            other.credential = wrong;
            refused(other.sign("/wallet.Device/Get", "{}", "device"), Reason.WRONG_CREDENTIAL);
            refused(other.handshake(other.offer()), Reason.WRONG_CREDENTIAL);
        }
        for (String wrong : List.of(ticket, phone.credential)) {
            refused(phone.sign("/wallet.Balance/Get", "{}", "device", "rialto-session", wrong), Reason.WRONG_SESSION);
        }
    }

    @Test
    void the_key_that_signed_decides_whatever_other_tokens_are_there() throws Exception {
        Phone user = new Phone(edge).enrol().login(edge.userOf("east"));
        phone.open();
        String ticketOfUser = user.opened().acceptance().ticket();
        refused(
                phone.sign("/wallet.Balance/Get", "{}", "device", "rialto-ticket", ticketOfUser),
                Reason.IDENTITY_REQUIRED);
        refused(
                phone.sign("/wallet.Balance/Get", "{}", "ticket", "rialto-session", String.valueOf(user.session)),
                Reason.IDENTITY_REQUIRED);
        FakeCall call = phone.sign("/wallet.Device/Get", "{}", "ticket", "rialto-credential", user.credential);
        assertThat(call.send(edge.gateway).status()).isEqualTo(200);
        assertThat(caller("wallet.Device/Get").device()).isEqualTo(phone.device);
    }

    @Test
    void what_says_who_calls_or_what_is_meant_cannot_be_added_to_a_signed_call() throws Exception {
        phone.enrol().open();
        for (String name : new String[] {
            "rialto-session",
            "rialto-credential",
            "authorization",
            "idempotency-key",
            "rialto-route",
            "content-encoding"
        }) {
            refused(phone.sign("/wallet.Device/Get", "{}", "ticket").header(name, "x"), Reason.WRONG_SIGNATURE);
        }
        refused(phone.sign("/wallet.Device/Get", "{}", "device").header("rialto-ticket", "x"), Reason.WRONG_SIGNATURE);
    }

    private Caller caller(String operation) throws ProtocolException {
        return Fixture.CALLERS.verify(edge.backend.last().header("rialto-caller"), operation, edge.millis.get());
    }

    @Test
    void no_header_of_rialtos_own_or_of_proxies_goes_through() throws Exception {
        edge.post("/wallet.Info/Get", "{}")
                .header("rialto-user", "1")
                .header("rialto-caller", "v1.x")
                .header("rialto-caller", "v1.y")
                .header("rialto-bind-user", "1")
                .header("x-forwarded-for", "10.0.0.1")
                .header("forwarded", "for=10.0.0.1")
                .header("x-app-version", "7")
                .send(edge.gateway);
        assertThat(Fixture.names(edge.backend.last().headers()))
                .contains("x-app-version")
                .containsOnlyOnce("rialto-caller")
                .filteredOn(name -> name.startsWith("rialto-") || name.contains("forwarded"))
                .containsExactly("rialto-caller");
        String forged = Fixture.CALLERS.mint(
                Caller.builder("x", "wallet.Device/Get", edge.millis.get(), edge.millis.get() + 1000)
                        .app("wallet")
                        .user("100000000001")
                        .build());
        phone.sign("/wallet.Device/Get", "{}", "device", "rialto-caller", forged, "rialto-bind-user", "1")
                .send(edge.gateway);
        assertThat(caller("wallet.Device/Get").user()).isNull();
        assertThat(Fixture.names(edge.backend.last().headers())).doesNotContain("rialto-bind-user");
    }

    @Test
    void a_covered_header_cannot_be_given_twice() throws Exception {
        phone.open();
        FakeCall sealed = phone.sealed("/wallet.Device/Get", "{}", "idempotency-key", "a");
        refused(sealed.header("idempotency-key", "b"), Reason.TAMPERED_BODY);
        FakeCall signed = phone.sign("/wallet.Device/Get", "{}", "ticket", "idempotency-key", "a");
        refused(signed.header("idempotency-key", "b"), Reason.WRONG_SIGNATURE);
        refused(
                phone.sign("/wallet.Device/Get", "{}", "device").header("content-digest", "sha-256=:AA==:"),
                Reason.WRONG_SIGNATURE);
    }

    @Test
    void a_path_is_taken_as_it_is_or_not_at_all() throws Exception {
        for (String path : List.of(
                "//wallet.Info/Get",
                "/wallet.Info//Get",
                "/wallet.Info/Get/",
                "/wallet.Info%2FGet",
                "/wallet.Info/Get%20",
                "/wallet.info/Get",
                "/./wallet.Info/Get",
                "/wallet.Info/Get;a=b")) {
            refused(edge.post(path, "{}"), Reason.UNKNOWN_OPERATION);
        }
        assertThat(edge.post("/wallet.Info/Get?a=%2F..", "{}")
                        .send(edge.gateway)
                        .status())
                .isEqualTo(200);
        assertThat(edge.backend.last().path()).isEqualTo("/wallet.Info/Get?a=%2F..");
        phone.open();
        FakeCall moved = phone.sealed("/wallet.Device/Get?a=1", "{}");
        assertThat(moved.send(edge.gateway).status()).isEqualTo(200);
        refused(edge.call("GET", "/wallet.Open/Get").body("{}"), Reason.METHOD_NOT_ALLOWED);
    }

    @Test
    void messages_repeat_no_more_than_a_little_of_the_call_and_no_control_character() throws Exception {
        FakeCall.Reply reply = edge.post("/" + "x".repeat(5_000), "{}").send(edge.gateway);
        assertThat(reply.body().length).isLessThan(700);
        FakeCall.Reply escaped = edge.call("POST", "/wallet.Info/Get")
                .header("content-type", "a\"\\\u00e9\u0001")
                .body("{}")
                .send(edge.gateway);
        assertThat(Fixture.json(escaped.text()).path("message").stringValue()).contains("a\"\\");
        assertThat(escaped.text()).doesNotContain("\u0001");
    }

    @Test
    void only_a_token_of_a_server_for_that_very_operation_registers() throws Exception {
        for (String operation : List.of("rialto.Backends/Register", "rialto.Backends/Deregister")) {
            FakeCall good = edge.fromServer(operation, null, 0, 0, 0).body("{}");
            assertThat(good.send(edge.gateway).status()).isEqualTo(200);
            refused(
                    edge.internal("POST", "/" + operation).header("content-type", "application/json"),
                    Reason.UNKNOWN_OPERATION);
            refused(internal(operation, token("k1", new byte[32], "wallet.Info/Get", 0)), Reason.WRONG_TOKEN);
            refused(internal(operation, token("k1", filled(9), operation, 0)), Reason.WRONG_TOKEN);
            refused(internal(operation, token("k2", new byte[32], operation, 0)), Reason.WRONG_TOKEN);
            refused(internal(operation, token("k1", new byte[32], operation, -60_000)), Reason.STALE_CALL);
            refused(
                    edge.post("/" + operation, "{}").header("rialto-caller", token("k1", new byte[32], operation, 0)),
                    Reason.UNKNOWN_OPERATION);
        }
        assertThat(edge.registrars).containsExactly("west-1", "west-1");
    }

    private static byte[] filled(int value) {
        byte[] bytes = new byte[32];
        java.util.Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private FakeCall internal(String operation, String token) {
        return edge.internal("POST", "/" + operation)
                .header("content-type", "application/json")
                .header("rialto-caller", token)
                .body("{}");
    }

    private String token(String keyId, byte[] key, String operation, long after) {
        long issued = edge.millis.get() + after;
        return new CallerTokens(Map.of(keyId, key), keyId)
                .mint(Caller.builder("west-1", operation, issued, issued + 10_000)
                        .build());
    }

    @Test
    void a_flood_of_one_kind_leaves_room_for_others() throws Exception {
        Semaphore gate = new Semaphore(0);
        OffLoop offLoop = new OffLoop();
        Exchange x = edge.exchange(edge.post("/wallet.Info/Get", "{}"));
        try {
            for (int i = 0; i < 256; i++) {
                offLoop.run(x, OffLoop.Kind.ENROLMENT, () -> take(gate), done -> {});
            }
            assertThatThrownBy(() -> offLoop.run(x, OffLoop.Kind.ENROLMENT, () -> take(gate), done -> {}))
                    .isInstanceOfSatisfying(
                            ProtocolException.class,
                            refused -> assertThat(refused.reason()).isEqualTo(Reason.OVERLOADED));
            Semaphore signed = new Semaphore(0);
            offLoop.run(x, OffLoop.Kind.SIGNATURE, () -> 1, done -> signed.release());
            assertThat(signed.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
        } finally {
            gate.release(1_000);
            offLoop.close();
        }
    }

    private static int take(Semaphore gate) {
        gate.acquireUninterruptibly();
        return 1;
    }

    @Test
    void an_answer_kept_to_one_caller_is_not_shared_with_those_who_wait() throws Exception {
        for (String[] mark : new String[][] {{"set-cookie", "a=b"}, {"cache-control", "max-age=5, Private"}}) {
            edge.backend.holding();
            FakeCall first = edge.post("/wallet.Open/Get", "1").start(edge.gateway);
            edge.backend.awaitHeld();
            FakeCall second = edge.post("/wallet.Open/Get", "2").start(edge.gateway);
            edge.loop.submit(() -> {}).get(5, TimeUnit.SECONDS);
            edge.backend.answering(call -> FakeUpstream.json(200, "\"own " + call.body() + "\"", mark));
            edge.backend.release(FakeUpstream.json(200, "\"of the first\"", mark));
            assertThat(first.reply().text()).isEqualTo("\"of the first\"");
            assertThat(second.reply().text()).isEqualTo("\"own 2\"");
            assertThat(edge.post("/wallet.Open/Get", "3").send(edge.gateway).text())
                    .isEqualTo("\"own 3\"");
        }
        assertThat(edge.gateway.inFlight()).isZero();
    }

    @Test
    void a_failure_is_never_not_modified() throws Exception {
        edge.backend.answering(call -> FakeUpstream.json(500, "{}", "etag", "\"a\""));
        FakeCall any = edge.call("GET", "/wallet.Open/Get").header("if-none-match", "*");
        assertThat(any.send(edge.gateway).status()).isEqualTo(500);
        edge.backend.answering(call -> FakeUpstream.json(200, "{}", "etag", "a"));
        FakeCall bare = edge.call("GET", "/wallet.Open/Get").header("if-none-match", "\"banana\"");
        assertThat(bare.send(edge.gateway).status()).isEqualTo(200);
    }

    @Test
    void the_hint_of_a_route_is_part_of_what_is_cached() throws Exception {
        List<String> users = new ArrayList<>();
        for (int i = 0; users.size() < 2; i++) {
            String user = String.format("1%011d", i);
            if (edge.table.locate(user).cell().id().equals("east")) {
                users.add(user);
            }
        }
        edge.backend.answering(call -> FakeUpstream.json(200, "\"" + call.header("rialto-route") + "\""));
        for (String user : users) {
            FakeCall call = edge.post("/wallet.Hint/Get", "{}").header("rialto-route", user);
            assertThat(call.send(edge.gateway).text()).isEqualTo("\"" + user + "\"");
        }
    }

    @Test
    void caches_on_the_way_are_told_what_is_one_callers_own() throws Exception {
        FakeCall call = edge.internal("GET", "/wallet.Device/Get");
        Caller caller = Caller.builder("west-1", "wallet.Device/Get", edge.millis.get(), edge.millis.get() + 1_000)
                .app("wallet")
                .device("d")
                .build();
        call.header("rialto-caller", Fixture.CALLERS.mint(caller));
        assertThat(call.send(edge.gateway).header("cache-control")).isEqualTo("private, no-cache");
        assertThat(edge.call("GET", "/wallet.Open/Get").send(edge.gateway).header("cache-control"))
                .isEmpty();
    }

    private void refused(FakeCall call, Reason reason) throws Exception {
        assertThat(call.send(edge.gateway).reason()).isEqualTo(reason.wireName());
    }
}

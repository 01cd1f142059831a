package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.rialto.gateway.upstream.Outcome;
import io.rialto.protocol.Caller;
import io.rialto.protocol.CallerTokens;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Operations that the node serves itself, and its calls to other edges. */
final class HostedTest {
    private static final byte[] MESSAGE = {1, 2};

    private Fixture edge;

    @BeforeEach
    void start() throws Exception {
        edge = new Fixture(Fixture.operations("""
            {"name": "wallet.Login/Start", "auth": "device", "login": true}\
            """));
    }

    @AfterEach
    void stop() {
        edge.close();
    }

    private Phone phone(String cell) throws Exception {
        return new Phone(edge).enrol().login(edge.userOf(cell));
    }

    @Test
    void serves_users_of_its_cell_with_what_is_known_of_them() throws Exception {
        Phone phone = phone("east");
        List<HostedCall> seen = new CopyOnWriteArrayList<>();
        edge.hosts = call -> {
            seen.add(call);
            return CompletableFuture.supplyAsync(() -> "{\"n\": 1}".getBytes(StandardCharsets.UTF_8));
        };
        FakeCall.Reply reply = phone.sealed("/rialto.Sync/Fetch", "{}", "accept-language", "de")
                .send(edge.gateway);
        assertThat(phone.openAnswer(reply, phone.counter)).isEqualTo("{\"n\": 1}");
        assertThat(reply.header("rialto-content-type")).isEqualTo("application/json");
        HostedCall call = seen.getFirst();
        Caller caller = call.caller();
        assertThat(caller.user()).isEqualTo(edge.userOf("east"));
        assertThat(caller.device()).isEqualTo(phone.device);
        assertThat(caller.app()).isEqualTo("wallet");
        assertThat(caller.locale()).isEqualTo("de");
        assertThat(caller.issuer()).isEqualTo("east-1");
        assertThat(caller.shard())
                .isEqualTo(edge.table.locate(edge.userOf("east")).shard());
        assertThat(caller.epoch()).isEqualTo(1);
        assertThat(call.json()).isTrue();
        assertThat(call.server()).isFalse();
        assertThat(call.deadlineNanos() - edge.nanos.get()).isEqualTo(TimeUnit.SECONDS.toNanos(10));
    }

    @Test
    void forwards_users_of_another_cell_once() throws Exception {
        Phone phone = phone("west");
        edge.hosts = call -> CompletableFuture.failedStage(new IllegalStateException("not here"));
        edge.west.answering(call -> FakeUpstream.json(200, "{\"west\": true}"));
        FakeCall.Reply reply = phone.sign("/rialto.Sync/Fetch", "{}", "ticket").send(edge.gateway);
        assertThat(reply.text()).isEqualTo("{\"west\": true}");
        assertThat(edge.west.last().path()).isEqualTo("/rialto.Sync/Fetch");
        String user = edge.userOf("west");
        assertThat(edge.fromServer(
                                "rialto.Sync/Fetch",
                                user,
                                1,
                                edge.table.locate(user).shard(),
                                1)
                        .body("{}")
                        .send(edge.gateway)
                        .reason())
                .isEqualTo("wrong_cell");
    }

    @Test
    void serves_grpc_and_devices_without_a_user_and_nobody_else() throws Exception {
        Phone phone = new Phone(edge).enrol().open();
        phone.contentType = "application/grpc";
        byte[] framed = StreamClient.framed(MESSAGE);
        FakeCall.Reply reply = phone.sign("/rialto.Sync/Register", new String(framed, StandardCharsets.UTF_8), "ticket")
                .send(edge.gateway);
        assertThat(reply.body()).isEqualTo(framed);
        phone.contentType = "application/json";
        assertThat(phone.sign("/rialto.Sync/Fetch", "{}", "ticket")
                        .send(edge.gateway)
                        .reason())
                .isEqualTo("identity_required");
        assertThat(edge.post("/rialto.Sync/Register", "{}").send(edge.gateway).reason())
                .isEqualTo("identity_required");
        assertThat(phone.sign("/rialto.Sync/Register", "x".repeat(1025), "ticket")
                        .send(edge.gateway)
                        .reason())
                .isEqualTo("body_too_large");
    }

    @Test
    void refuses_by_the_reason_of_a_failure_and_hides_bugs() throws Exception {
        Phone phone = phone("east");
        edge.hosts =
                call -> CompletableFuture.<byte[]>failedFuture(new ProtocolException(Reason.FENCED, "the shard moves"))
                        .thenApply(bytes -> bytes);
        assertThat(call(phone).reason()).isEqualTo("fenced");
        edge.hosts = call -> CompletableFuture.failedStage(new IllegalStateException("a secret"));
        FakeCall.Reply bug = call(phone);
        assertThat(bug.reason()).isEqualTo("internal");
        assertThat(bug.text()).doesNotContain("secret");
        edge.hosts = call -> {
            throw new IllegalStateException("a secret");
        };
        assertThat(call(phone).reason()).isEqualTo("internal");
    }

    private FakeCall.Reply call(Phone phone) throws Exception {
        return phone.sign("/rialto.Sync/Fetch", "{}", "ticket").send(edge.gateway);
    }

    @Test
    void ends_the_waiting_at_the_callers_deadline() throws Exception {
        Phone phone = phone("east");
        CompletableFuture<byte[]> never = new CompletableFuture<>();
        edge.hosts = call -> never;
        assertThat(phone.sign("/rialto.Sync/Fetch", "{}", "ticket", "rialto-timeout", "20")
                        .send(edge.gateway)
                        .reason())
                .isEqualTo("deadline_exceeded");
        never.complete(MESSAGE);
        edge.hosts = call -> CompletableFuture.completedStage(MESSAGE);
        assertThat(call(phone).body()).isEqualTo(MESSAGE);
    }

    @Test
    void holds_a_bounded_number_of_calls_that_wait() throws Exception {
        CompletableFuture<byte[]> slow = new CompletableFuture<>();
        edge.hosts = call -> slow;
        FakeCall first = fromServer().start(edge.gateway);
        for (int i = 1; i < HostedCalls.MAX_IN_FLIGHT; i++) {
            fromServer().start(edge.gateway);
        }
        assertThat(fromServer().send(edge.gateway).reason()).isEqualTo("overloaded");
        slow.complete(MESSAGE);
        assertThat(first.reply().body()).isEqualTo(MESSAGE);
        assertThat(fromServer().send(edge.gateway).status()).isEqualTo(200);
    }

    private FakeCall fromServer() {
        return edge.fromServer("rialto.Sync/Register", null, 0, 0, 0).body("{}");
    }

    @Test
    void calls_other_edges_with_a_token_for_that_operation() throws Exception {
        InternalCalls calls = edge.gateway.internalCalls();
        edge.west.answering(call -> FakeUpstream.json(200, "west"));
        assertThat(result(calls.toCell("west", "/rialto.Sync/Wake", MESSAGE, Duration.ofSeconds(2))))
                .asString()
                .isEqualTo("west");
        FakeUpstream.Seen seen = edge.west.last();
        assertThat(seen.header("content-type")).isEqualTo("application/proto");
        assertThat(seen.header("rialto-timeout")).isEqualTo("2000");
        CallerTokens tokens = Fixture.CALLERS;
        Caller caller = tokens.verify(seen.header("rialto-caller"), "rialto.Sync/Wake", edge.millis.get());
        assertThat(caller.issuer()).isEqualTo("east-1");
        assertThat(caller.user()).isNull();
        FakeUpstream self = new FakeUpstream();
        edge.nodes.put("east-1", self);
        assertThat(result(calls.toCell("east", "/rialto.Sync/Wake", MESSAGE, Duration.ofSeconds(2))))
                .isNotEmpty();
        assertThat(self.seen()).hasSize(1);
    }

    @Test
    void tells_why_another_edge_refused() throws Exception {
        InternalCalls calls = edge.gateway.internalCalls();
        fails(calls.toNode("east-9", "/rialto.Sync/Wake", MESSAGE, Duration.ofSeconds(1)), Reason.CELL_UNREACHABLE);
        edge.west.answering(call -> FakeUpstream.json(409, "{}", "rialto-reason", "fenced"));
        fails(calls.toCell("west", "/rialto.Sync/Wake", MESSAGE, Duration.ofSeconds(1)), Reason.FENCED);
        edge.west.answering(call -> FakeUpstream.json(500, "{}", "rialto-reason", "a_reason_of_later"));
        fails(calls.toCell("west", "/rialto.Sync/Wake", MESSAGE, Duration.ofSeconds(1)), Reason.BACKEND_INVALID);
        edge.west.answering(call -> new Outcome.Failed(Reason.BACKEND_TIMEOUT, "late", true, null));
        fails(calls.toCell("west", "/rialto.Sync/Wake", MESSAGE, Duration.ofSeconds(1)), Reason.BACKEND_TIMEOUT);
    }

    private static byte[] result(CompletionStage<byte[]> stage) throws Exception {
        return stage.toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    private static void fails(CompletionStage<byte[]> stage, Reason reason) {
        assertThatExceptionOfType(CompletionException.class)
                .isThrownBy(() -> stage.toCompletableFuture()
                        .orTimeout(10, TimeUnit.SECONDS)
                        .join())
                .havingCause()
                .isInstanceOfSatisfying(
                        ProtocolException.class, e -> assertThat(e.reason()).isEqualTo(reason));
    }
}

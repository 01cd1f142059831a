package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import io.rialto.gateway.upstream.Outcome;
import io.rialto.protocol.Reason;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rates, cache, coalescing, mocks, gRPC, compression and CORS, on whole calls. */
final class PoliciesTest {
    private Fixture edge;

    @BeforeEach
    void start() throws Exception {
        edge = new Fixture(Fixture.operations(
                "{\"name\": \"wallet.Plain/Get\", \"auth\": \"none\", \"max-body-bytes\": 10000}",
                "{\"name\": \"wallet.Rated/Get\", \"auth\": \"none\", \"rate\": {\"operation\": 5, \"burst\": 5}}",
                "{\"name\": \"wallet.App/Get\", \"auth\": \"device\", \"rate\": {\"app\": 3, \"burst\": 3}}",
                """
                {"name": "wallet.Cached/Get", "auth": "none", "idempotent": true, "cache": {"ttl-ms": 1000, "key": ["query", "body"]}}""",
                """
                {"name": "wallet.Mine/Get", "auth": "user", "route": "local", "idempotent": true, "cache": {"ttl-ms": 1000}}""",
                """
                {"name": "wallet.Mock/Get", "auth": "none", "mock": {"answers": [
                  {"when": {"pointer": "/amount", "equals": 5}, "status": 409, "body": {"code": "aborted"}},
                  {"when": {"header": "x-case", "equals": "slow"}, "body": "slow", "headers": {"x-mock": "1"}}]}}""",
                "{\"name\": \"wallet.Share/Get\", \"auth\": \"none\", \"mock\": {\"percent\": 30, \"answers\": [{\"body\": 1}]}}",
                "{\"name\": \"wallet.Keyed/Create\", \"auth\": \"none\", \"keyed\": true}",
                "{\"name\": \"wallet.Recorded/Get\", \"auth\": \"none\", \"record\": 2}"));
    }

    @AfterEach
    void stop() {
        edge.close();
    }

    @Test
    void repeats_a_call_with_a_key_only_where_the_backend_keeps_to_keys() throws Exception {
        for (String path : new String[] {"/wallet.Keyed/Create", "/wallet.Plain/Get"}) {
            edge.post(path, "1").header("idempotency-key", "k").send(edge.gateway);
            assertThat(edge.backend.last().repeatable()).isEqualTo(path.contains("Keyed"));
            edge.post(path, "1").send(edge.gateway);
            assertThat(edge.backend.last().repeatable()).isFalse();
        }
    }

    @Test
    void refuses_over_the_operations_rate_and_says_when_to_come_again() throws Exception {
        for (int i = 0; i < 5; i++) {
            assertThat(edge.post("/wallet.Rated/Get", "1").send(edge.gateway).status())
                    .isEqualTo(200);
        }
        FakeCall.Reply reply = edge.post("/wallet.Rated/Get", "1").send(edge.gateway);
        assertThat(reply.reason()).isEqualTo("operation_rate_limited");
        assertThat(reply.header("retry-after")).isEqualTo("1");
        edge.advance(200, TimeUnit.MILLISECONDS);
        assertThat(edge.post("/wallet.Rated/Get", "1").send(edge.gateway).status())
                .isEqualTo(200);
        edge.gateway.apply(edge.gateway.state().config, edge.keys, edge.table);
        assertThat(edge.post("/wallet.Rated/Get", "1").send(edge.gateway).reason())
                .isEqualTo("operation_rate_limited");
    }

    @Test
    void refuses_over_an_apps_rate() throws Exception {
        Phone phone = new Phone(edge).enrol().open();
        for (int i = 0; i < 3; i++) {
            assertThat(phone.sealed("/wallet.App/Get", "1").send(edge.gateway).status())
                    .isEqualTo(200);
        }
        assertThat(phone.sealed("/wallet.App/Get", "1").send(edge.gateway).reason())
                .isEqualTo("app_rate_limited");
    }

    @Test
    void keeps_an_answer_for_its_time_by_its_key() throws Exception {
        FakeCall.Reply first = edge.post("/wallet.Cached/Get?a=1", "1").send(edge.gateway);
        assertThat(edge.post("/wallet.Cached/Get?a=1", "1").send(edge.gateway).text())
                .isEqualTo(first.text());
        assertThat(edge.backend.seen()).hasSize(1);
        edge.post("/wallet.Cached/Get?a=2", "1").send(edge.gateway);
        edge.post("/wallet.Cached/Get?a=1", "2").send(edge.gateway);
        assertThat(edge.backend.seen()).hasSize(3);
        edge.advance(1001, TimeUnit.MILLISECONDS);
        edge.post("/wallet.Cached/Get?a=1", "1").send(edge.gateway);
        assertThat(edge.backend.seen()).hasSize(4);
    }

    @Test
    void answers_304_to_who_has_the_answer() throws Exception {
        FakeCall.Reply first = edge.call("GET", "/wallet.Cached/Get").send(edge.gateway);
        String etag = first.header("etag");
        assertThat(etag).matches("\"[A-Za-z0-9_-]{21}\"");
        FakeCall.Reply again = edge.call("GET", "/wallet.Cached/Get")
                .header("if-none-match", etag)
                .send(edge.gateway);
        assertThat(again.status()).isEqualTo(304);
        assertThat(again.body()).isEmpty();
        FakeCall.Reply other = edge.call("GET", "/wallet.Cached/Get")
                .header("if-none-match", "\"x\"")
                .send(edge.gateway);
        assertThat(other.status()).isEqualTo(200);
    }

    @Test
    void never_keeps_failures_or_what_is_private() throws Exception {
        edge.backend.answering(call -> FakeUpstream.json(500, "{}"));
        edge.post("/wallet.Cached/Get", "1").send(edge.gateway);
        edge.backend.answering(call -> FakeUpstream.json(200, "{}", "cache-control", "private"));
        edge.post("/wallet.Cached/Get", "1").send(edge.gateway);
        edge.backend.answering(call -> FakeUpstream.json(200, "{}", "set-cookie", "a=b"));
        edge.post("/wallet.Cached/Get", "1").send(edge.gateway);
        edge.post("/wallet.Cached/Get", "1").send(edge.gateway);
        assertThat(edge.backend.seen()).hasSize(4);
    }

    @Test
    void never_gives_one_user_what_was_answered_to_another() throws Exception {
        edge.backend.answering(
                call -> FakeUpstream.json(200, "\"" + edge.backend.seen().size() + "\""));
        assertThat(mine("100000000001")).isEqualTo("\"1\"");
        assertThat(mine("100000000001")).isEqualTo("\"1\"");
        assertThat(mine("100000000002")).isEqualTo("\"2\"");
    }

    private String mine(String user) throws Exception {
        return edge.fromServer("wallet.Mine/Get", user, 0, 0, 0)
                .body("{}")
                .send(edge.gateway)
                .text();
    }

    @Test
    void joins_equal_calls_and_survives_the_first_going_away() throws Exception {
        edge.backend.holding();
        FakeCall leader = edge.post("/wallet.Cached/Get", "7").start(edge.gateway);
        edge.backend.awaitHeld();
        FakeCall follower = edge.post("/wallet.Cached/Get", "7").start(edge.gateway);
        edge.loop.submit(() -> {}).get(5, TimeUnit.SECONDS);
        leader.cancel();
        edge.backend.release(FakeUpstream.json(200, "\"shared\""));
        assertThat(follower.reply().text()).isEqualTo("\"shared\"");
        assertThat(edge.backend.seen()).hasSize(1);
        assertThat(edge.backend.cancelled()).isZero();
        assertThat(leader.isAnswered()).isFalse();
    }

    @Test
    void who_joins_has_a_deadline_of_its_own() throws Exception {
        edge.backend.holding();
        FakeCall leader = edge.post("/wallet.Cached/Get", "6").start(edge.gateway);
        edge.backend.awaitHeld();
        FakeCall hasty = edge.post("/wallet.Cached/Get", "6")
                .header("rialto-timeout", "20")
                .start(edge.gateway);
        assertThat(hasty.reply().reason()).isEqualTo("deadline_exceeded");
        assertThat(leader.isAnswered()).isFalse();
        assertThat(edge.backend.cancelled()).isZero();
        edge.backend.release(FakeUpstream.json(200, "\"late\""));
        assertThat(leader.reply().text()).isEqualTo("\"late\"");
        assertThat(edge.gateway.inFlight()).isZero();
    }

    @Test
    void cancels_a_joined_call_when_the_last_goes_away_and_shares_failures() throws Exception {
        edge.backend.holding();
        FakeCall only = edge.post("/wallet.Cached/Get", "8").start(edge.gateway);
        edge.backend.awaitHeld();
        only.cancel();
        edge.loop.submit(() -> {}).get(5, TimeUnit.SECONDS);
        assertThat(edge.backend.cancelled()).isEqualTo(1);
        edge.backend.release(FakeUpstream.json(200, "\"late\""));
        FakeCall one = edge.post("/wallet.Cached/Get", "9").start(edge.gateway);
        edge.backend.awaitHeld();
        FakeCall two = edge.post("/wallet.Cached/Get", "9").start(edge.gateway);
        edge.loop.submit(() -> {}).get(5, TimeUnit.SECONDS);
        edge.backend.release(new Outcome.Failed(Reason.BACKEND_TIMEOUT, "slow", true, null));
        assertThat(one.reply().reason()).isEqualTo("backend_timeout");
        assertThat(two.reply().reason()).isEqualTo("backend_timeout");
    }

    @Test
    void mocks_by_rule_by_share_and_from_samples() throws Exception {
        assertThat(edge.post("/wallet.Mock/Get", "{\"amount\": 5}")
                        .send(edge.gateway)
                        .status())
                .isEqualTo(409);
        FakeCall.Reply slow =
                edge.post("/wallet.Mock/Get", "{}").header("x-case", "slow").send(edge.gateway);
        assertThat(slow.text()).isEqualTo("\"slow\"");
        assertThat(slow.header("x-mock")).isEqualTo("1");
        assertThat(edge.post("/wallet.Mock/Get", "{\"amount\": 6}")
                        .send(edge.gateway)
                        .text())
                .contains("answer");
        int mocked = 0;
        for (int i = 0; i < 1_000; i++) {
            mocked += edge.post("/wallet.Share/Get", "{}")
                            .send(edge.gateway)
                            .text()
                            .equals("1")
                    ? 1
                    : 0;
        }
        assertThat(mocked).isBetween(230, 370);
    }

    @Test
    void gives_recorded_answers_while_they_are_wanted() throws Exception {
        for (int i = 0; i < 5; i++) {
            edge.post("/wallet.Recorded/Get", "" + i).send(edge.gateway);
        }
        OperationState operation = Objects.requireNonNull(edge.gateway.state().operation("/wallet.Recorded/Get"));
        Samples.Sample sample = Objects.requireNonNull(operation.samples.choose(3));
        assertThat(new String(sample.body(), StandardCharsets.UTF_8)).isIn("{\"answer\":3}", "{\"answer\":4}");
        assertThat(operation.samples.choose(3)).isSameAs(sample);
    }

    @Test
    void speaks_grpc_to_grpc_callers() throws Exception {
        FakeCall.Reply reply = grpc(frame(0, "{}")).send(edge.gateway);
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.header("content-type")).isEqualTo("application/grpc+json");
        assertThat(reply.body()).isEqualTo(frame(0, "{\"answer\":{}}"));
        assertThat(String.valueOf(Objects.requireNonNull(reply.trailers()).get(Names.GRPC_STATUS)))
                .isEqualTo("0");
        assertThat(edge.backend.last().header("content-type")).isEqualTo("application/json");
        edge.backend.answering(call -> FakeUpstream.json(409, "{\"code\": \"aborted\", \"message\": \"5% gone\"}"));
        FakeCall.Reply failed = grpc(frame(0, "{}")).send(edge.gateway);
        assertThat(failed.status()).isEqualTo(200);
        assertThat(failed.header("grpc-status")).isEqualTo("10");
        assertThat(failed.header("grpc-message")).isEqualTo("5%25 gone");
        FakeCall.Reply unknown = edge.call("POST", "/wallet.None/Get")
                .header("content-type", "application/grpc")
                .body(frame(0, ""))
                .send(edge.gateway);
        assertThat(unknown.header("grpc-status")).isEqualTo("12");
        assertThat(unknown.reason()).isEqualTo("unknown_operation");
    }

    @Test
    void refuses_malformed_grpc_frames() throws Exception {
        for (byte[] bad : new byte[][] {
            {},
            {0, 0, 0},
            frame(2, "{}"),
            {0, 0, 0, 0, 9, 1},
            (new String(frame(0, "a"), StandardCharsets.ISO_8859_1)
                            + new String(frame(0, "b"), StandardCharsets.ISO_8859_1))
                    .getBytes(StandardCharsets.ISO_8859_1)
        }) {
            assertThat(grpc(bad).send(edge.gateway).reason()).isEqualTo("malformed_frame");
        }
        assertThat(grpc(frame(0, "{}")).withoutTrailers().send(edge.gateway).reason())
                .isEqualTo("unsupported_media");
    }

    @Test
    void turns_a_grpc_backends_status_into_json() throws Exception {
        edge.backend.answering(
                call -> FakeUpstream.json(404, "", "grpc-status", "5", "grpc-message", "no%20such", "x", "y"));
        FakeCall.Reply reply = edge.post("/wallet.Plain/Get", "{}").send(edge.gateway);
        assertThat(reply.status()).isEqualTo(404);
        assertThat(Fixture.json(reply.text()).path("code").stringValue()).isEqualTo("not_found");
        assertThat(Fixture.json(reply.text()).path("message").stringValue()).isEqualTo("no such");
    }

    private FakeCall grpc(byte[] body) {
        return edge.call("POST", "/wallet.Plain/Get")
                .header("content-type", "application/grpc+json")
                .body(body);
    }

    private static byte[] frame(int flag, String message) {
        byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
        byte[] frame = new byte[5 + bytes.length];
        ByteBuffer.wrap(frame).put((byte) flag).putInt(bytes.length).put(bytes);
        return frame;
    }

    @Test
    void compresses_answers_and_decompresses_calls() throws Exception {
        String large = "\"" + "a".repeat(5_000) + "\"";
        edge.backend.answering(call -> FakeUpstream.json(200, call.body().isEmpty() ? "0" : large));
        FakeCall.Reply zstd = edge.post("/wallet.Plain/Get", "1")
                .header("accept-encoding", "gzip, zstd")
                .send(edge.gateway);
        assertThat(zstd.header("content-encoding")).isEqualTo("zstd");
        assertThat(new String(Zstd.decompress(zstd.body(), 10_000), StandardCharsets.UTF_8))
                .isEqualTo(large);
        FakeCall.Reply gzip = edge.post("/wallet.Plain/Get", "1")
                .header("accept-encoding", "gzip, zstd;q=0")
                .send(edge.gateway);
        assertThat(new String(
                        new GZIPInputStream(new ByteArrayInputStream(gzip.body())).readAllBytes(),
                        StandardCharsets.UTF_8))
                .isEqualTo(large);
        edge.post("/wallet.Plain/Get", "")
                .body(gzip(large))
                .header("content-encoding", "gzip")
                .send(edge.gateway);
        assertThat(edge.backend.last().body()).isEqualTo(large);
        edge.post("/wallet.Plain/Get", "")
                .body(Zstd.compress(large.getBytes(StandardCharsets.UTF_8)))
                .header("content-encoding", "zstd")
                .send(edge.gateway);
        assertThat(edge.backend.last().body()).isEqualTo(large);
    }

    @Test
    void refuses_bodies_that_grow_without_end_or_are_not_compressed() throws Exception {
        String bomb = "0".repeat(1_000_000);
        FakeCall gzip = edge.post("/wallet.Plain/Get", "").body(gzip(bomb)).header("content-encoding", "gzip");
        assertThat(gzip.send(edge.gateway).reason()).isEqualTo("body_too_large");
        FakeCall zstd = edge.post("/wallet.Plain/Get", "")
                .body(Zstd.compress(bomb.getBytes(StandardCharsets.UTF_8)))
                .header("content-encoding", "zstd");
        assertThat(zstd.send(edge.gateway).reason()).isEqualTo("body_too_large");
        for (String encoding : new String[] {"gzip", "zstd"}) {
            FakeCall bad = edge.post("/wallet.Plain/Get", "not compressed").header("content-encoding", encoding);
            assertThat(bad.send(edge.gateway).reason()).isEqualTo("invalid_body");
        }
        FakeCall other = edge.post("/wallet.Plain/Get", "x").header("content-encoding", "br");
        assertThat(other.send(edge.gateway).reason()).isEqualTo("unsupported_media");
    }

    private static byte[] gzip(String text) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return out.toByteArray();
    }

    @Test
    void answers_preflights_of_allowed_origins_only() throws Exception {
        FakeCall.Reply allowed = preflight("https://app.example");
        assertThat(allowed.status()).isEqualTo(204);
        assertThat(allowed.header("access-control-allow-origin")).isEqualTo("https://app.example");
        assertThat(allowed.header("access-control-allow-headers")).contains("rialto-ticket");
        assertThat(Fixture.names(preflight("https://evil.example").headers()))
                .noneMatch(name -> name.startsWith("access-control"));
        FakeCall.Reply call = edge.post("/wallet.Plain/Get", "1")
                .header("origin", "https://app.example")
                .send(edge.gateway);
        assertThat(call.header("access-control-allow-origin")).isEqualTo("https://app.example");
        assertThat(edge.call("OPTIONS", "/wallet.Plain/Get").send(edge.gateway).reason())
                .isEqualTo("method_not_allowed");
    }

    private FakeCall.Reply preflight(String origin) throws Exception {
        return edge.call("OPTIONS", "/wallet.Plain/Get")
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .send(edge.gateway);
    }
}

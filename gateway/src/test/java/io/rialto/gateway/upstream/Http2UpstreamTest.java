package io.rialto.gateway.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http2.Http2Error;
import io.rialto.protocol.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class Http2UpstreamTest {
    private final TestClient client = new TestClient();

    @AfterEach
    void close() {
        client.close();
    }

    @Test
    void sends_the_call_and_brings_its_answer_back() {
        try (Http2TestServer server = new Http2TestServer(
                100,
                call -> call.answer(
                        "201",
                        call.headers.method() + " " + call.headers.path() + " " + call.headers.get("x-call") + " "
                                + call.body))) {
            client.with("http2", "", server.address());
            TestClient.Result.Answer answer = client.answers("{\"a\":1}", false, "x-call", "yes");
            assertThat(answer.status()).isEqualTo(201);
            assertThat(answer.headers()).containsOnly(java.util.Map.entry("content-type", "text/plain"));
            assertThat(answer.body()).isEqualTo("POST /wallet.Balance/Get yes {\"a\":1}");
        }
    }

    @Test
    void keeps_within_the_streams_that_the_backend_allows() {
        try (Http2TestServer server = new Http2TestServer(3, call -> call.answer("200", call.body.toString()))) {
            client.with("http2", "\"max-connections\":1", server.address());
            List<CompletableFuture<TestClient.Result>> results = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                results.add(client.start("call " + i, false));
            }
            for (int i = 0; i < results.size(); i++) {
                TestClient.Result result = TestClient.await(results.get(i));
                assertThat(((TestClient.Result.Answer) result).body()).isEqualTo("call " + i);
            }
            assertThat(server.mostAtOnce.get()).isBetween(1, 3);
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    @Test
    void takes_and_sends_bodies_larger_than_any_window() {
        String large = "0123456789abcdef".repeat(200_000);
        try (Http2TestServer server = new Http2TestServer(100, call -> call.answer("200", call.body.toString()))) {
            client.with("http2", "", server.address());
            assertThat(client.answers(large, false).body()).isEqualTo(large);
            assertThat(client.answers(large, false).body()).isEqualTo(large);
        }
    }

    @Test
    void refuses_an_answer_over_the_limit_and_keeps_the_connection() {
        try (Http2TestServer server =
                new Http2TestServer(100, call -> call.answer("200", "x".repeat(call.body.length())))) {
            client.with("http2", "\"max-answer-bytes\":1024", server.address());
            assertThat(client.get("y".repeat(1_025), true))
                    .isInstanceOfSatisfying(
                            TestClient.Result.Failure.class,
                            failure -> assertThat(failure.failed().reason()).isEqualTo(Reason.ANSWER_TOO_LARGE));
            assertThat(client.answers("y".repeat(1_024), true).body()).hasSize(1_024);
            assertThat(server.connections()).isEqualTo(1);
        }
    }

    @Test
    void sends_a_refused_stream_again_though_the_call_is_not_repeatable() {
        AtomicInteger calls = new AtomicInteger();
        try (Http2TestServer server = new Http2TestServer(100, call -> {
            if (calls.incrementAndGet() == 1) {
                call.reset(Http2Error.REFUSED_STREAM);
            } else {
                call.answer("200", "second");
            }
        })) {
            client.with("http2", "", server.address());
            assertThat(client.answers("{}", false).body()).isEqualTo("second");
        }
    }

    @Test
    void does_not_send_a_reset_call_again_unless_it_is_repeatable() {
        try (Http2TestServer server = new Http2TestServer(100, call -> call.reset(Http2Error.INTERNAL_ERROR))) {
            client.with("http2", "", server.address());
            Outcome.Failed failed = client.fails(false);
            assertThat(failed.reason()).isEqualTo(Reason.BACKEND_CLOSED);
            assertThat(failed.dispatched()).isTrue();
            assertThat(server.calls()).isEqualTo(1);
            client.fails(true);
            assertThat(server.calls()).isEqualTo(4);
        }
    }

    @Test
    void moves_to_a_new_connection_when_the_backend_goes_away() {
        AtomicInteger calls = new AtomicInteger();
        try (Http2TestServer server = new Http2TestServer(100, call -> {
            if (calls.incrementAndGet() % 5 == 0) {
                call.goAway(0);
            }
            call.answer("200", "fine");
        })) {
            client.with("http2", "", server.address());
            for (int i = 0; i < 20; i++) {
                assertThat(client.answers("{}", false).body()).isEqualTo("fine");
            }
            assertThat(server.connections()).isGreaterThan(1);
        }
    }

    @Test
    void sends_calls_again_that_the_backend_did_not_process_before_it_went_away() {
        AtomicReference<Object> first = new AtomicReference<>();
        AtomicInteger left = new AtomicInteger();
        try (Http2TestServer server = new Http2TestServer(100, call -> {
            if (first.compareAndSet(null, call.context.channel())) {
                call.answer("200", "first");
                call.goAwayAfterThis();
            } else if (call.context.channel().equals(first.get())) {
                left.incrementAndGet();
            } else {
                call.answer("200", "again");
            }
        })) {
            client.with("http2", "", server.address());
            List<CompletableFuture<TestClient.Result>> results = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                results.add(client.start("{}", false));
            }
            List<String> bodies = new ArrayList<>();
            for (CompletableFuture<TestClient.Result> result : results) {
                bodies.add(((TestClient.Result.Answer) TestClient.await(result)).body());
            }
            assertThat(bodies).containsExactlyInAnyOrder("first", "again", "again");
            assertThat(server.connections()).isEqualTo(2);
            assertThat(left).hasValue(2);
        }
    }

    @Test
    void a_connection_that_speaks_no_http_2_is_a_backend_that_is_down() throws Exception {
        try (ScriptedServer server = new ScriptedServer(connection -> {
            connection.write("HTTP/1.1 400 Bad Request\r\n\r\n");
        })) {
            client.with("http2", "", server.address());
            Outcome.Failed failed = client.fails(false);
            assertThat(failed.reason()).isEqualTo(Reason.BACKEND_DOWN);
            assertThat(failed.dispatched()).isFalse();
        }
    }
}

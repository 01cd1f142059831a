package io.rialto.gateway.upstream;

import static io.rialto.gateway.upstream.ScriptedServer.ok;
import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.protocol.Reason;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("StringConcatToTextBlock") // line ends are part of the protocol
class Http1UpstreamTest {
    private final TestClient client = new TestClient();

    @AfterEach
    void close() {
        client.close();
    }

    @Test
    void sends_the_call_and_brings_its_answer_back() throws IOException {
        try (ScriptedServer server = new ScriptedServer(connection -> {
            String request = String.valueOf(connection.readRequest());
            connection.write("HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nX-Own: a\tb \r\nConnection: x-hop\r\n"
                    + "X-Hop: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
            connection.write(
                    Integer.toHexString(request.length()) + ";ext=1\r\n" + request + "\r\n0\r\nX-T: 1\r\n\r\n");
        })) {
            client.with("http1", "", server.address());
            TestClient.Result.Answer answer = client.answers(
                    "{\"a\":1}",
                    false,
                    "host",
                    "elsewhere",
                    "x-call",
                    "yes",
                    "content-length",
                    "3",
                    "transfer-encoding",
                    "chunked");
            assertThat(answer.status()).isEqualTo(201);
            assertThat(answer.headers())
                    .containsOnly(
                            java.util.Map.entry("content-type", "text/plain"), java.util.Map.entry("x-own", "a\tb"));
            assertThat(answer.body())
                    .isEqualTo(
                            "POST /wallet.Balance/Get HTTP/1.1\r\nhost: " + server.address()
                                    + "\r\ncontent-type: application/json\r\nx-call: yes\r\ncontent-length: 7\r\n\r\n{\"a\":1}");
        }
    }

    @Test
    void uses_one_connection_for_call_after_call() throws IOException {
        try (ScriptedServer server = ScriptedServer.always(ok("fine"))) {
            client.with("http1", "", server.address());
            for (int i = 0; i < 20; i++) {
                assertThat(client.answers("{}", false).body()).isEqualTo("fine");
            }
            assertThat(server.accepted()).isEqualTo(1);
        }
    }

    @Test
    void sends_and_receives_large_bodies() throws IOException {
        String large = "0123456789abcdef".repeat(100_000);
        try (ScriptedServer server = new ScriptedServer(connection -> {
            String request = connection.readRequest();
            while (request != null) {
                connection.write(ok(request.substring(request.indexOf("\r\n\r\n") + 4)));
                request = connection.readRequest();
            }
        })) {
            client.with("http1", "", server.address());
            assertThat(client.answers(large, false).body()).isEqualTo(large);
            assertThat(client.answers(large, false).body()).isEqualTo(large);
            assertThat(server.accepted()).isEqualTo(1);
        }
    }

    @Test
    void takes_an_answer_that_drips_and_one_behind_interim_answers() throws IOException {
        String answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + ok("late");
        try (ScriptedServer server = new ScriptedServer(connection -> {
            while (connection.readRequest() != null) {
                for (int i = 0; i < answer.length(); i++) {
                    connection.write(answer.substring(i, i + 1));
                }
            }
        })) {
            client.with("http1", "", server.address());
            assertThat(client.answers("{}", false).body()).isEqualTo("late");
            assertThat(client.answers("{}", false).body()).isEqualTo("late");
        }
    }

    @Test
    void takes_an_answer_of_http_1_0_that_ends_with_the_connection() throws IOException {
        try (ScriptedServer server = new ScriptedServer(connection -> {
            connection.readRequest();
            connection.write("HTTP/1.0 200 OK\r\n\r\nto the end");
        })) {
            client.with("http1", "", server.address());
            assertThat(client.answers("{}", false).body()).isEqualTo("to the end");
            assertThat(client.answers("{}", false).body()).isEqualTo("to the end");
            assertThat(server.accepted()).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense\r\n\r\n",
                "HTTP/2.0 200 OK\r\n\r\n",
                "HTTP/1.1 99 Low\r\n\r\n",
                "HTTP/1.1 101 Switching Protocols\r\n\r\n",
                "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
                "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
                "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n",
                "HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n",
                "HTTP/1.1 200 OK\r\n folded\r\n\r\n",
                "HTTP/1.1 200 OK\r\nx: a\u0001b\r\n\r\n",
            })
    void refuses_a_malformed_answer(String bytes) throws IOException {
        try (ScriptedServer server = new ScriptedServer(connection -> {
            connection.readRequest();
            connection.write(bytes);
            connection.awaitEnd();
        })) {
            client.with("http1", "", server.address());
            Outcome.Failed failed = client.fails(true);
            assertThat(failed.reason()).isEqualTo(Reason.BACKEND_INVALID);
            assertThat(failed.dispatched()).isTrue();
            assertThat(server.requests()).isEqualTo(1);
        }
    }

    @Test
    void refuses_an_answer_over_the_limits() throws IOException {
        List<String> answers = List.of(
                "HTTP/1.1 200 OK\r\ncontent-length: 1025\r\n\r\n",
                "HTTP/1.1 200 OK\r\n\r\n" + "x".repeat(1_025),
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n400\r\n" + "x".repeat(1_024) + "\r\n1\r\n",
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n",
                "HTTP/1.1 200 OK\r\nx: " + "y".repeat(Http1AnswerParser.MAX_HEAD) + "\r\n\r\n");
        try (ScriptedServer server = new ScriptedServer(connection -> {
            connection.readRequest();
            connection.write(answers.get(connection.number() - 1));
            connection.awaitEnd();
        })) {
            client.with("http1", "\"max-answer-bytes\":1024", server.address());
            for (String ignored : answers) {
                assertThat(client.fails(false).reason()).isEqualTo(Reason.ANSWER_TOO_LARGE);
            }
        }
    }

    @Test
    void says_that_a_backend_closed_in_the_middle_of_its_answer() throws IOException {
        try (ScriptedServer server = new ScriptedServer(connection -> {
            connection.readRequest();
            connection.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
        })) {
            client.with("http1", "", server.address());
            Outcome.Failed failed = client.fails(false);
            assertThat(failed.reason()).isEqualTo(Reason.BACKEND_CLOSED);
            assertThat(failed.dispatched()).isTrue();
            assertThat(server.requests()).isEqualTo(1);
        }
    }

    @Test
    void repeats_a_repeatable_call_whose_kept_connection_was_closed() throws IOException {
        try (ScriptedServer server = closesOnItsSecondRequest()) {
            client.with("http1", "\"retry-budget-percent\":0", server.address());
            client.answers("{}", true);
            assertThat(client.answers("{}", true).body()).isEqualTo("fine");
            assertThat(server.accepted()).isEqualTo(2);
        }
    }

    @Test
    void does_not_repeat_a_call_that_a_backend_may_have_seen() throws IOException {
        try (ScriptedServer server = closesOnItsSecondRequest()) {
            client.with("http1", "", server.address());
            client.answers("{}", false);
            Outcome.Failed failed = client.fails(false);
            assertThat(failed.reason()).isEqualTo(Reason.BACKEND_CLOSED);
            assertThat(failed.dispatched()).isTrue();
            assertThat(server.requests()).isEqualTo(2);
        }
    }

    private static ScriptedServer closesOnItsSecondRequest() throws IOException {
        return new ScriptedServer(connection -> {
            connection.readRequest();
            connection.write(ok("fine"));
            connection.readRequest();
            connection.reset();
        });
    }

    @Test
    void opens_another_connection_when_the_backend_closes_after_each_answer() throws IOException {
        try (ScriptedServer server = new ScriptedServer(connection -> {
            connection.readRequest();
            connection.write(ok("fine"));
        })) {
            client.with("http1", "", server.address());
            for (int i = 0; i < 5; i++) {
                assertThat(client.answers("{}", true).body()).isEqualTo("fine");
            }
            assertThat(server.accepted()).isEqualTo(5);
        }
    }

    @Test
    void closes_a_connection_that_is_not_used_for_long() throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        try (ScriptedServer server = new ScriptedServer(connection -> {
            connection.readRequest();
            connection.write(ok("fine"));
            connection.awaitEnd();
            closed.countDown();
        })) {
            client.with("http1", "\"idle-ms\":100", server.address());
            client.answers("{}", false);
            assertThat(closed.await(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void says_that_nothing_listens_and_that_nothing_was_dispatched() throws IOException {
        ScriptedServer gone = ScriptedServer.always(ok(""));
        gone.close();
        client.with("http1", "", gone.address());
        Outcome.Failed failed = client.fails(false);
        assertThat(failed.reason()).isEqualTo(Reason.BACKEND_DOWN);
        assertThat(failed.dispatched()).isFalse();
        assertThat(client.meters.count("wallet", UpstreamMeters.Event.RETRY)).isEqualTo(2);
    }

    @Test
    void says_that_no_backend_is_known() {
        client.with("http1", "");
        assertThat(client.fails(true).reason()).isEqualTo(Reason.BACKEND_DOWN);
    }

    @Test
    void gives_up_when_the_time_is_over() throws IOException {
        try (ScriptedServer server = new ScriptedServer(ScriptedServer.Connection::awaitEnd)) {
            client.with("http1", "", server.address());
            TestClient.Result result = TestClient.await(client.start(TestClient.call(client.loop(), "{}", 50, false)));
            assertThat(result).isInstanceOfSatisfying(TestClient.Result.Failure.class, failure -> {
                assertThat(failure.failed().reason()).isEqualTo(Reason.BACKEND_TIMEOUT);
                assertThat(failure.failed().dispatched()).isTrue();
            });
        }
    }

    @Test
    void opens_no_more_connections_than_allowed() throws IOException {
        try (ScriptedServer server = ScriptedServer.always(ok("fine"))) {
            client.with("http1", "\"max-connections\":3", server.address());
            List<CompletableFuture<TestClient.Result>> results = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                results.add(client.start("{}", false));
            }
            for (CompletableFuture<TestClient.Result> result : results) {
                assertThat(TestClient.await(result)).isInstanceOf(TestClient.Result.Answer.class);
            }
            assertThat(server.accepted()).isLessThanOrEqualTo(3);
        }
    }

    @Test
    void does_not_write_a_value_that_would_end_its_line() throws IOException {
        try (ScriptedServer server = ScriptedServer.always(ok("fine"))) {
            client.with("http1", "", server.address());
            assertThat(client.get("{}", false, "x", "a\r\ny: b"))
                    .isInstanceOfSatisfying(
                            TestClient.Result.Failure.class,
                            failure -> assertThat(failure.failed().reason()).isEqualTo(Reason.INTERNAL));
            assertThat(client.answers("{}", false).status()).isEqualTo(200);
            assertThat(server.requests()).isEqualTo(1);
        }
    }
}

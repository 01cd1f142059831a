package io.rialto.gateway.upstream;

import static io.rialto.gateway.upstream.ScriptedServer.ok;
import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.protocol.Reason;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@SuppressWarnings("StringConcatToTextBlock") // line ends are part of the protocol
class PoliciesTest {
    private static final String UNAVAILABLE = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";

    private final TestClient client = new TestClient();

    @AfterEach
    void close() {
        client.close();
    }

    private static void eventually(BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("time to wait").isLessThan(end);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static ScriptedServer silent() throws IOException {
        return new ScriptedServer(ScriptedServer.Connection::awaitEnd);
    }

    @Test
    void tries_another_backend_when_one_is_down() throws IOException {
        ScriptedServer gone = ScriptedServer.always(ok("gone"));
        gone.close();
        try (ScriptedServer well = ScriptedServer.always(ok("well"))) {
            client.with("http1", "", gone.address(), well.address());
            for (int i = 0; i < 50; i++) {
                assertThat(client.answers("{}", false).body()).isEqualTo("well");
            }
        }
    }

    @Test
    void repeats_only_repeatable_calls_that_a_backend_answers_with_503() throws IOException {
        try (ScriptedServer busy = ScriptedServer.always(UNAVAILABLE)) {
            client.with("http1", "", busy.address());
            assertThat(client.answers("{}", false).status()).isEqualTo(503);
            assertThat(busy.requests()).isEqualTo(1);
            assertThat(client.answers("{}", true).status()).isEqualTo(503);
            assertThat(busy.requests()).isEqualTo(4);
        }
    }

    @Test
    void retries_stay_within_the_budget() throws IOException {
        try (ScriptedServer busy = ScriptedServer.always(UNAVAILABLE)) {
            client.with("http1", "\"max-tries\":2,\"breaker\":{\"min-calls\":1000000}", busy.address());
            long started = System.nanoTime();
            int calls = 400;
            List<CompletableFuture<TestClient.Result>> results = new ArrayList<>();
            for (int i = 0; i < calls; i++) {
                results.add(client.start("{}", true));
            }
            results.forEach(TestClient::await);
            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - started) + 1;
            // A fifth of the calls, and ten to start with and per second.
            assertThat(busy.requests()).isBetween(calls + 10, calls + calls / 5 + 10 + 10 * (int) seconds);
            assertThat(client.meters.count("wallet", UpstreamMeters.Event.RETRY_REFUSED))
                    .isPositive();
        }
    }

    @Test
    void leaves_a_failing_backend_alone_until_a_probe_goes_well() throws IOException {
        AtomicBoolean ill = new AtomicBoolean(true);
        try (ScriptedServer server = new ScriptedServer(connection -> {
            while (connection.readRequest() != null) {
                connection.write(ill.get() ? UNAVAILABLE : ok("well"));
            }
        })) {
            client.with("http1", "\"breaker\":{\"min-calls\":5,\"open-ms\":50}", server.address());
            for (int i = 0; i < 5; i++) {
                assertThat(client.answers("{}", false).status()).isEqualTo(503);
            }
            Outcome.Failed failed = client.fails(false);
            assertThat(failed.reason()).isEqualTo(Reason.CIRCUIT_OPEN);
            assertThat(failed.dispatched()).isFalse();
            assertThat(failed.retryAfter()).isBetween(Duration.ZERO, Duration.ofMillis(50));
            assertThat(server.requests()).isEqualTo(5);
            ill.set(false);
            eventually(() -> client.get("{}", false) instanceof TestClient.Result.Answer);
            assertThat(client.answers("{}", false).body()).isEqualTo("well");
            assertThat(client.meters.count("wallet", UpstreamMeters.Event.BREAKER_OPENED))
                    .isEqualTo(1);
        }
    }

    @Test
    void refuses_calls_over_the_bulkhead_and_takes_them_again_after() throws IOException {
        CountDownLatch go = new CountDownLatch(1);
        try (ScriptedServer server = new ScriptedServer(connection -> {
            while (connection.readRequest() != null) {
                awaitQuietly(go);
                connection.write(ok("fine"));
            }
        })) {
            client.with("http1", "\"max-in-flight\":2", server.address());
            CompletableFuture<TestClient.Result> one = client.start("{}", false);
            CompletableFuture<TestClient.Result> two = client.start("{}", false);
            Outcome.Failed failed = client.fails(false);
            assertThat(failed.reason()).isEqualTo(Reason.BACKEND_BUSY);
            assertThat(failed.dispatched()).isFalse();
            go.countDown();
            assertThat(TestClient.await(one)).isInstanceOf(TestClient.Result.Answer.class);
            assertThat(TestClient.await(two)).isInstanceOf(TestClient.Result.Answer.class);
            assertThat(client.answers("{}", false).body()).isEqualTo("fine");
            assertThat(client.upstreams.inFlight()).isZero();
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void hedges_a_slow_repeatable_call_only() throws IOException {
        try (ScriptedServer slow = silent();
                ScriptedServer fast = ScriptedServer.always(ok("fast"))) {
            client.with("http1", "\"hedge-after-ms\":30,\"max-tries\":2", slow.address(), fast.address());
            for (int i = 0; i < 10; i++) {
                assertThat(client.answers("{}", true).body()).isEqualTo("fast");
            }
            assertThat(client.meters.count("wallet", UpstreamMeters.Event.HEDGE))
                    .isPositive();
            long hedges = client.meters.count("wallet", UpstreamMeters.Event.HEDGE);
            List<CompletableFuture<TestClient.Result>> results = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                results.add(client.start(TestClient.call(client.loop(), "{}", 200, false)));
            }
            results.forEach(TestClient::await);
            assertThat(client.meters.count("wallet", UpstreamMeters.Event.HEDGE))
                    .isEqualTo(hedges);
        }
    }

    @Test
    void a_try_that_takes_too_long_is_followed_by_one_elsewhere() throws IOException {
        try (ScriptedServer slow = silent();
                ScriptedServer fast = ScriptedServer.always(ok("fast"))) {
            client.with("http1", "\"timeout-ms\":30", slow.address(), fast.address());
            for (int i = 0; i < 10; i++) {
                assertThat(client.answers("{}", true).body()).isEqualTo("fast");
            }
        }
    }

    @Test
    void checks_health_and_avoids_what_is_not_well_while_there_is_another() throws IOException {
        AtomicBoolean ill = new AtomicBoolean();
        try (ScriptedServer one = health("one", ill);
                ScriptedServer two = health("two", new AtomicBoolean())) {
            client.with(
                    "http1",
                    "\"health\":{\"path\":\"/health\",\"interval-ms\":50,\"failures\":1,\"successes\":1}",
                    one.address(),
                    two.address());
            eventually(() -> client.answers("{}", false).body().equals("one"));
            ill.set(true);
            eventually(() -> onlyFrom("two"));
            ill.set(false);
            eventually(() -> client.answers("{}", false).body().equals("one"));
        }
    }

    private boolean onlyFrom(String name) {
        for (int i = 0; i < 30; i++) {
            if (!client.answers("{}", false).body().equals(name)) {
                return false;
            }
        }
        return true;
    }

    private static ScriptedServer health(String name, AtomicBoolean ill) throws IOException {
        return new ScriptedServer(connection -> {
            String request = connection.readRequest();
            while (request != null) {
                boolean check = request.startsWith("GET /health ");
                connection.write(check && ill.get() ? UNAVAILABLE : ok(name));
                request = connection.readRequest();
            }
        });
    }

    @Test
    void uses_the_only_backend_though_it_is_not_well() throws IOException {
        try (ScriptedServer server = health("one", new AtomicBoolean(true))) {
            client.with(
                    "http1",
                    "\"health\":{\"path\":\"/health\",\"interval-ms\":50,\"failures\":1,\"successes\":1}",
                    server.address());
            eventually(() -> server.requests() >= 3);
            assertThat(client.answers("{}", false).body()).isEqualTo("one");
        }
    }

    @Test
    void a_cancelled_call_lets_go_of_its_connection_and_its_place() throws Exception {
        try (ScriptedServer server = silent()) {
            client.with("http1", "", server.address());
            CompletableFuture<Runnable> cancel = new CompletableFuture<>();
            AtomicBoolean told = new AtomicBoolean();
            client.loop().execute(() -> {
                Upstream wallet = client.upstreams.of("wallet");
                if (wallet != null) {
                    cancel.complete(wallet.send(
                            TestClient.call(client.loop(), "{}", 10_000, false), outcome -> told.set(true)));
                }
            });
            eventually(() -> server.accepted() == 1);
            assertThat(client.upstreams.inFlight()).isEqualTo(1);
            client.loop().submit(TestClient.await(cancel)).get(20, TimeUnit.SECONDS);
            assertThat(client.upstreams.inFlight()).isZero();
            assertThat(told).isFalse();
        }
    }
}

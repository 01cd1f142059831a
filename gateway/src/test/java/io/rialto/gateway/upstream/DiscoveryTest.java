package io.rialto.gateway.upstream;

import static io.rialto.gateway.upstream.ScriptedServer.ok;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

class DiscoveryTest {
    private static void eventually(BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("time to wait").isLessThan(end);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static Registration registration(String instance, Address address, int ttlMillis) {
        return Registration.parse(("{\"service\":\"wallet\",\"instance\":\"" + instance + "\",\"address\":\"" + address
                        + "\",\"protocol\":\"http1\",\"ttl-ms\":" + ttlMillis + "}")
                .getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void settings_that_change_keep_the_connections_of_unchanged_backends() throws IOException {
        try (TestClient client = new TestClient();
                ScriptedServer server = ScriptedServer.always(ok("fine"))) {
            client.with("http1", "", server.address());
            Upstream before = client.upstreams.of("wallet");
            client.answers("{}", false);
            client.with("http1", "\"timeout-ms\":777", server.address());
            client.answers("{}", false);
            assertThat(client.upstreams.of("wallet")).isSameAs(before);
            assertThat(server.accepted()).isEqualTo(1);
        }
    }

    @Test
    void an_address_that_goes_finishes_its_calls_and_gets_no_more() throws IOException {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        AtomicBoolean closed = new AtomicBoolean();
        try (TestClient client = new TestClient();
                ScriptedServer old = new ScriptedServer(connection -> {
                    connection.readRequest();
                    asked.countDown();
                    await(go);
                    connection.write(ok("old"));
                    connection.awaitEnd();
                    closed.set(true);
                });
                ScriptedServer next = ScriptedServer.always(ok("new"))) {
            client.with("http1", "", old.address());
            CompletableFuture<TestClient.Result> inFlight = client.start("{}", false);
            await(asked);
            client.with("http1", "", next.address());
            for (int i = 0; i < 10; i++) {
                assertThat(client.answers("{}", false).body()).isEqualTo("new");
            }
            go.countDown();
            assertThat(((TestClient.Result.Answer) TestClient.await(inFlight)).body())
                    .isEqualTo("old");
            eventually(closed::get);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void a_service_that_goes_still_takes_the_calls_that_chose_it_before() throws IOException {
        try (TestClient client = new TestClient();
                ScriptedServer server = ScriptedServer.always(ok("fine"))) {
            client.with("http1", "", server.address());
            Upstream before = client.upstreams.of("wallet");
            client.upstreams.apply(TestClient.CELL, List.of());
            assertThat(client.upstreams.of("wallet")).isNull();
            CompletableFuture<Outcome> outcome = new CompletableFuture<>();
            assertThat(before).isNotNull();
            client.loop().execute(() -> {
                if (before != null) {
                    before.send(TestClient.call(client.loop(), "{}", 5_000, false), outcome::complete);
                }
            });
            assertThat(TestClient.await(outcome))
                    .isInstanceOfSatisfying(
                            Outcome.Answered.class, answered -> answered.body().release());
        }
    }

    @Test
    void two_entries_of_one_service_change_nothing() {
        try (TestClient client = new TestClient()) {
            client.with("http1", "");
            BackendSettings entry = TestClient.settings("http1", "");
            assertThatThrownBy(() -> client.upstreams.apply(TestClient.CELL, List.of(entry, entry)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("wallet");
            assertThat(client.upstreams.of("wallet")).isNotNull();
        }
    }

    @Test
    void a_name_is_looked_up_again_and_keeps_its_last_addresses_when_that_fails() throws IOException {
        AtomicInteger lookUps = new AtomicInteger();
        AtomicBoolean known = new AtomicBoolean(false);
        HostResolver resolver = host -> {
            lookUps.incrementAndGet();
            if (!known.get()) {
                throw new UnknownHostException(host);
            }
            return List.of(InetAddress.getLoopbackAddress());
        };
        try (TestClient client = new TestClient(1, resolver);
                ScriptedServer server = ScriptedServer.always(ok("fine"))) {
            client.with(
                    "http1",
                    "\"dns-refresh-ms\":100",
                    new Address("wallet.local", server.address().port()));
            eventually(() -> lookUps.get() >= 2);
            assertThat(client.fails(false).reason()).isEqualTo(Reason.BACKEND_DOWN);
            known.set(true);
            eventually(() -> client.get("{}", false) instanceof TestClient.Result.Answer);
            known.set(false);
            int then = lookUps.get();
            eventually(() -> lookUps.get() >= then + 2);
            assertThat(client.answers("{}", false).body()).isEqualTo("fine");
        }
    }

    @Test
    void a_registered_backend_is_used_until_its_lease_ends() throws IOException {
        try (TestClient client = new TestClient();
                ScriptedServer server = ScriptedServer.always(ok("fine"))) {
            Registry registry = client.upstreams.registry();
            assertThat(registry.register(registration("early", server.address(), 60_000)))
                    .isTrue();
            client.with("http1", "");
            assertThat(client.answers("{}", false).body()).isEqualTo("fine");
            registry.register(registration("early", server.address(), 0));
            assertThat(client.fails(false).reason()).isEqualTo(Reason.BACKEND_DOWN);
            registry.register(registration("brief", server.address(), 300));
            assertThat(client.answers("{}", false).body()).isEqualTo("fine");
            eventually(() -> client.get("{}", false) instanceof TestClient.Result.Failure);
            assertThat(registry.of("wallet")).isEmpty();
        }
    }

    private static Registration coloured(String instance, Address address, String colour) {
        return new Registration(
                "wallet", instance, address, BackendProtocol.HTTP1, 1, colour, Registration.DEFAULT_TTL_MILLIS);
    }

    private static String answered(TestClient client, String colour) {
        CompletableFuture<String> body = new CompletableFuture<>();
        client.loop().execute(() -> {
            Upstream upstream = client.upstreams.of("wallet", colour);
            if (upstream == null) {
                body.complete("none");
                return;
            }
            OutboundCall call = new OutboundCall(
                    client.loop(),
                    AsciiString.cached("POST"),
                    "/wallet.Balance/Get",
                    new HeaderList(2).add(AsciiString.cached("content-type"), AsciiString.cached("application/json")),
                    Unpooled.EMPTY_BUFFER,
                    Duration.ofSeconds(10).toNanos(),
                    true);
            Runnable cancel = upstream.send(call, outcome -> {
                if (outcome instanceof Outcome.Answered answer) {
                    body.complete(answer.body().toString(StandardCharsets.UTF_8));
                    answer.body().release();
                } else {
                    body.complete("failed");
                }
            });
            assertThat(cancel).isNotNull();
        });
        return body.orTimeout(20, TimeUnit.SECONDS).join();
    }

    @Test
    void a_colour_is_served_by_its_own_instances_and_by_all_where_it_has_none() throws IOException {
        try (TestClient client = new TestClient();
                ScriptedServer blue = ScriptedServer.always(ok("blue"));
                ScriptedServer green = ScriptedServer.always(ok("green"))) {
            BackendSettings settings = BackendSettings.of("wallet", BackendProtocol.HTTP1, TestClient.CELL, List.of());
            client.upstreams.apply(
                    TestClient.CELL, List.of(settings, settings.ofColour("blue"), settings.ofColour("green")));
            Registry registry = client.upstreams.registry();
            assertThat(registry.register(coloured("b", blue.address(), "blue"))).isTrue();
            assertThat(answered(client, "green")).isEqualTo("blue");
            assertThat(registry.register(coloured("g", green.address(), "green")))
                    .isTrue();
            for (int i = 0; i < 20; i++) {
                assertThat(answered(client, "green")).isEqualTo("green");
                assertThat(answered(client, "blue")).isEqualTo("blue");
            }
            registry.deregister("wallet", "g");
            assertThat(answered(client, "green")).isEqualTo("blue");
            assertThat(answered(client, "red")).isEqualTo("blue");
        }
    }

    @Test
    void registrations_are_not_used_where_the_settings_forbid_it() throws IOException {
        try (TestClient client = new TestClient();
                ScriptedServer server = ScriptedServer.always(ok("fine"))) {
            client.upstreams.registry().register(registration("one", server.address(), 60_000));
            client.with("http1", "\"registered\":false");
            assertThat(client.fails(false).reason()).isEqualTo(Reason.BACKEND_DOWN);
        }
    }

    @Test
    void a_service_has_no_more_than_so_many_instances() {
        try (TestClient client = new TestClient()) {
            Registry registry = client.upstreams.registry();
            for (int i = 0; i < Registry.MAX_INSTANCES; i++) {
                assertThat(registry.register(registration("i" + i, new Address("127.0.0.1", 1 + i), 60_000)))
                        .isTrue();
            }
            Address more = new Address("127.0.0.1", 60_000);
            assertThat(registry.register(registration("more", more, 60_000))).isFalse();
            assertThat(registry.register(registration("i0", more, 60_000))).isTrue();
        }
    }
}

package io.rialto.gateway.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Two backends behind the JDK's HTTP server are restarted in turn while calls go on. */
class RollingRestartTest {
    private static final int IN_FLIGHT = 16;
    private static final int RESTARTS = 6;

    /** A backend that can be stopped as one should, or just like that. */
    private static final class RestartedBackend implements AutoCloseable {
        private final Registry registry;
        private final String instance;
        private final HttpServer server;

        RestartedBackend(Registry registry, String instance) throws IOException {
            this.registry = registry;
            this.instance = instance;
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1_024);
            server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
            server.createContext("/", exchange -> {
                try (exchange) {
                    exchange.getRequestBody().readAllBytes();
                    byte[] body = instance.getBytes(java.nio.charset.StandardCharsets.UTF_8);
                    exchange.sendResponseHeaders(200, body.length);
                    exchange.getResponseBody().write(body);
                }
            });
            server.start();
            registry.register(new Registration(
                    "wallet",
                    instance,
                    new Address("127.0.0.1", server.getAddress().getPort()),
                    BackendProtocol.HTTP1,
                    1,
                    "",
                    Registration.DEFAULT_TTL_MILLIS));
        }

        /** Leaves, and stops when all calls that began before have ended. */
        void stopAsOneShould(Load load) {
            registry.deregister("wallet", instance);
            load.awaitLaterCalls();
            close();
        }

        @Override
        public void close() {
            server.stop(0);
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the worker has the outcome
    private static final class Load {
        private final TestClient client;
        private final AtomicBoolean stop = new AtomicBoolean();
        private final AtomicInteger answered = new AtomicInteger();
        private final List<CompletableFuture<Void>> workers = new ArrayList<>();
        private final Consumer<Lost> lost;

        /** Calls of each worker that have ended, one way or the other. */
        private final AtomicIntegerArray ended = new AtomicIntegerArray(IN_FLIGHT);

        record Lost(boolean repeatable, Outcome.Failed failed) {}

        Load(TestClient client, Consumer<Lost> lost) {
            this.client = client;
            this.lost = lost;
            for (int i = 0; i < IN_FLIGHT; i++) {
                CompletableFuture<Void> worker = new CompletableFuture<>();
                workers.add(worker);
                next(worker, i);
            }
        }

        private void next(CompletableFuture<Void> worker, int number) {
            boolean repeatable = number % 2 == 0;
            client.start("{}", repeatable).whenComplete((result, error) -> {
                if (error != null) {
                    worker.completeExceptionally(error);
                    return;
                }
                if (result instanceof TestClient.Result.Failure failure) {
                    lost.accept(new Lost(repeatable, failure.failed()));
                } else {
                    answered.incrementAndGet();
                }
                ended.incrementAndGet(number);
                if (stop.get()) {
                    worker.complete(null);
                } else {
                    next(worker, number);
                }
            });
        }

        void awaitMore(int calls) {
            int target = answered.get() + calls;
            long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            while (answered.get() < target) {
                assertThat(System.nanoTime()).as("time for more calls").isLessThan(end);
                LockSupport.parkNanos(1_000_000);
            }
        }

        /** Waits until each worker has ended a call that it began after now. */
        void awaitLaterCalls() {
            long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            for (int i = 0; i < IN_FLIGHT; i++) {
                int target = ended.get(i) + 2;
                while (ended.get(i) < target) {
                    assertThat(System.nanoTime()).as("time for later calls").isLessThan(end);
                    LockSupport.parkNanos(1_000_000);
                }
            }
        }

        void end() {
            stop.set(true);
            workers.forEach(TestClient::await);
        }
    }

    @Test
    void backends_that_leave_before_they_stop_lose_no_call_at_all() throws IOException {
        List<Load.Lost> lost = java.util.Collections.synchronizedList(new ArrayList<>());
        restart(lost, true);
        assertThat(lost).isEmpty();
    }

    @Test
    void backends_that_just_stop_lose_only_calls_that_they_may_have_seen() throws IOException {
        List<Load.Lost> lost = java.util.Collections.synchronizedList(new ArrayList<>());
        restart(lost, false);
        assertThat(lost).allSatisfy(call -> {
            assertThat(call.repeatable()).isFalse();
            assertThat(call.failed().dispatched()).isTrue();
        });
    }

    private static void restart(List<Load.Lost> lost, boolean asOneShould) throws IOException {
        try (TestClient client = new TestClient()) {
            client.with("http1", "\"retry-budget-percent\":100,\"breaker\":{\"min-calls\":1000000}");
            Registry registry = client.upstreams.registry();
            RestartedBackend[] running = {new RestartedBackend(registry, "a0"), new RestartedBackend(registry, "b0")};
            Load load = new Load(client, lost::add);
            try {
                for (int i = 0; i < RESTARTS; i++) {
                    load.awaitMore(200);
                    RestartedBackend old = running[i % 2];
                    if (asOneShould) {
                        old.stopAsOneShould(load);
                    } else {
                        old.close();
                    }
                    load.awaitMore(200);
                    running[i % 2] = new RestartedBackend(registry, (i % 2 == 0 ? "a" : "b") + (i + 1));
                }
                load.awaitMore(200);
            } finally {
                load.end();
                running[0].close();
                running[1].close();
            }
        }
    }
}

package io.rialto.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class SnapshotFollowerTest {
    private static final String TOKEN = "node-token";

    private final SnapshotSigner signer = SnapshotSigner.generate(new SecureRandom());
    private final BlockingQueue<Snapshot> applied = new LinkedBlockingQueue<>();

    @TempDir
    Path directory;

    private FakeControl control = new FakeControl(signer);

    /** Holds a request back until it has something newer, as control does. */
    private static final class FakeControl implements AutoCloseable {
        private final HttpServer server;
        private byte[] envelope = new byte[0];
        private long version;
        private boolean closed;

        FakeControl(SnapshotSigner signer) {
            try {
                server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
            server.createContext("/v1/snapshot", this::answer);
            server.start();
            assertThat(signer.publicKey()).isNotEmpty();
        }

        private void answer(HttpExchange exchange) throws IOException {
            String query = exchange.getRequestURI().getQuery();
            long after = Long.parseLong(query.substring("after=".length(), query.indexOf('&')));
            byte[] body;
            int status;
            synchronized (this) {
                while (version <= after && !closed && version != 0) {
                    try {
                        wait();
                    } catch (InterruptedException e) {
                        return;
                    }
                }
                boolean mayRead =
                        ("Bearer " + TOKEN).equals(exchange.getRequestHeaders().getFirst("authorization"));
                body = envelope;
                status = !mayRead ? 401 : version == 0 || closed ? 503 : 200;
            }
            exchange.sendResponseHeaders(status, status == 200 ? body.length : -1);
            if (status == 200) {
                exchange.getResponseBody().write(body);
            }
            exchange.close();
        }

        synchronized void publish(long newVersion, byte[] newEnvelope) {
            version = newVersion;
            envelope = newEnvelope;
            notifyAll();
        }

        URI url() {
            return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
        }

        @Override
        public void close() {
            synchronized (this) {
                closed = true;
                notifyAll();
            }
            server.stop(0);
        }
    }

    @AfterEach
    void stop() {
        control.close();
    }

    private SnapshotFollower follower(URI... urls) {
        SnapshotFollower.Source source = new SnapshotFollower.Source(
                List.of(urls), List.of(signer.publicKey()), TOKEN, directory.resolve("snapshot"));
        SnapshotFollower follower = new SnapshotFollower(source, Clock.systemUTC(), new Random(1));
        follower.listen(applied::add);
        return follower;
    }

    private Snapshot next() throws InterruptedException {
        Snapshot snapshot = applied.poll(20, TimeUnit.SECONDS);
        if (snapshot == null) {
            throw new AssertionError("no snapshot");
        }
        return snapshot;
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    private void publish(long version) {
        control.publish(version, signer.sign(SnapshotTest.snapshot(version)));
    }

    @Test
    void applies_each_newer_snapshot_within_a_second_and_keeps_it_for_its_owner_only() throws Exception {
        publish(1);
        try (SnapshotFollower follower = follower(control.url())) {
            follower.start();
            assertThat(follower.awaitFirst(Duration.ofSeconds(20))).isTrue();
            assertThat(next()).isEqualTo(SnapshotTest.snapshot(1));
            long slowest = 0;
            for (int version = 2; version <= 10; version++) {
                long start = System.nanoTime();
                publish(version);
                assertThat(next().version()).isEqualTo(version);
                slowest = Math.max(slowest, System.nanoTime() - start);
            }
            assertThat(Duration.ofNanos(slowest)).isLessThan(Duration.ofSeconds(1));
            assertThat(follower.health().version()).isEqualTo(10);
            assertThat(follower.health().lastError()).isEmpty();
            Path file = directory.resolve("snapshot");
            await(() -> Files.exists(file));
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void starts_from_the_file_with_control_down_and_follows_when_it_is_back() throws Exception {
        Files.write(directory.resolve("snapshot"), signer.sign(SnapshotTest.snapshot(5)));
        try (SnapshotFollower follower = follower(URI.create("http://127.0.0.1:1"), control.url())) {
            follower.start();
            assertThat(next().version()).isEqualTo(5);
            await(() -> follower.health().lastError().isPresent());
            publish(6);
            assertThat(next().version()).isEqualTo(6);
        }
        control.close();
        try (SnapshotFollower follower = follower(control.url())) {
            follower.start();
            assertThat(next().version()).isEqualTo(6);
        }
    }

    @Test
    void applies_neither_a_lower_version_nor_what_an_untrusted_key_signed() throws Exception {
        Files.write(directory.resolve("snapshot"), signer.sign(SnapshotTest.snapshot(5)));
        try (SnapshotFollower follower = follower(control.url())) {
            follower.start();
            assertThat(next().version()).isEqualTo(5);
            // What control says it has and what it sends differ.
            control.publish(9, signer.sign(SnapshotTest.snapshot(4)));
            await(() -> follower.health().lastError().orElse("").contains("version 4 (expected: above 5)"));
            control.publish(9, SnapshotSigner.generate(new SecureRandom()).sign(SnapshotTest.snapshot(9)));
            await(() -> follower.health().lastError().orElse("").contains("signed by none"));
            assertThat(applied).isEmpty();
            publish(10);
            assertThat(next().version()).isEqualTo(10);
            assertThat(follower.health().lastError()).isEmpty();
        }
    }

    @Test
    void goes_on_with_a_damaged_file_and_a_failing_listener() throws Exception {
        Files.writeString(directory.resolve("snapshot"), "damaged");
        publish(3);
        CountDownLatch failed = new CountDownLatch(1);
        SnapshotFollower.Source source = new SnapshotFollower.Source(
                List.of(control.url()), List.of(signer.publicKey()), TOKEN, directory.resolve("snapshot"));
        try (SnapshotFollower follower = new SnapshotFollower(source, Clock.systemUTC(), new Random(1))) {
            follower.listen(snapshot -> {
                failed.countDown();
                throw new IllegalStateException("cannot use it");
            });
            follower.listen(applied::add);
            follower.start();
            assertThat(next().version()).isEqualTo(3);
            assertThat(failed.getCount()).isZero();
            assertThat(follower.health().lastError().orElse("")).contains("cannot use it");
            assertThatThrownBy(() -> follower.listen(applied::add)).hasMessageContaining("too late");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"ftp://control:1", "http:///v1", "http://control:-2", "http://control:70000", "control:9090"})
    void refuses_an_address_that_can_never_be_asked(String url) {
        URI control = URI.create(url);
        assertThatThrownBy(() -> follower(control))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(url);
    }

    @Test
    void survives_a_request_that_cannot_be_made() {
        SnapshotFollower.Source source = new SnapshotFollower.Source(
                List.of(control.url()), List.of(signer.publicKey()), "no\nheader", directory.resolve("snapshot"));
        try (SnapshotFollower follower = new SnapshotFollower(source, Clock.systemUTC(), new Random(1))) {
            follower.start();
            await(() -> follower.health().lastError().orElse("").contains("IllegalArgumentException"));
        }
    }

    @Test
    void tells_that_control_does_not_accept_its_token() {
        publish(1);
        SnapshotFollower.Source source = new SnapshotFollower.Source(
                List.of(control.url()), List.of(signer.publicKey()), "wrong", directory.resolve("snapshot"));
        try (SnapshotFollower follower = new SnapshotFollower(source, Clock.systemUTC(), new Random(1))) {
            follower.start();
            await(() -> follower.health().lastError().orElse("").contains("status 401"));
            assertThat(source.toString()).doesNotContain("wrong");
        }
    }
}

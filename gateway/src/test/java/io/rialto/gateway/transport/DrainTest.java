package io.rialto.gateway.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class DrainTest {
    private static final int CALLERS = 16;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @EnumSource(Version.class)
    void no_call_in_flight_fails_while_listeners_drain_under_load(Version version) throws Exception {
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        AtomicInteger served = new AtomicInteger();
        try (TestGateway gateway = new TestGateway(TestCertificates.write(directory, "one"));
                HttpClient client = HttpClient.newBuilder()
                        .version(version)
                        .sslContext(TestCertificates.trusting(directory, "one"))
                        .build();
                ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            URI uri = URI.create("https://localhost:" + gateway.tlsPort() + "/echo");
            HttpRequest request = HttpRequest.newBuilder(uri)
                    .timeout(Duration.ofSeconds(20))
                    .POST(BodyPublishers.ofByteArray(new byte[2_000]))
                    .build();
            for (int i = 0; i < CALLERS; i++) {
                callers.execute(() -> call(client, request, served, failures));
            }
            TestGateway.await("load", () -> served.get() > 300);
            assertThat(gateway.listeners.drain(Duration.ofSeconds(10))).isTrue();
        }
        assertThat(failures).isEmpty();
    }

    /** Calls until there is nothing to connect to any more. */
    private static void call(HttpClient client, HttpRequest request, AtomicInteger served, Queue<Throwable> failures) {
        try {
            while (true) {
                HttpResponse<byte[]> answer = client.send(request, BodyHandlers.ofByteArray());
                assertThat(answer.statusCode()).isEqualTo(200);
                assertThat(answer.body()).hasSize(2_000);
                served.incrementAndGet();
            }
        } catch (ConnectException e) {
            // Refused before anything was sent: the listener is closed.
        } catch (Exception | AssertionError e) {
            failures.add(e);
        }
    }

    private static RawClient.Frame next(RawClient client, int type) throws IOException {
        RawClient.Frame frame = client.read();
        while (frame.type() != type) {
            frame = client.read();
        }
        return frame;
    }

    @Test
    void waits_for_calls_and_gives_up_at_the_limit() throws Exception {
        try (TestGateway gateway = new TestGateway(TransportSettings.defaults());
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                RawClient client = RawClient.http2(gateway.plainPort())) {
            client.call(1, "/held");
            TestGateway.await("the call", () -> !gateway.handler.held.isEmpty());
            Future<Boolean> drained = threads.submit(() -> gateway.listeners.drain(Duration.ofSeconds(30)));
            RawClient.Frame goAway = next(client, Http2Reader.GOAWAY);
            assertThat(goAway.code()).isZero();
            assertThat(goAway.content()[0]).isEqualTo((byte) 0x7f);
            client.frame(
                    Http2Reader.PING,
                    Http2Reader.ACK,
                    0,
                    next(client, Http2Reader.PING).content());
            assertThat(next(client, Http2Reader.GOAWAY).content()[3]).isEqualTo((byte) 1);
            gateway.handler.release();
            assertThat(client.readAll()).anyMatch(frame -> frame.type() == Http2Reader.HEADERS && frame.stream() == 1);
            assertThat(drained.get()).isTrue();
        }
        try (TestGateway gateway = new TestGateway(TransportSettings.defaults());
                RawClient client = RawClient.http2(gateway.plainPort())) {
            client.call(1, "/held");
            TestGateway.await("the call", () -> !gateway.handler.held.isEmpty());
            assertThat(gateway.listeners.drain(Duration.ofMillis(50))).isFalse();
        }
    }
}

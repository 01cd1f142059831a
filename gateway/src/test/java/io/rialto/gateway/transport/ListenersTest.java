package io.rialto.gateway.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.gateway.loop.EventLoops;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class ListenersTest {
    @TempDir
    private Path directory;

    private static HttpResponse<byte[]> post(HttpClient client, String url, byte[] body) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create(url))
                        .POST(BodyPublishers.ofByteArray(body))
                        .build(),
                BodyHandlers.ofByteArray());
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 31);
        }
        return bytes;
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void serves_both_versions_inside_tls(Version version) throws Exception {
        try (TestGateway gateway = new TestGateway(TestCertificates.write(directory, "one"));
                HttpClient client = HttpClient.newBuilder()
                        .version(version)
                        .sslContext(TestCertificates.trusting(directory, "one"))
                        .build()) {
            String url = "https://localhost:" + gateway.tlsPort();
            for (int length : new int[] {0, 1, 5_000, 100_000, 1_000_000}) {
                HttpResponse<byte[]> answer = post(client, url + "/echo", bytes(length));
                assertThat(answer.statusCode()).isEqualTo(200);
                assertThat(answer.version()).isEqualTo(version);
                assertThat(Arrays.equals(answer.body(), bytes(length))).isTrue();
                assertThat(answer.headers().firstValue("x-echo")).contains("yes");
            }
            assertThat(new String(
                            post(client, url + "/seen?a=b", "x".getBytes(StandardCharsets.UTF_8))
                                    .body(),
                            StandardCharsets.UTF_8))
                    .isEqualTo("POST a=b localhost:" + gateway.tlsPort() + " x");
            assertThat(post(client, url + "/size/3000000", new byte[0]).body()).hasSize(3_000_000);
            assertThat(post(client, url + "/fail", new byte[0]).statusCode()).isEqualTo(500);
        }
    }

    @ParameterizedTest
    @EnumSource(EventLoops.Transport.class)
    void serves_calls_at_once_on_every_transport_that_works_here(EventLoops.Transport transport) throws Exception {
        if (!transport.isAvailable()) {
            assertThat(transport).isNotEqualTo(EventLoops.Transport.NIO);
            return;
        }
        try (TestGateway gateway = new TestGateway(null, TransportSettings.defaults(), EventLoops.start(2, transport));
                HttpClient client =
                        HttpClient.newBuilder().version(Version.HTTP_1_1).build()) {
            URI uri = URI.create("http://127.0.0.1:" + gateway.plainPort() + "/echo");
            List<CompletableFuture<HttpResponse<String>>> answers = IntStream.range(0, 200)
                    .mapToObj(i -> client.sendAsync(
                            HttpRequest.newBuilder(uri)
                                    .POST(BodyPublishers.ofString("body " + i))
                                    .build(),
                            BodyHandlers.ofString()))
                    .toList();
            for (int i = 0; i < answers.size(); i++) {
                assertThat(answers.get(i).get().body()).isEqualTo("body " + i);
            }
        }
    }

    /**
     * An answer above the channel's high-water mark stops the reading for a moment, with a read on its way that is
     * cancelled: a transport that forgot to begin again hung a connection after some hundred calls.
     */
    @Test
    void reading_goes_on_after_each_large_answer() throws Exception {
        byte[] body = bytes(100_000);
        try (TestGateway gateway = new TestGateway(TestCertificates.write(directory, "one"))) {
            SSLContext trusting = TestCertificates.trusting(directory, "one");
            HttpRequest request = HttpRequest.newBuilder(URI.create("https://localhost:" + gateway.tlsPort() + "/echo"))
                    .timeout(Duration.ofSeconds(20))
                    .POST(BodyPublishers.ofByteArray(body))
                    .build();
            try (ExecutorService phones = Executors.newVirtualThreadPerTaskExecutor()) {
                List<Future<Integer>> answered = IntStream.range(0, 4)
                        .mapToObj(phone -> phones.submit(() -> echoes(trusting, request, 200)))
                        .toList();
                for (Future<Integer> each : answered) {
                    assertThat(each.get()).isEqualTo(200);
                }
            }
        }
    }

    /** How many of a phone's calls in turn are answered with what they brought. */
    private static int echoes(SSLContext trusting, HttpRequest request, int calls) throws Exception {
        try (HttpClient phone = HttpClient.newBuilder().sslContext(trusting).build()) {
            int answered = 0;
            for (int i = 0; i < calls; i++) {
                HttpResponse<byte[]> answer = phone.send(request, BodyHandlers.ofByteArray());
                if (Arrays.equals(answer.body(), bytes(100_000))) {
                    answered++;
                }
            }
            return answered;
        } catch (HttpTimeoutException e) {
            throw new AssertionError("a call on an open connection was not answered", e);
        }
    }

    @Test
    void a_phone_that_takes_nothing_of_its_answers_is_ended() throws Exception {
        TransportSettings defaults = TransportSettings.defaults();
        TransportSettings quick =
                new TransportSettings(defaults.limits(), TestGateway.strict().times(), defaults.floods());
        try (TestGateway gateway = new TestGateway(quick);
                RawClient client = new RawClient(gateway.plainPort())) {
            client.write("GET /size/30000000 HTTP/1.1\r\nHost: a\r\n\r\n");
            TestGateway.await("the end", () -> gateway.meters.ended(ConnectionEnd.ANSWER_STALLED) == 1);
            TestGateway.await("no connection", () -> gateway.listeners.connections() == 0);
        }
    }

    @Test
    void a_new_certificate_is_used_without_a_restart_and_the_old_connection_stays() throws Exception {
        try (TestGateway gateway = new TestGateway(TestCertificates.write(directory, "one"));
                HttpClient before = HttpClient.newBuilder()
                        .sslContext(TestCertificates.trusting(directory, "one"))
                        .build()) {
            String url = "https://localhost:" + gateway.tlsPort() + "/echo";
            assertThat(post(before, url, bytes(10)).statusCode()).isEqualTo(200);
            TestCertificates.write(directory, "two");
            try (HttpClient after = HttpClient.newBuilder()
                    .sslContext(TestCertificates.trusting(directory, "two"))
                    .build()) {
                TestGateway.await("the new certificate", () -> {
                    try {
                        return post(after, url, bytes(10)).statusCode() == 200;
                    } catch (Exception e) {
                        return false;
                    }
                });
            }
            assertThat(post(before, url, bytes(10)).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void says_what_is_wrong_with_an_address_or_a_certificate() throws Exception {
        ListenerSettings.Certificate files = TestCertificates.write(directory, "one");
        Files.writeString(files.key(), "no key");
        assertThatThrownBy(() -> new TestGateway(files).close())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("key.pem");
        try (TestGateway gateway = new TestGateway(TransportSettings.defaults())) {
            ListenerSettings taken = new ListenerSettings(
                    InboundCall.Listener.PUBLIC,
                    gateway.listeners.addresses().get(0),
                    null,
                    TransportSettings.defaults());
            assertThatThrownBy(
                            () -> Listeners.start(gateway.loops, List.of(taken), gateway.handler, TransportMeters.NONE))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(String.valueOf(gateway.plainPort()));
        }
    }

    @Test
    void a_failed_or_silent_handshake_ends_its_connection_only() throws Exception {
        try (TestGateway gateway = new TestGateway(
                        TestCertificates.write(directory, "one"), TestGateway.strict(), EventLoops.start(1));
                RawClient silent = new RawClient(gateway.tlsPort());
                RawClient wrong = new RawClient(gateway.tlsPort());
                HttpClient client = HttpClient.newBuilder()
                        .sslContext(TestCertificates.trusting(directory, "one"))
                        .build()) {
            wrong.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            wrong.readText();
            assertThat(silent.readText()).isEmpty();
            assertThat(gateway.meters.ended(ConnectionEnd.TLS_FAILED)).isEqualTo(1);
            assertThat(gateway.meters.ended(ConnectionEnd.HANDSHAKE_TIMEOUT)).isEqualTo(1);
            assertThat(gateway.meters.ended(ConnectionEnd.INTERNAL)).isZero();
            assertThat(post(client, "https://localhost:" + gateway.tlsPort() + "/echo", bytes(10))
                            .statusCode())
                    .isEqualTo(200);
        }
    }
}

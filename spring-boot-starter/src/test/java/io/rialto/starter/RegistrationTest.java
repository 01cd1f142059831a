package io.rialto.starter;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.rialto.protocol.Caller;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class RegistrationTest {
    private record Seen(Caller caller, JsonNode body) {}

    private final BlockingQueue<Seen> seen = new LinkedBlockingQueue<>();

    /** A gateway that notes who registers. */
    private HttpServer gateway() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/rialto.Backends/Register", exchange -> {
            try (exchange) {
                Caller caller = TestKeys.TOKENS.verify(
                        exchange.getRequestHeaders().getFirst("rialto-caller"),
                        "rialto.Backends/Register",
                        System.currentTimeMillis());
                seen.add(new Seen(
                        caller,
                        new JsonMapper().readTree(exchange.getRequestBody().readAllBytes())));
                exchange.sendResponseHeaders(200, -1);
            } catch (io.rialto.protocol.ProtocolException e) {
                exchange.sendResponseHeaders(401, -1);
            }
        });
        server.start();
        return server;
    }

    private Seen next() throws InterruptedException {
        Seen next = seen.poll(10, TimeUnit.SECONDS);
        assertThat(next).as("a registration within 10 s").isNotNull();
        return next;
    }

    @Test
    void registers_and_leaves_before_it_stops_without_failing_a_call(@TempDir Path directory) throws Exception {
        HttpServer gateway = gateway();
        ConfigurableApplicationContext backend = new SpringApplicationBuilder(EchoBackend.class)
                .run(
                        "--server.port=0",
                        "--server.address=127.0.0.1",
                        "--rialto.service=echo",
                        "--rialto.gateways=127.0.0.1:" + gateway.getAddress().getPort(),
                        "--rialto.caller-keys-file=" + TestKeys.file(directory));
        try {
            Seen first = next();
            assertThat(first.caller().issuer()).isEqualTo("echo");
            assertThat(first.body().path("service").stringValue()).isEqualTo("echo");
            assertThat(first.body().path("ttl-ms").intValue()).isEqualTo(10_000);
            String address = first.body().path("address").stringValue();
            assertThat(address)
                    .isEqualTo("127.0.0.1:" + backend.getEnvironment().getProperty("local.server.port"));

            EchoBackend.Echo echo = backend.getBean(EchoBackend.Echo.class);
            CompletableFuture<HttpResponse<String>> call = HttpClient.newHttpClient()
                    .sendAsync(
                            HttpRequest.newBuilder(URI.create("http://" + address + "/test.Echo/Wait"))
                                    .header("content-type", "application/json")
                                    .header("rialto-caller", TestKeys.token("test.Echo/Wait"))
                                    .POST(HttpRequest.BodyPublishers.ofString("\"hi\"", StandardCharsets.UTF_8))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertThat(echo.entered.await(10, TimeUnit.SECONDS)).isTrue();
            Thread closing = Thread.ofVirtual().start(backend::close);
            Seen last = next();
            while (last.body().path("ttl-ms").intValue() != 0) {
                last = next();
            }
            assertThat(last.body().path("instance")).isEqualTo(first.body().path("instance"));
            echo.leave.countDown();
            HttpResponse<String> answer = call.get(10, TimeUnit.SECONDS);
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(closing.join(java.time.Duration.ofSeconds(20))).isTrue();
        } finally {
            backend.close();
            gateway.stop(0);
        }
    }
}

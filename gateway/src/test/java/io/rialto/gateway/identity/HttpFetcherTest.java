package io.rialto.gateway.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Key sets from a server of HTTP on this machine that answers well and badly. */
final class HttpFetcherTest {
    private final HttpFetcher fetcher = new HttpFetcher(Duration.ofMillis(500));
    private final CountDownLatch over = new CountDownLatch(1);
    private final AtomicInteger redirected = new AtomicInteger();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/keys", exchange -> answer(exchange, 200, "{\"keys\": []}"));
        server.createContext("/broken", exchange -> answer(exchange, 500, "no"));
        server.createContext("/huge", exchange -> answer(exchange, 200, "k".repeat(300_000)));
        server.createContext("/moved", exchange -> {
            exchange.getResponseHeaders().set("location", url("/target").toString());
            answer(exchange, 302, "");
        });
        server.createContext("/target", exchange -> {
            redirected.incrementAndGet();
            answer(exchange, 200, "{}");
        });
        server.createContext("/silent", exchange -> {
            await();
            exchange.close();
        });
        server.createContext("/endless", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            OutputStream body = exchange.getResponseBody();
            body.write('{');
            body.flush();
            await();
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        over.countDown();
        server.stop(0);
        threads.close();
    }

    private void await() {
        try {
            over.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private URI url(String path) {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + path);
    }

    @Test
    void gets_what_is_there() throws Exception {
        assertThat(fetcher.fetch(url("/keys"))).isEqualTo("{\"keys\": []}");
    }

    @Test
    void takes_no_other_status_for_an_answer_and_follows_nobody() {
        refused("/broken", "status 500");
        refused("/moved", "status 302");
        assertThat(redirected).hasValue(0);
    }

    @Test
    void ends_with_a_body_that_is_too_large() {
        refused("/huge", "");
    }

    @Test
    void waits_for_neither_an_answer_nor_the_rest_of_one_without_end() {
        refused("/silent", "");
        refused("/endless", "no whole answer after 500 ms");
    }

    @Test
    void says_where_nobody_listens() {
        URI url = url("/keys");
        server.stop(0);
        assertThatThrownBy(() -> fetcher.fetch(url))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(url.toString());
    }

    private void refused(String path, String message) {
        assertThatThrownBy(() -> fetcher.fetch(url(path)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(url(path).toString())
                .hasMessageContaining(message);
    }
}

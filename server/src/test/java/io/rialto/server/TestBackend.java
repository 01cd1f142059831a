package io.rialto.server;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A backend of one cell over HTTP/1.1: it logs in whoever the message names, and tells its cell to everybody else. */
final class TestBackend implements AutoCloseable {
    private final String cell;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicInteger fenced = new AtomicInteger();
    private volatile boolean shardsAreClosed;

    private TestBackend(String cell, HttpServer server) {
        this.cell = cell;
        this.server = server;
    }

    static TestBackend start(String cell) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1_024);
        TestBackend backend = new TestBackend(cell, server);
        server.createContext("/", backend::answer);
        server.setExecutor(backend.threads);
        server.start();
        return backend;
    }

    String address() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    int calls() {
        return calls.get();
    }

    /** Whether its database's fence refuses writes from now on. */
    void closeShards(boolean closed) {
        shardsAreClosed = closed;
    }

    /** Writes that the fence refused. */
    int fenced() {
        return fenced.get();
    }

    private void answer(HttpExchange exchange) throws IOException {
        calls.incrementAndGet();
        try (exchange) {
            byte[] message = exchange.getRequestBody().readAllBytes();
            switch (exchange.getRequestURI().getPath()) {
                case "/test.Session/Login" ->
                    exchange.getResponseHeaders()
                            .set(
                                    "rialto-bind-user",
                                    Json.read(message).path("user").asString());
                case "/test.Version/Raise" -> {
                    String seen = exchange.getRequestHeaders().getFirst("rialto-global-version");
                    long next = seen == null ? 1 : Long.parseLong(seen) + 1;
                    exchange.getResponseHeaders().set("rialto-global-version", Long.toString(next));
                }
                case "/test.Written/Raise" -> {
                    String brought = exchange.getRequestHeaders().getFirst("rialto-written");
                    int place = brought == null ? 0 : Integer.parseInt(brought.split("[/;]", -1)[3], 16);
                    exchange.getResponseHeaders().set("rialto-written", "u-west;1;0/" + (place + 1) + ";somebody");
                }
                case "/test.Slow/Get" -> closing.await();
                case "/test.Closing/Get" -> {
                    // Fewer bytes than it says, and then the connection ends.
                    exchange.sendResponseHeaders(200, 1_000);
                    exchange.getResponseBody().write('{');
                    return;
                }
                case "/test.Moving/Put" -> {
                    if (shardsAreClosed) {
                        fenced.incrementAndGet();
                        exchange.getResponseHeaders().set("rialto-reason", "fenced");
                        exchange.sendResponseHeaders(409, -1);
                        return;
                    }
                }
                default -> {}
            }
            byte[] answer = ("{\"cell\":\"" + cell + "\"}").getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("content-type", "application/json");
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
        } catch (JsonException e) {
            throw new IOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closing.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}

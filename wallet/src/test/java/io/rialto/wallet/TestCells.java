package io.rialto.wallet;

import com.google.protobuf.Message;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.rialto.protocol.Buckets;
import io.rialto.protocol.Caller;
import io.rialto.protocol.CallerTokens;
import io.rialto.protocol.ProtocolException;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * Three cells without the platform: one PostgreSQL with a database and a fence for each, and gateways that take
 * registrations, verify and mint caller tokens, locate by the user's shard, and pass calls on.
 */
final class TestCells implements AutoCloseable {
    static final List<String> CELLS = List.of("east", "west", "global");
    static final int SHARDS = 100;
    private static final byte[] KEY = "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final CallerTokens TOKENS = new CallerTokens(Map.of("k1", KEY), "k1");
    private static final JsonMapper JSON = new JsonMapper();

    private final EmbeddedPostgres postgres;
    private final Path keys;
    private final Map<String, HttpServer> gateways = new ConcurrentHashMap<>();
    private final Map<String, String> backends = new ConcurrentHashMap<>();
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();

    /** An answer that is no 200. */
    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;

        Refused(String body) {
            super(body);
        }
    }

    TestCells(Path directory) throws IOException, SQLException {
        postgres = EmbeddedPostgres.builder()
                .setServerConfig("fsync", "on")
                .setServerConfig("max_connections", "150")
                .start();
        for (String cell : CELLS) {
            try (Connection connection = postgres.getPostgresDatabase().getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute("CREATE DATABASE " + cell);
            }
            try (Connection connection = connection(cell);
                    Statement statement = connection.createStatement()) {
                statement.execute("CREATE SCHEMA rialto; SET search_path = rialto");
                statement.execute(fence());
                statement.execute(
                        switch (cell) {
                            case "global" -> "INSERT INTO fence VALUES (-1, 1, 'OPEN')";
                            case "east" -> "INSERT INTO fence SELECT s, 1, 'OPEN' FROM generate_series(0, 49) s";
                            default -> "INSERT INTO fence SELECT s, 1, 'OPEN' FROM generate_series(50, 99) s";
                        });
            }
            gateways.put(cell, gateway(cell));
        }
        keys = Files.writeString(
                directory.resolve("caller-keys.json"),
                "[{\"id\":\"k1\",\"key\":\"" + Base64.getEncoder().encodeToString(KEY)
                        + "\",\"from\":\"2020-01-01T00:00:00Z\",\"until\":\"2100-01-01T00:00:00Z\"}]");
    }

    private static String fence() throws IOException {
        try (var sql = io.rialto.cells.Fence.class.getResourceAsStream("/io/rialto/cells/migrations/V1__fence.sql")) {
            if (sql == null) {
                throw new IOException("the cells' migration is not where it was");
            }
            return new String(sql.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    String url(String cell) {
        return postgres.getJdbcUrl("postgres", cell);
    }

    Connection connection(String cell) throws SQLException {
        return postgres.getDatabase("postgres", cell).getConnection();
    }

    List<LedgerCheck.Cell> books() {
        List<LedgerCheck.Cell> books = new ArrayList<>();
        CELLS.forEach(cell -> books.add(() -> connection(cell)));
        return books;
    }

    List<String> arguments() {
        List<String> arguments = new ArrayList<>(List.of(
                "--cells=" + String.join(",", CELLS),
                "--rialto.caller-keys-file=" + keys,
                "--wallet.pin-cost=4",
                "--wallet.relay-lease=1s",
                "--wallet.connections=8"));
        for (String cell : CELLS) {
            arguments.add("--" + cell + ".wallet.database-url=" + url(cell));
        }
        gateways.forEach((cell, gateway) -> arguments.add("--" + cell + ".rialto.gateways=127.0.0.1:"
                + gateway.getAddress().getPort()));
        return arguments;
    }

    static String cellOf(int shard) {
        return shard < 0 ? "global" : shard < 50 ? "east" : "west";
    }

    static int shard(String operation, @Nullable String user) {
        return operation.startsWith("wallet.Directory/") || user == null ? -1 : Buckets.of(user, SHARDS);
    }

    private HttpServer gateway(String cell) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            try (exchange) {
                pass(cell, exchange);
            } catch (ProtocolException e) {
                exchange.sendResponseHeaders(401, -1);
            } catch (IOException e) {
                exchange.sendResponseHeaders(503, -1);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        server.start();
        return server;
    }

    private void pass(String cell, HttpExchange exchange) throws IOException, ProtocolException, InterruptedException {
        String operation = exchange.getRequestURI().getPath().substring(1);
        Caller from = TOKENS.verify(
                exchange.getRequestHeaders().getFirst("rialto-caller"), operation, System.currentTimeMillis());
        byte[] body = exchange.getRequestBody().readAllBytes();
        if (operation.equals("rialto.Backends/Register")) {
            if (JSON.readTree(body).path("ttl-ms").intValue() > 0) {
                backends.put(cell, JSON.readTree(body).path("address").stringValue());
            } else {
                backends.remove(cell);
            }
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        HttpResponse<byte[]> answer = send(operation, null, from.user(), from.user(), null, body);
        exchange.sendResponseHeaders(answer.statusCode(), answer.body().length == 0 ? -1 : answer.body().length);
        exchange.getResponseBody().write(answer.body());
    }

    private HttpResponse<byte[]> send(
            String operation,
            @Nullable String device,
            @Nullable String user,
            @Nullable String routedBy,
            @Nullable String key,
            byte[] body)
            throws IOException, InterruptedException {
        int shard = shard(operation, routedBy);
        String backend = backends.get(cellOf(shard));
        if (backend == null) {
            throw new IOException("no backend in " + cellOf(shard));
        }
        long now = System.currentTimeMillis();
        String token = TOKENS.mint(Caller.builder("edge", operation, now, now + 30_000)
                .device(device)
                .user(user)
                .shard(shard)
                .epoch(1)
                .build());
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://" + backend + "/" + operation))
                .timeout(Duration.ofSeconds(5))
                .header("content-type", "application/proto")
                .header("rialto-caller", token)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        if (key != null) {
            request.header("idempotency-key", key);
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    /** A phone's call, as its gateway passes it on. */
    <A extends Message> A call(
            String operation,
            String device,
            @Nullable String user,
            @Nullable String routedBy,
            @Nullable String key,
            Message request,
            A prototype)
            throws IOException, InterruptedException {
        HttpResponse<byte[]> answer = send(operation, device, user, routedBy, key, request.toByteArray());
        if (answer.statusCode() != 200) {
            throw new Refused(new String(answer.body(), StandardCharsets.UTF_8));
        }
        @SuppressWarnings("unchecked")
        A parsed = (A) prototype.getParserForType().parseFrom(answer.body());
        return parsed;
    }

    @Override
    public void close() throws IOException {
        gateways.values().forEach(gateway -> gateway.stop(0));
        postgres.close();
    }
}

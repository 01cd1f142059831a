package io.rialto.benchmark;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.rialto.cells.Fence;
import io.rialto.node.Json;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.protocol.Caller;
import io.rialto.protocol.CallerTokens;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executors;
import tools.jackson.databind.JsonNode;

/**
 * The backend of both cells of {@link TwoCells}, a program of its own: adds one to one of a shard's counters, in a transaction
 * that the fence admits. Its argument is a file with the keys and, for each cell, a port and a database.
 */
public final class CounterBackend {
    static final String OPERATION = "bench.Counter/Add";
    static final String TABLE = "bench.counter";

    private static final int BACKLOG = 1_024;

    /** More than writers, so that none waits here. */
    private static final int CONNECTIONS = 40;

    private static final Duration WAIT = Duration.ofSeconds(10);

    private final CallerTokens callers;
    private final Database database;

    private CounterBackend(CallerTokens callers, Database database) {
        this.callers = callers;
        this.database = database;
    }

    public static void main(String[] arguments) throws IOException {
        // Small answers must not wait for one another, and connections of a pause must not end while they are used.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        System.setProperty("sun.net.httpserver.idleInterval", "3600");
        JsonNode file = Json.mapper().readTree(Files.readString(Path.of(arguments[0])));
        CallerTokens callers = RialtoCell.callers(Path.of(file.get("keys").asString()));
        for (JsonNode cell : file.get("cells")) {
            DatabaseAddress address = new DatabaseAddress(
                    cell.get("url").asString(),
                    cell.get("user").asString(),
                    cell.get("password").asString());
            CounterBackend backend =
                    new CounterBackend(callers, Database.open(address, "bench-backend", CONNECTIONS, WAIT));
            HttpServer server = HttpServer.create(
                    new InetSocketAddress(
                            InetAddress.getLoopbackAddress(), cell.get("port").asInt()),
                    BACKLOG);
            server.createContext("/", backend::answer);
            server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
            server.start();
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            int status = 200;
            String body = "{}";
            try {
                add(exchange);
            } catch (ProtocolException e) {
                status = e.reason().httpStatus();
                body = "{\"code\":\"" + e.reason().code().wireName() + "\",\"reason\":\""
                        + e.reason().wireName() + "\",\"message\":\"\"}";
                exchange.getResponseHeaders().set(HeaderNames.REASON, e.reason().wireName());
            }
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("content-type", "application/json");
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    private void add(HttpExchange exchange) throws ProtocolException, IOException {
        String token = Objects.requireNonNullElse(exchange.getRequestHeaders().getFirst(HeaderNames.CALLER), "");
        Caller caller = callers.verify(token, OPERATION, System.currentTimeMillis());
        int counter = Json.mapper()
                .readTree(exchange.getRequestBody().readAllBytes())
                .get("counter")
                .asInt();
        try (Connection connection = database.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            try {
                run(connection, "SELECT rialto.fence(?, ?)", caller.shard(), caller.epoch());
                run(
                        connection,
                        "UPDATE " + TABLE + " SET value = value + 1 WHERE shard = ? AND id = ?",
                        caller.shard(),
                        counter);
                connection.commit();
            } catch (SQLException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        } catch (SQLException e) {
            boolean fenced = Fence.REFUSED.equals(e.getSQLState());
            if (!fenced) {
                System.out.println("a write failed: " + e.getMessage());
            }
            throw new ProtocolException(fenced ? Reason.FENCED : Reason.INTERNAL, String.valueOf(e.getMessage()));
        }
    }

    private static void run(Connection connection, String sql, int first, long second) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setInt(1, first);
            statement.setLong(2, second);
            statement.execute();
        }
    }
}

package io.rialto.wallet;

import com.google.protobuf.Message;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.rialto.cells.Fence;
import io.rialto.cells.Place;
import io.rialto.cells.RoutingTable;
import io.rialto.cells.move.GlobalCopy;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresServer;
import io.rialto.protocol.Caller;
import io.rialto.protocol.CallerTokens;
import io.rialto.protocol.ProtocolException;
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
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Three cells without the platform: for each a PostgreSQL of its own with the cell's fence and a role for the wallet, and
 * a gateway that takes registrations, verifies and mints caller tokens, locates by the user's shard, and passes calls on.
 */
final class TestCells implements AutoCloseable {
    static final List<String> CELLS = List.of("east", "west", "global");

    /** Of the table's override; it is in the west. */
    static final int OWN_SHARD = 1000;

    private static final String TABLE = """
            {"shards": 100,
             "cells": [
              {"id": "east", "type": "regional", "city": "a", "public": ["https://127.0.0.1:1"], "nodes": []},
              {"id": "west", "type": "regional", "city": "b", "public": ["https://127.0.0.1:2"], "nodes": []},
              {"id": "global", "type": "global", "city": "a", "public": [], "nodes": []}],
             "units": [
              {"id": "u-east", "generation": 1, "cell": "east"},
              {"id": "u-west", "generation": 1, "cell": "west"},
              {"id": "u-global", "generation": 1, "cell": "global"}],
             "assignments": [
              {"from": 0, "to": 49, "unit": "u-east", "epoch": 1}, {"from": 50, "to": 99, "unit": "u-west", "epoch": 1}],
             "overrides": [{"user": "100000000000", "shard": 1000, "unit": "u-west", "epoch": 1}],
             "global": {"unit": "u-global", "epoch": 1, "shard": -1}}""";
    private static final byte[] KEY = "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final CallerTokens TOKENS = new CallerTokens(Map.of("k1", KEY), "k1");
    private static final JsonMapper JSON = new JsonMapper();
    private static final String VERSION = "rialto-global-version";
    private static final String WRITTEN = "rialto-written";

    private final Path directory;
    private final Path keys;
    private final Map<String, PostgresServer> servers = new ConcurrentHashMap<>();
    private final Map<String, DatabaseAddress> databases = new ConcurrentHashMap<>();
    private final Map<String, HttpServer> gateways = new ConcurrentHashMap<>();
    private final Map<String, String> backends = new ConcurrentHashMap<>();
    private final Map<String, Integer> databaseKills = new ConcurrentHashMap<>();
    private final Map<String, Map<String, JsonNode>> inboxes = new ConcurrentHashMap<>();
    private final Map<String, Integer> overrides = new ConcurrentHashMap<>();
    private final TestLedger ledger;
    private final Map<String, Integer> passed = new ConcurrentHashMap<>();

    private final Set<String> away = ConcurrentHashMap.newKeySet();

    /** Of the global data, as devices have been told. */
    private final Map<String, String> versions = new ConcurrentHashMap<>();

    /** Of the newest write, as devices have been told. */
    private final Map<String, String> markers = new ConcurrentHashMap<>();

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private volatile BooleanSupplier lost = () -> false;

    /** An answer that is no 200. */
    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;

        Refused(String body) {
            super(body);
        }
    }

    /** Where a cell's empty database is. */
    @FunctionalInterface
    interface Databases {
        DatabaseAddress of(String cell) throws Exception;
    }

    TestCells(Path directory) throws Exception {
        this(directory, null);
    }

    /** @param external databases, or null for a server of each cell's own */
    TestCells(Path directory, @Nullable Databases external) throws Exception {
        this.directory = directory;
        keys = Files.writeString(
                directory.resolve("caller-keys.json"),
                "[{\"id\":\"k1\",\"key\":\"" + Base64.getEncoder().encodeToString(KEY)
                        + "\",\"from\":\"2020-01-01T00:00:00Z\",\"until\":\"2100-01-01T00:00:00Z\"}]");
        SecureRandom random = new SecureRandom();
        ledger = new TestLedger(JSON.readTree(TABLE));
        RoutingTable table = ledger.table();
        try {
            for (String cell : CELLS) {
                DatabaseAddress address = external == null ? ownDatabase(cell, random) : external.of(cell);
                databases.put(cell, address);
                try (Database database = Database.open(address, cell, 2, Duration.ofSeconds(30))) {
                    Fence fence = Fence.open(database);
                    fence.seed(table, cell);
                    database.backendRole("wallet", "wallet", passwordFile(), random);
                    fence.allow("wallet");
                }
                gateways.put(cell, gateway(cell));
            }
        } catch (Exception e) {
            close();
            throw e;
        }
    }

    private DatabaseAddress ownDatabase(String cell, SecureRandom random) throws Exception {
        PostgresServer server = PostgresServer.start(
                directory.resolve("binaries"), directory.resolve(cell), PostgresServer.Options.standard(), random);
        servers.put(cell, server);
        return server.database("cell");
    }

    /** One device learns which version of the global data another one has seen. */
    void tell(String device, String from) {
        versions.put(device, Objects.requireNonNull(versions.get(from)));
    }

    /** The marker that a device has. */
    String marker(String device) {
        return Objects.requireNonNull(markers.get(device), device);
    }

    /** Whether calls to a cell fail from now on. */
    void away(String cell, boolean gone) {
        if (gone) {
            away.add(cell);
        } else {
            away.remove(cell);
        }
    }

    /** How often a wallet called an operation through its gateway. */
    int passed(String operation) {
        return passed.getOrDefault(operation, 0);
    }

    /** Gives the other cells a copy of the global data. */
    void copyGlobalData() throws Exception {
        try (Database owner = Database.open(database("global"), "global", 2, Duration.ofSeconds(30))) {
            for (String cell : List.of("east", "west")) {
                try (Database copy = Database.open(database(cell), cell, 2, Duration.ofSeconds(30))) {
                    GlobalCopy.Look look = new GlobalCopy(cell, owner, copy, new SecureRandom()).keep();
                    if (look.state() != GlobalCopy.State.MADE) {
                        throw new AssertionError(look);
                    }
                }
            }
        }
    }

    private Path passwordFile() {
        return directory.resolve("wallet.password");
    }

    /** Waits until a wallet of each cell has registered, which it does after it has started. */
    void awaitWallets() {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!CELLS.stream().allMatch(this::serves)) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not all wallets are registered in time: " + backends.keySet());
            }
            LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
        }
    }

    private DatabaseAddress database(String cell) {
        return Objects.requireNonNull(databases.get(cell), cell);
    }

    /** Ends the postmaster as a lost machine would; whoever owns the server starts it again. */
    void killDatabase(String cell) throws IOException {
        Path file = directory.resolve(cell).resolve("data/postmaster.pid");
        long pid = Long.parseLong(Files.readAllLines(file).getFirst().trim());
        databaseKills.merge(cell, 1, Integer::sum);
        ProcessHandle.of(pid).orElseThrow().destroyForcibly();
    }

    /** Whether the cell's PostgreSQL has come back as often as it was killed. */
    boolean databaseServes(String cell) {
        PostgresServer.Health health =
                Objects.requireNonNull(servers.get(cell), cell).health();
        return health.running() && health.restarts() >= databaseKills.getOrDefault(cell, 0);
    }

    Connection connection(String cell) throws SQLException {
        DatabaseAddress address = database(cell);
        return DriverManager.getConnection(address.url(), address.user(), address.password());
    }

    /** Of the database's own administrator, who can write past the fence. */
    Connection forger(String cell) throws SQLException {
        Connection connection = connection(cell);
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET session_replication_role = replica");
        }
        return connection;
    }

    List<LedgerCheck.Cell> books() {
        List<LedgerCheck.Cell> books = new ArrayList<>();
        CELLS.forEach(cell -> books.add(() -> connection(cell)));
        return books;
    }

    /** What a wallet process of these cells is started with. */
    List<String> arguments(List<String> cells) {
        List<String> arguments = new ArrayList<>(List.of(
                "--cells=" + String.join(",", cells),
                "--rialto.caller-keys-file=" + keys,
                "--wallet.database-user=wallet",
                "--wallet.pin-cost=4",
                "--wallet.relay-lease=1s",
                "--rialto.message-lease=1s",
                "--wallet.connections=8"));
        for (String cell : cells) {
            arguments.add("--" + cell + ".wallet.database-url=" + database(cell).url());
            arguments.add("--" + cell + ".wallet.database-password-file=" + passwordFile());
            arguments.add("--" + cell + ".rialto.gateways=127.0.0.1:"
                    + Objects.requireNonNull(gateways.get(cell)).getAddress().getPort());
        }
        return arguments;
    }

    /** From now on the gateways lose an answer whenever this says so: after the backend gave it. */
    void loseAnswers(BooleanSupplier lost) {
        this.lost = lost;
    }

    /** Whether a wallet of the cell has registered since {@link #forget}. */
    boolean serves(String cell) {
        return backends.containsKey(cell);
    }

    /** The wallet of the cell is dead. */
    void forget(String cell) {
        backends.remove(cell);
    }

    /** Gives a user a shard of their own, as an override of the routing table does. */
    void override(String user) {
        overrides.put(user, OWN_SHARD);
    }

    String cellOf(String user) {
        return place("", user).cell().id();
    }

    private Place place(String operation, @Nullable String user) {
        RoutingTable table = ledger.table();
        if (operation.startsWith("wallet.Directory/") || user == null) {
            return table.global();
        }
        return overrides.containsKey(user) ? table.place(OWN_SHARD).orElseThrow() : table.locate(user);
    }

    /** What a mover changes, and what calls are located by. */
    TestLedger ledger() {
        return ledger;
    }

    /** The database as its owner sees it; to be closed. */
    Database owned(String cell) {
        return Database.open(database(cell), "owner", 2, Duration.ofSeconds(30));
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
        if (operation.equals("rialto.Inbox/Publish")) {
            byte[] stored = store(JSON.readTree(body));
            exchange.sendResponseHeaders(200, stored.length);
            exchange.getResponseBody().write(stored);
            return;
        }
        passed.merge(operation, 1, Integer::sum);
        String version = exchange.getRequestHeaders().getFirst(VERSION);
        HttpResponse<byte[]> answer = send(operation, null, from.user(), from.user(), null, version, body);
        answer.headers()
                .firstValue(VERSION)
                .ifPresent(newer -> exchange.getResponseHeaders().add(VERSION, newer));
        exchange.sendResponseHeaders(answer.statusCode(), answer.body().length == 0 ? -1 : answer.body().length);
        exchange.getResponseBody().write(answer.body());
    }

    /** Keeps a message as an inbox does: a key once, in the order of arrival. */
    private byte[] store(JsonNode request) throws IOException {
        String user = request.at("/audience/users/users/0").stringValue();
        if (lost.getAsBoolean()) {
            throw new IOException("lost a publish");
        }
        boolean lose = lost.getAsBoolean();
        int sequence;
        boolean fresh;
        Map<String, JsonNode> inbox = inboxes.computeIfAbsent(user, absent -> new LinkedHashMap<>());
        synchronized (inbox) {
            String key = request.path("key").stringValue();
            fresh = inbox.putIfAbsent(key, JSON.readTree(request.path("payload").binaryValue())) == null;
            sequence = List.copyOf(inbox.keySet()).indexOf(key) + 1;
        }
        if (lose) {
            throw new IOException("lost the answer of a publish");
        }
        ObjectNode answer = JSON.createObjectNode();
        answer.putArray("published")
                .addObject()
                .put("user", user)
                .put("id", "payments." + sequence + "." + user)
                .put("sequence", sequence)
                .put("repeatedKey", !fresh);
        return JSON.writeValueAsBytes(answer);
    }

    /** The messages of a user, in the order of the inbox. */
    List<JsonNode> inbox(String user) {
        Map<String, JsonNode> inbox = inboxes.computeIfAbsent(user, absent -> new LinkedHashMap<>());
        synchronized (inbox) {
            return List.copyOf(inbox.values());
        }
    }

    /** Messages that the wallets have still to publish. */
    long unpublished() throws SQLException {
        long all = 0;
        for (String cell : CELLS) {
            try (Connection connection = connection(cell);
                    Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT count(*) FROM wallet.message_outbox")) {
                rows.next();
                all += rows.getLong(1);
            }
        }
        return all;
    }

    private HttpResponse<byte[]> send(
            String operation,
            @Nullable String device,
            @Nullable String user,
            @Nullable String routedBy,
            @Nullable String key,
            @Nullable String version,
            byte[] body)
            throws IOException, InterruptedException {
        Place place = place(operation, routedBy);
        String backend = backends.get(place.cell().id());
        if (backend == null || away.contains(place.cell().id())) {
            throw new IOException("no backend in " + place.cell().id());
        }
        boolean lose = lost.getAsBoolean();
        long now = System.currentTimeMillis();
        String token = TOKENS.mint(Caller.builder("edge", operation, now, now + 30_000)
                .device(device)
                .user(user)
                .shard(place.shard())
                .epoch(place.epoch())
                .build());
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://" + backend + "/" + operation))
                .timeout(Duration.ofSeconds(5))
                .header("content-type", "application/proto")
                .header("rialto-caller", token)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        if (key != null) {
            request.header("idempotency-key", key);
        }
        if (routedBy != null) {
            request.header("rialto-route", routedBy);
        }
        if (version != null) {
            request.header(VERSION, version);
        }
        if (device != null && markers.containsKey(device)) {
            request.header(WRITTEN, Objects.requireNonNull(markers.get(device)));
        }
        HttpResponse<byte[]> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        if (lose) {
            throw new IOException("lost the answer of " + operation);
        }
        return answer;
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
        HttpResponse<byte[]> answer =
                send(operation, device, user, routedBy, key, versions.get(device), request.toByteArray());
        answer.headers().firstValue(VERSION).ifPresent(newer -> versions.put(device, newer));
        answer.headers().firstValue(WRITTEN).ifPresent(newer -> markers.put(device, newer));
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
        for (PostgresServer server : servers.values()) {
            server.close();
        }
    }
}

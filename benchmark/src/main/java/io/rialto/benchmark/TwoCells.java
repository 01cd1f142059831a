package io.rialto.benchmark;

import io.rialto.cells.Fence;
import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.node.Json;
import io.rialto.node.Secrets;
import io.rialto.node.SnapshotSigner;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresServer;
import io.rialto.protocol.ServerKey;
import io.rialto.protocol.ServerKeyPair;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Two cells as operators run them, on one machine: control and an edge of each cell as processes of their own, a PostgreSQL
 * server for each cell, and {@link CounterBackend}. Cell {@code east} has shards 0 to 49, {@code west} the others.
 */
final class TwoCells implements AutoCloseable {
    static final String APP = "bench";
    static final String EAST = "east";
    static final String WEST = "west";
    static final int SHARDS = 100;

    /** Of east, at first. */
    static final int EAST_SHARDS = 50;

    private static final Duration WAIT = Duration.ofSeconds(20);
    private static final Duration START = Duration.ofSeconds(60);
    private static final int POOL = 8;

    private final Scene scene;
    private final String processors;
    private final Path folder;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, PostgresServer> servers = new LinkedHashMap<>();
    private final Map<String, Database> databases = new LinkedHashMap<>();
    private final Map<String, Integer> publicPorts = new LinkedHashMap<>();
    private final Map<String, Integer> internalPorts = new LinkedHashMap<>();
    private final Map<String, Integer> backendPorts = new LinkedHashMap<>();
    private final List<Child> children = new ArrayList<>();
    private final ServerKeyPair serverKey = ServerKeyPair.generate(1, random);
    private final int controlPort = Tools.freePort();
    private final String controlKey;

    private TwoCells(Scene scene, String processors) throws IOException {
        this.scene = scene;
        this.processors = processors;
        this.folder = Files.createTempDirectory(scene.folder(), "cells");
        this.controlKey = SnapshotSigner.readOrCreate(folder.resolve("signing.key"), random)
                .publicKey();
    }

    static TwoCells start(Scene scene, String processors) throws IOException, InterruptedException {
        TwoCells cells = new TwoCells(scene, processors);
        try {
            cells.startAll();
            return cells;
        } catch (SQLException | TableException e) {
            cells.close();
            throw new IOException("the cells' databases are not prepared", e);
        } catch (IOException | InterruptedException | RuntimeException e) {
            cells.close();
            throw e;
        }
    }

    private void startAll() throws IOException, InterruptedException, SQLException, TableException {
        for (String cell : List.of(EAST, WEST)) {
            publicPorts.put(cell, Tools.freePort());
            internalPorts.put(cell, Tools.freePort());
            backendPorts.put(cell, Tools.freePort());
        }
        startControl();
        JsonNode table = table();
        String keys = RialtoEdge.keys(serverKey, random);
        Files.writeString(folder.resolve("keys.json"), keys);
        try (ControlClient control = control()) {
            boolean taken = control.put(
                    Map.of("table", table, "keys", Json.mapper().readTree(keys), "gateway", gateway()), 0, "bench");
            if (!taken) {
                throw new IOException("control has a configuration already (expected: none)");
            }
        }
        for (String cell : List.of(EAST, WEST)) {
            startDatabase(cell, RoutingTable.parse(table));
        }
        startBackend();
        for (String cell : List.of(EAST, WEST)) {
            startEdge(cell);
        }
    }

    private void startDatabase(String cell, RoutingTable table) throws IOException, InterruptedException, SQLException {
        PostgresServer server = PostgresServer.start(
                scene.folder().resolve("postgres"),
                folder.resolve("database-" + cell),
                PostgresServer.Options.standard(),
                random);
        servers.put(cell, server);
        Database database = Database.open(server.database("rialto"), "bench-" + cell, POOL, WAIT);
        databases.put(cell, database);
        Fence.open(database).seed(table, cell);
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE SCHEMA bench");
            statement.execute("CREATE TABLE " + CounterBackend.TABLE + " (shard int, id int, value bigint NOT NULL,"
                    + " note text NOT NULL, PRIMARY KEY (shard, id)) WITH (fillfactor = 90)");
            statement.execute("SELECT rialto.guard()");
        }
    }

    private void startControl() throws IOException, InterruptedException {
        Properties settings = new Properties();
        settings.putAll(Map.of(
                "control-port", Integer.toString(controlPort),
                "control-signing-key-file", folder.resolve("signing.key").toString(),
                "control-admin-token-file", folder.resolve("admin.token").toString(),
                "control-node-token-file", folder.resolve("node.token").toString(),
                "data", folder.resolve("control").toString()));
        children.add(program("control", settings).awaitPort(controlPort, START));
    }

    private void startEdge(String cell) throws IOException, InterruptedException {
        Properties settings = new Properties();
        settings.putAll(Map.of(
                "edge-cell",
                cell,
                "edge-node",
                cell + "-1",
                "edge-public-port",
                Integer.toString(port(publicPorts, cell)),
                "edge-internal-port",
                Integer.toString(port(internalPorts, cell)),
                "edge-tls-chain-file",
                scene.certificate().toString(),
                "edge-tls-key-file",
                scene.key().toString(),
                "edge-drain-notice",
                "0s",
                "edge-drain",
                "1s"));
        settings.putAll(Map.of(
                "edge-snapshot-file", folder.resolve(cell + ".snapshot").toString(),
                "edge-snapshot-control-urls", controlUrl().toString(),
                "edge-snapshot-control-keys", controlKey,
                "edge-snapshot-control-token-file", folder.resolve("node.token").toString()));
        children.add(program("edge", settings).awaitPort(port(publicPorts, cell), START));
    }

    private Child program(String role, Properties settings) throws IOException {
        Path file = Files.createTempFile(folder, role, ".properties");
        try (var writer = Files.newBufferedWriter(file)) {
            settings.store(writer, null);
        }
        List<String> arguments = new ArrayList<>(RialtoEdge.JVM);
        arguments.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                "io.rialto.server.Rialto",
                "node",
                "--role=" + role,
                "--settings=" + file));
        return java(file.getFileName().toString(), arguments);
    }

    private Child java(String name, List<String> arguments) throws IOException {
        List<String> command =
                new ArrayList<>(List.of(ProcessHandle.current().info().command().orElse("java")));
        command.addAll(arguments);
        return Child.start(name, folder, processors, command);
    }

    private void startBackend() throws IOException, InterruptedException {
        ObjectNode file = Json.mapper().createObjectNode();
        file.put("keys", folder.resolve("keys.json").toString());
        databases.forEach((cell, database) -> {
            DatabaseAddress address = database.address();
            file.withArray("/cells")
                    .addObject()
                    .put("port", port(backendPorts, cell))
                    .put("url", address.url())
                    .put("user", address.user())
                    .put("password", address.password());
        });
        Path settings = folder.resolve("backend.json");
        Files.writeString(settings, Json.write(file));
        Child backend = java(
                "backend",
                List.of(
                        "-Xmx512m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        CounterBackend.class.getName(),
                        settings.toString()));
        children.add(backend.awaitPort(port(backendPorts, EAST), START).awaitPort(port(backendPorts, WEST), START));
    }

    private JsonNode table() {
        return Json.mapper().readTree("""
                {"shards": %d,
                 "cells": [{"id": "east", "type": "regional", "city": "here", "public": ["%s"],
                            "nodes": [{"id": "east-1", "internal": "127.0.0.1:%d"}]},
                           {"id": "west", "type": "regional", "city": "here", "public": ["%s"],
                            "nodes": [{"id": "west-1", "internal": "127.0.0.1:%d"}]},
                           {"id": "global", "type": "global", "city": "here", "public": [], "nodes": []}],
                 "units": [{"id": "u-east", "generation": 1, "cell": "east"},
                           {"id": "u-west", "generation": 1, "cell": "west"},
                           {"id": "u-global", "generation": 1, "cell": "global"}],
                 "assignments": [{"from": 0, "to": %d, "unit": "u-east", "epoch": 1},
                                 {"from": %d, "to": %d, "unit": "u-west", "epoch": 1}],
                 "overrides": [],
                 "global": {"unit": "u-global", "epoch": 1, "shard": -1}}
                """.formatted(
                        SHARDS,
                        gateway(EAST),
                        port(internalPorts, EAST),
                        gateway(WEST),
                        port(internalPorts, WEST),
                        EAST_SHARDS - 1,
                        EAST_SHARDS,
                        SHARDS - 1));
    }

    private JsonNode gateway() {
        return Json.mapper().readTree("""
                {"apps": [{"id": "%s"}],
                 "backends": [{"service": "bench", "addresses": {"east": ["127.0.0.1:%d"], "west": ["127.0.0.1:%d"]}}],
                 "operations": [{"name": "%s", "app": "%s", "backend": "bench", "auth": "device", "route": "hint"}]}
                """.formatted(
                        APP, port(backendPorts, EAST), port(backendPorts, WEST), CounterBackend.OPERATION, APP));
    }

    private static int port(Map<String, Integer> ports, String cell) {
        return ports.getOrDefault(cell, 0);
    }

    /** Where phones call a cell. */
    URI gateway(String cell) {
        return URI.create("https://127.0.0.1:" + port(publicPorts, cell));
    }

    URI controlUrl() {
        return URI.create("http://127.0.0.1:" + controlPort);
    }

    /** What followers of snapshots trust. */
    String controlKey() {
        return controlKey;
    }

    String nodeToken() throws IOException {
        return Secrets.read(folder.resolve("node.token"));
    }

    ControlClient control() throws IOException {
        return new ControlClient(controlUrl(), Secrets.read(folder.resolve("admin.token")));
    }

    ServerKey serverKey() {
        return serverKey.key();
    }

    Path certificate() {
        return scene.certificate();
    }

    Path folder() {
        return folder;
    }

    /** Of the cells, as their administrator. */
    Map<String, Database> databases() {
        return databases;
    }

    PostgresServer server(String cell) {
        return java.util.Objects.requireNonNull(servers.get(cell), cell);
    }

    Database database(String cell) {
        return java.util.Objects.requireNonNull(databases.get(cell), cell);
    }

    /** What stands in the logs of the processes that is no notice of a start. */
    List<String> complaints() throws IOException {
        List<String> complaints = new ArrayList<>();
        for (Child child : children) {
            Files.readAllLines(child.log()).stream()
                    .filter(line -> line.contains("WARN") || line.contains("ERROR") || line.contains("failed"))
                    .limit(5)
                    .forEach(line -> complaints.add(child.name() + ": " + line));
        }
        return complaints;
    }

    @Override
    public void close() {
        databases.values().forEach(Database::close);
        for (int i = children.size() - 1; i >= 0; i--) {
            children.get(i).close();
        }
        servers.values().forEach(server -> {
            try {
                server.close();
            } catch (IOException e) {
                System.out.println("PostgreSQL did not stop in order: " + e.getMessage());
            }
        });
    }
}

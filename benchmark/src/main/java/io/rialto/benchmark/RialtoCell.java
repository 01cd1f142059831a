package io.rialto.benchmark;

import io.rialto.cells.Fence;
import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.node.DurableFiles;
import io.rialto.node.Json;
import io.rialto.node.Snapshot;
import io.rialto.node.SnapshotSigner;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresServer;
import io.rialto.protocol.CallerTokens;
import io.rialto.protocol.ServerKeyPair;
import io.rialto.sync.inbox.PostgresInbox;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import tools.jackson.databind.JsonNode;

/**
 * A cell of one edge, {@code rialto node --role edge}, and the PostgreSQL that comes with Rialto, as durable as it always
 * is. The edge starts from a snapshot on its disk.
 *
 * @param folder with {@code keys.json}, what programs that play devices and backends need
 */
record RialtoCell(PostgresServer database, Child child, Path folder, int plain, int tls, int internal)
        implements Messaging {
    static final String TOPIC = "bench";
    static final String APP = "bench";
    static final String CALLER_KEY = "k1";

    /** Of 16 MB: 1 GB, after which a checkpoint comes where 2 GB are allowed. */
    private static final int LOG_FILES = 60;

    private static final Duration WAIT = Duration.ofSeconds(10);

    static RialtoCell start(Scene scene, String processors) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory(scene.folder(), "cell");
        SecureRandom random = new SecureRandom();
        PostgresServer database = PostgresServer.start(
                scene.folder().resolve("postgres"),
                folder.resolve("database"),
                PostgresServer.Options.standard(),
                random);
        try {
            DatabaseAddress inbox = prepare(database, folder.resolve("password"), random);
            int plain = Tools.freePort();
            int tls = Tools.freePort();
            int internal = Tools.freePort();
            Path settings = settings(scene, folder, inbox, Map.of("public", tls, "plain", plain, "internal", internal));
            List<String> command = new ArrayList<>(
                    List.of(ProcessHandle.current().info().command().orElse("java")));
            command.addAll(RialtoEdge.JVM);
            command.addAll(List.of(
                    "-cp",
                    System.getProperty("java.class.path"),
                    "io.rialto.server.Rialto",
                    "node",
                    "--role=edge",
                    "--settings=" + settings));
            Child child = Child.start(folder.getFileName().toString(), scene.folder(), processors, command)
                    .awaitPort(tls, Duration.ofSeconds(30));
            return new RialtoCell(database, child, folder, plain, tls, internal);
        } catch (SQLException | TableException e) {
            database.close();
            throw new IOException("the cell's database is not prepared", e);
        } catch (IOException | InterruptedException | RuntimeException e) {
            database.close();
            throw e;
        }
    }

    /** As {@code rialto cells prepare} does. */
    private static DatabaseAddress prepare(PostgresServer server, Path password, SecureRandom random)
            throws IOException, SQLException, TableException {
        try (Database database = Database.open(server.database("rialto"), "bench-prepare", 2, WAIT)) {
            Fence fence = Fence.open(database);
            fence.seed(RoutingTable.parse(Json.mapper().readTree(RialtoEdge.TABLE)), "one");
            DatabaseAddress inbox = database.backendRole(PostgresInbox.ROLE, PostgresInbox.ROLE, password, random);
            fence.allow(PostgresInbox.ROLE);
            try (Database own = Database.open(inbox, "bench-prepare", 2, WAIT)) {
                PostgresInbox.migrate(own);
            }
            return inbox;
        }
    }

    private static Path settings(Scene scene, Path folder, DatabaseAddress inbox, Map<String, Integer> ports)
            throws IOException {
        SecureRandom random = new SecureRandom();
        SnapshotSigner signer = SnapshotSigner.generate(random);
        DurableFiles.replace(folder.resolve("snapshot"), signer.sign(snapshot(folder, random)));
        Properties settings = new Properties();
        ports.forEach((name, port) -> settings.put("edge-" + name + "-port", Integer.toString(port)));
        settings.putAll(Map.of(
                "edge-cell",
                "one",
                "edge-node",
                "one-1",
                "edge-tls-chain-file",
                scene.certificate().toString(),
                "edge-tls-key-file",
                scene.key().toString(),
                "edge-drain-notice",
                "0s",
                "edge-drain",
                "1s",
                "edge-snapshot-file",
                folder.resolve("snapshot").toString(),
                "edge-snapshot-control-keys",
                signer.publicKey(),
                "edge-snapshot-control-urls",
                "http://127.0.0.1:" + Tools.freePort()));
        settings.putAll(Map.of(
                "inbox-url",
                inbox.url(),
                "inbox-user",
                inbox.user(),
                "inbox-password-file",
                folder.resolve("password").toString()));
        Path file = folder.resolve("edge.properties");
        try (var writer = Files.newBufferedWriter(file)) {
            settings.store(writer, null);
        }
        return file;
    }

    private static Snapshot snapshot(Path folder, SecureRandom random) throws IOException {
        String keys = RialtoEdge.keys(ServerKeyPair.generate(1, random), random);
        Files.writeString(folder.resolve("keys.json"), keys);
        String gateway = """
                {"apps": [{"id": "%s"}], "bounds": {"queue-delay-ms": 1000}, "backends": [], "operations": []}
                """.formatted(APP);
        String sync = """
                {"topics": [{"name": "%s", "app": "%s"}]}
                """.formatted(TOPIC, APP);
        return new Snapshot(
                1,
                Instant.now(),
                Map.of(
                        "keys", Json.mapper().readTree(keys),
                        "gateway", Json.mapper().readTree(gateway),
                        "table", Json.mapper().readTree(RialtoEdge.TABLE),
                        "sync", Json.mapper().readTree(sync)));
    }

    /** What the platform's servers know one another by. */
    static CallerTokens callers(Path keys) throws IOException {
        JsonNode key = Json.mapper()
                .readTree(Files.readString(keys, StandardCharsets.UTF_8))
                .get("caller")
                .get(0);
        byte[] secret = Base64.getDecoder().decode(key.get("key").asString());
        return new CallerTokens(Map.of(CALLER_KEY, secret), CALLER_KEY);
    }

    static String user(int number) {
        return Integer.toString(1_000_000 + number);
    }

    Path keys() {
        return folder.resolve("keys.json");
    }

    @Override
    public String name() {
        return "Rialto";
    }

    @Override
    public String description() {
        return "`rialto node --role edge` and its PostgreSQL (fsync, synchronous_commit and full_page_writes on, 128 MB of"
                + " shared buffers, no standby), published to by `rialto.Inbox/Publish` over HTTP/2, each message under a"
                + " key that is known as long as its history; sheds load from a queue of 1 s (default 50 ms), as its"
                + " peers shed none; JVM " + String.join(" ", RialtoEdge.JVM);
    }

    @Override
    public boolean isDurable() {
        return true;
    }

    @Override
    public Sender sender() throws IOException, InterruptedException {
        return RialtoSender.connect(internal, callers(keys()));
    }

    /**
     * As PostgreSQL does by itself every few minutes; from then on it writes its log into files that it has used before. So
     * that these last for as long as they do in a database that has been in use, as many are begun as it fills from one
     * checkpoint to the next: all commits wait while a new one is made.
     */
    @Override
    public void settle() throws IOException {
        try {
            DatabaseAddress own = database.database("rialto");
            try (Connection connection = DriverManager.getConnection(own.url(), own.user(), own.password());
                    Statement statement = connection.createStatement()) {
                for (int i = 0; i < LOG_FILES; i++) {
                    statement.execute("SELECT pg_logical_emit_message(false, 'rialto', ''), pg_switch_wal()");
                }
                statement.execute("CHECKPOINT");
            }
        } catch (SQLException e) {
            throw new IOException("no checkpoint", e);
        }
    }

    /** So that what is resident is what is in use, before and after alike. */
    @Override
    public long residentKilobytes() throws IOException, InterruptedException {
        String java = ProcessHandle.current().info().command().orElse("java");
        Path jcmd = Path.of(java).resolveSibling("jcmd");
        for (int i = 0; i < 2; i++) {
            Tools.run(List.of(jcmd.toString(), Long.toString(child.process().pid()), "GC.run"));
        }
        return child.residentKilobytes();
    }

    @Override
    public List<String> deviceArguments() {
        return List.of(
                "RIALTO",
                Integer.toString(tls),
                Integer.toString(internal),
                Integer.toString(plain),
                keys().toString());
    }

    @Override
    public void close() {
        child.close();
        try {
            database.close();
        } catch (IOException e) {
            System.out.println("PostgreSQL did not stop in order: " + e.getMessage());
        }
    }
}

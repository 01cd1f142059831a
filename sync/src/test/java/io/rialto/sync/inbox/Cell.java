package io.rialto.sync.inbox;

import io.rialto.cells.Fence;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresServer;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.sync.Publication;
import io.rialto.sync.Slice;
import io.rialto.sync.Stored;
import io.rialto.sync.Topic;
import io.rialto.sync.Versions;
import io.rialto.sync.Want;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** A PostgreSQL with the fence of a few shards and one or more nodes' inboxes on it. */
final class Cell implements AutoCloseable {
    static final int SHARDS = 8;
    static final String TOPIC = "payments";
    static final SyncKey NO_KEY = new SyncKey(TOPIC, false, 0, 0);

    final PostgresServer server;
    final DatabaseAddress address;
    final Map<String, Topic> topics = new ConcurrentHashMap<>(Map.of(TOPIC, Topic.of(TOPIC, "wallet")));
    private final Database database;

    private Cell(PostgresServer server, String name) throws SQLException {
        this.server = server;
        this.address = server.database(name);
        this.database = Database.open(address, name, 2, Duration.ofSeconds(10));
        Fence.open(database);
        execute("INSERT INTO rialto.fence (shard, epoch, state) SELECT n, 1, 'OPEN' FROM generate_series(-1, "
                + (SHARDS - 1) + ") n");
    }

    static PostgresServer start(Path directory) throws Exception {
        return start(directory.resolve("binaries"), directory);
    }

    static PostgresServer start(Path binaries, Path directory) throws Exception {
        return PostgresServer.start(
                binaries, directory.resolve("server"), PostgresServer.Options.standard(), new SecureRandom());
    }

    /** A new database of a server. */
    static Cell of(PostgresServer server, String name) throws SQLException {
        return new Cell(server, name);
    }

    PostgresInbox node() throws SQLException {
        return node(PostgresInbox.Settings.standard());
    }

    PostgresInbox node(PostgresInbox.Settings settings) throws SQLException {
        return node(database, settings);
    }

    PostgresInbox node(Database through, PostgresInbox.Settings settings) throws SQLException {
        PostgresInbox.migrate(through);
        return PostgresInbox.open(
                through.address(), settings, () -> topics, (rule, want) -> rule.contains(want.device()));
    }

    static int shard(String user) {
        return user.isEmpty() ? -1 : Math.floorMod(user.hashCode(), SHARDS);
    }

    static Publication message(String user, String key) {
        return message(user, key, key.getBytes(StandardCharsets.UTF_8));
    }

    static Publication message(String user, String key, byte[] payload) {
        return new Publication(
                shard(user),
                1,
                user,
                TOPIC,
                key,
                null,
                null,
                "text/plain",
                payload,
                Instant.now(),
                null,
                Versions.ALL,
                false,
                "",
                0);
    }

    static Stored get(CompletableFuture<Stored> answer) throws Exception {
        try {
            return answer.get(30, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof ProtocolException refusal ? refusal : e;
        }
    }

    static Want want(String user, String device, SyncKey after) {
        return new Want(user, device, after, Versions.UNKNOWN, Batch.MAX_MESSAGES, 128 << 10);
    }

    static Batch next(PostgresInbox inbox, Want want) {
        return ((Slice.Next) inbox.read(List.of(want)).getFirst()).batch();
    }

    /** Reads all of a user as a device does, from nothing. */
    static List<Batch> all(PostgresInbox inbox, String user) {
        List<Batch> batches = new ArrayList<>();
        SyncKey after = NO_KEY;
        while (inbox.read(List.of(want(user, "phone", after))).getFirst() instanceof Slice.Next next) {
            if (next.batch().first() != after.sequence() + 1) {
                throw new AssertionError(next.batch().first() + " after " + after);
            }
            batches.add(next.batch());
            after = next.batch().end();
        }
        return batches;
    }

    /** In a transaction that holds the fences of all shards. */
    void execute(String sql) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("SELECT rialto.open_shards(ARRAY(SELECT shard FROM rialto.fence))");
            statement.execute(sql);
            connection.commit();
        }
    }

    long number(String sql) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    Connection connect() throws SQLException {
        return DriverManager.getConnection(address.url(), address.user(), address.password());
    }

    @Override
    public void close() {
        database.close();
    }
}

package io.rialto.sync;

import io.rialto.cells.Fence;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.PostgresServer;
import io.rialto.sync.inbox.PostgresInbox;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;

/** A PostgreSQL with the fence of the cell east of {@link TwoCells}, and its inbox. */
public final class CellDatabase implements AutoCloseable {
    public final Database database;
    public final PostgresInbox inbox;
    private final PostgresServer server;

    public CellDatabase(Path directory) throws Exception {
        server = PostgresServer.start(
                directory.resolve("binaries"),
                directory.resolve("server"),
                PostgresServer.Options.standard(),
                new SecureRandom());
        database = Database.open(server.database("east"), "east", 8, Duration.ofSeconds(10));
        Fence.open(database).seed(TwoCells.TABLE, "east");
        Map<String, Topic> topics = Map.of("payments", Topic.of("payments", "wallet"));
        PostgresInbox.migrate(database);
        inbox = PostgresInbox.open(
                database.address(), PostgresInbox.Settings.standard(), () -> topics, (rule, want) -> true);
    }

    /** A message of a user of the cell. */
    public static Publication message(String user, String key) {
        return new Publication(
                TwoCells.TABLE.locate(user).shard(),
                TwoCells.TABLE.locate(user).epoch(),
                user,
                "payments",
                key,
                null,
                null,
                "text/plain",
                new byte[] {1},
                TwoCells.NOW,
                null,
                Versions.ALL,
                false,
                "",
                0);
    }

    public static String user() {
        return TwoCells.users("east", 1).getFirst();
    }

    public static String strangeUser() {
        return TwoCells.users("west", 1).getFirst();
    }

    public static io.rialto.cells.RoutingTable table() {
        return TwoCells.TABLE;
    }

    /** In a transaction that holds the fences of all open shards. */
    public void execute(String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("BEGIN");
            statement.execute("SELECT rialto.open_shards(ARRAY(SELECT shard FROM rialto.fence))");
            statement.execute(sql);
            statement.execute("COMMIT");
        }
    }

    public String text(String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? String.valueOf(row.getString(1)) : "";
        }
    }

    @Override
    public void close() throws Exception {
        inbox.close();
        database.close();
        server.close();
    }
}

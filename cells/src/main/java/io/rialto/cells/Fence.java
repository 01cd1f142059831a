package io.rialto.cells;

import io.rialto.node.postgres.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The fence in one cell's database, schema {@code rialto}: the last and decisive check that a write is for a shard that
 * this cell owns. Backends call {@code SELECT rialto.fence(shard, epoch)} first in every transaction that writes; it
 * raises {@value #REFUSED} unless the shard is open here at that epoch.
 */
public final class Fence {
    /** SQLSTATE of a refusal. */
    public static final String REFUSED = "RL001";

    private static final String SCHEMA = "rialto";
    private static final Pattern ROLE = Pattern.compile("[a-z][a-z0-9_]{0,62}");

    /** SQLSTATE of a refusal for a user who is read-only until what a take-over lacked is put right. */
    public static final String READ_ONLY = "RL003";

    /** What a database says about a shard. */
    public enum State {
        /** Has no data here that counts. */
        ABSENT,
        /** Takes writes at its epoch. */
        OPEN,
        /** Takes no writes any more; its data is, or may be, the only good copy. */
        CLOSED,
        /** Will not be opened at this epoch. */
        REFUSED,
        /** Has been taken over by another cell; its data may be purged. */
        RETIRED
    }

    /**
     * One row.
     *
     * @param next the cell that a closed shard moves to
     */
    public record Row(int shard, long epoch, State state, Optional<String> next) {}

    private final Database database;

    private Fence(Database database) {
        this.database = database;
    }

    /** The fence of a cell's database, whose tables are brought up to date. */
    public static Fence open(Database database) throws SQLException {
        database.migrate(SCHEMA, "cells", "io/rialto/cells/migrations");
        return new Fence(database);
    }

    /**
     * Writes rows for the shards of a table that the database has no row for: OPEN where the cell owns the shard and it
     * is at its first epoch or the database is new, ABSENT otherwise. Rows that are there stay as they are: once a
     * database knows a shard, only a move changes that.
     *
     * @return how many rows were written
     */
    public int seed(RoutingTable table, String cell) throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            try {
                int written = seed(connection, table, cell);
                nameUnit(connection, table, cell);
                connection.commit();
                return written;
            } finally {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
    }

    private static int seed(Connection connection, RoutingTable table, String cell) throws SQLException {
        boolean fresh;
        try (Statement statement = connection.createStatement()) {
            // Of several nodes that start at once, one sees the fresh database.
            statement.execute("LOCK TABLE rialto.fence IN SHARE ROW EXCLUSIVE MODE");
            try (ResultSet rows = statement.executeQuery("SELECT NOT EXISTS (SELECT FROM rialto.fence)")) {
                rows.next();
                fresh = rows.getBoolean(1);
            }
        }
        try (PreparedStatement statement = connection.prepareStatement(
                "INSERT INTO rialto.fence (shard, epoch, state) VALUES (?, ?, ?) ON CONFLICT (shard) DO NOTHING")) {
            for (Place place : Stream.concat(table.places().stream(), table.shadowPlaces().stream())
                    .toList()) {
                // A shard that has moved before must not appear open in a database that was not part of the move.
                boolean open = place.cell().id().equals(cell) && (fresh || place.epoch() == 1);
                statement.setInt(1, place.shard());
                statement.setLong(2, place.epoch());
                statement.setString(3, open ? State.OPEN.name() : State.ABSENT.name());
                statement.addBatch();
            }
            int written = 0;
            for (int count : statement.executeBatch()) {
                written += count;
            }
            return written;
        }
    }

    /** What the database's markers name; a database of several units, which do not fail over apart, names none. */
    private static void nameUnit(Connection connection, RoutingTable table, String cell) throws SQLException {
        List<String> units = table.units().stream()
                .filter(unit -> unit.cell().equals(cell))
                .map(Unit::id)
                .toList();
        if (units.size() == 1) {
            try (PreparedStatement statement = connection.prepareStatement("INSERT INTO rialto.unit (name) VALUES (?)"
                    + " ON CONFLICT (one) DO UPDATE SET name = excluded.name WHERE unit.name <> excluded.name")) {
                statement.setString(1, units.getFirst());
                statement.executeUpdate();
            }
        }
    }

    /** What the database says about a shard. */
    public Optional<Row> row(int shard) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                PreparedStatement statement =
                        connection.prepareStatement("SELECT epoch, state, next FROM rialto.fence WHERE shard = ?")) {
            statement.setInt(1, shard);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next()
                        ? Optional.of(new Row(
                                shard,
                                rows.getLong(1),
                                State.valueOf(rows.getString(2)),
                                Optional.ofNullable(rows.getString(3))))
                        : Optional.empty();
            }
        }
    }

    /**
     * Lets a backend's role pass the fence and read it: workers of a backend, which no caller token names a shard to, find
     * there which shards are open and at which epoch. It may guard its own tables, say whose their rows are, have users found
     * behind by their markers, and can change nothing else of the schema.
     */
    public void allow(String role) throws SQLException {
        if (!ROLE.matcher(role).matches()) {
            throw new IllegalArgumentException("role: " + role + " (expected: " + ROLE + ")");
        }
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("GRANT USAGE ON SCHEMA rialto TO " + role);
            statement.execute("GRANT SELECT ON rialto.fence TO " + role);
            statement.execute("GRANT EXECUTE ON FUNCTION rialto.fence(int, bigint) TO " + role);
            statement.execute("GRANT EXECUTE ON FUNCTION rialto.open_shards(int[]) TO " + role);
            statement.execute("GRANT SELECT ON rialto.carried TO " + role);
            statement.execute("GRANT EXECUTE ON FUNCTION rialto.guard() TO " + role);
            statement.execute("GRANT EXECUTE ON FUNCTION rialto.owned_by_user(regclass, name, text) TO " + role);
            statement.execute("GRANT EXECUTE ON FUNCTION rialto.next_global_version() TO " + role);
            statement.execute("GRANT EXECUTE ON FUNCTION rialto.global_version() TO " + role);
            statement.execute("GRANT EXECUTE ON FUNCTION rialto.fence(int, bigint, text, text) TO " + role);
            statement.execute("GRANT EXECUTE ON FUNCTION rialto.written() TO " + role);
            statement.execute("GRANT EXECUTE ON FUNCTION rialto.find_behind(text, text) TO " + role);
            statement.execute("GRANT SELECT ON rialto.takeover TO " + role);
            statement.execute("GRANT SELECT (uid) ON rialto.behind TO " + role);
        }
    }

    /**
     * Lets the role of the cell's edges say that a user is behind, without a marker that shows it: a device of the user has
     * messages that this database lacks.
     */
    public void allowEdges(String role) throws SQLException {
        if (!ROLE.matcher(role).matches()) {
            throw new IllegalArgumentException("role: " + role + " (expected: " + ROLE + ")");
        }
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("GRANT EXECUTE ON FUNCTION rialto.note_behind(text, text) TO " + role);
        }
    }
}

package io.rialto.cells.failover;

import io.rialto.node.postgres.DatabaseAddress;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a former primary wrote and nobody took over: its rows by transactions that the next primary had not seen, one JSON
 * object a line, table and row, and whose it is where its table says so. After a failover none of them was acknowledged;
 * after a take-over by a remote copy they may have been. Rows that it deleted are not among them, since the next primary
 * still has those.
 */
final class Tail {
    /** A tail after a failover is what a primary wrote alone, for seconds. */
    static final int MAX_ROWS = 100_000;

    private static final int FETCH = 1000;

    private Tail() {}

    /** @param user quoted name of the column that says whose a row is; null where none does */
    private record Table(String name, @Nullable String user) {}

    /** Takes some users at a time, each of them once for each table. */
    interface Users {
        void found(List<String> users) throws SQLException;
    }

    /**
     * Writes the file.
     *
     * @param snapshot of the transactions that the next primary had
     * @param maxRows more are not written; users of all are found
     * @return how many rows were written
     */
    static int write(DatabaseAddress server, String snapshot, Path file, int maxRows, Users users)
            throws SQLException, IOException {
        int written = 0;
        try (Connection connection = DriverManager.getConnection(server.url(), server.user(), server.password());
                BufferedWriter out = Files.newBufferedWriter(file)) {
            connection.setAutoCommit(false);
            for (Table table : tables(connection)) {
                written += rows(connection, table, snapshot, maxRows - written, out);
                users(connection, table, snapshot, users);
            }
            connection.rollback();
        }
        return written;
    }

    private static List<Table> tables(Connection connection) throws SQLException {
        List<Table> tables = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            boolean owned;
            try (ResultSet row = statement.executeQuery("SELECT to_regclass('rialto.owned') IS NOT NULL")) {
                owned = row.next() && row.getBoolean(1);
            }
            try (ResultSet rows = statement.executeQuery("SELECT format('%I.%I', n.nspname, c.relname), "
                    + (owned ? "quote_ident(o.user_column)" : "NULL") + " FROM pg_class c"
                    + " JOIN pg_namespace n ON n.oid = c.relnamespace"
                    + (owned ? " LEFT JOIN rialto.owned o ON o.schema = n.nspname AND o.\"table\" = c.relname" : "")
                    + " WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname NOT LIKE 'pg\\_%'"
                    + " AND n.nspname <> 'information_schema' ORDER BY 1")) {
                while (rows.next()) {
                    tables.add(new Table(rows.getString(1), rows.getString(2)));
                }
            }
        }
        return tables;
    }

    /** A row's transaction number has 32 bits; the rest of it is taken from the snapshot. */
    private static String unseen(Table table) {
        return " FROM " + table.name() + " rialto_row, (SELECT ?::pg_snapshot AS seen) rialto_seen"
                + " WHERE NOT pg_visible_in_snapshot((((pg_snapshot_xmax(rialto_seen.seen)::text::bigint >> 32) << 32)"
                + " + rialto_row.xmin::text::bigint)::text::xid8, rialto_seen.seen)";
    }

    private static int rows(Connection connection, Table table, String snapshot, int limit, BufferedWriter out)
            throws SQLException, IOException {
        String whose = table.user() == null ? "" : "'user', rialto_row." + table.user() + ", ";
        String sql = "SELECT json_build_object('table', ?::text, " + whose + "'row', to_json(rialto_row))::text"
                + unseen(table) + " LIMIT ?";
        int written = 0;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setFetchSize(FETCH);
            statement.setString(1, table.name());
            statement.setString(2, snapshot);
            statement.setInt(3, limit);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    out.write(rows.getString(1));
                    out.newLine();
                    written++;
                }
            }
        }
        return written;
    }

    private static void users(Connection connection, Table table, String snapshot, Users users) throws SQLException {
        if (table.user() == null) {
            return;
        }
        String column = "rialto_row." + table.user();
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT DISTINCT " + column + unseen(table) + " AND " + column + " <> ''")) {
            statement.setFetchSize(FETCH);
            statement.setString(1, snapshot);
            List<String> some = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    some.add(rows.getString(1));
                    if (some.size() == FETCH) {
                        users.found(some);
                        some.clear();
                    }
                }
            }
            if (!some.isEmpty()) {
                users.found(some);
            }
        }
    }
}

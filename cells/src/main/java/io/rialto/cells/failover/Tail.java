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

/**
 * What a former primary wrote and nobody took over: its rows by transactions that the next primary had not seen, one JSON
 * object a line, table and row. None of them was acknowledged. Rows that it deleted are not among them, since the next
 * primary still has those.
 */
final class Tail {
    /** A tail is what a primary wrote alone, for seconds. */
    private static final int MAX_ROWS = 100_000;

    private static final int FETCH = 1000;

    private Tail() {}

    /**
     * Writes the file.
     *
     * @param snapshot of the transactions that the next primary had
     * @return how many rows differ
     */
    static int write(DatabaseAddress server, String snapshot, Path file) throws SQLException, IOException {
        int written = 0;
        try (Connection connection = DriverManager.getConnection(server.url(), server.user(), server.password());
                BufferedWriter out = Files.newBufferedWriter(file)) {
            connection.setAutoCommit(false);
            for (String table : tables(connection)) {
                written += rows(connection, table, snapshot, MAX_ROWS - written, out);
            }
            connection.rollback();
        }
        return written;
    }

    private static List<String> tables(Connection connection) throws SQLException {
        List<String> tables = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c"
                        + " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'"
                        + " AND c.relpersistence = 'p' AND n.nspname NOT LIKE 'pg\\_%'"
                        + " AND n.nspname <> 'information_schema' ORDER BY 1")) {
            while (rows.next()) {
                tables.add(rows.getString(1));
            }
        }
        return tables;
    }

    private static int rows(Connection connection, String table, String snapshot, int limit, BufferedWriter out)
            throws SQLException, IOException {
        // A row's transaction number has 32 bits; the rest of it is taken from the snapshot.
        String sql = "SELECT json_build_object('table', ?::text, 'row', to_json(rialto_row))::text FROM " + table
                + " rialto_row,"
                + " (SELECT ?::pg_snapshot AS seen) rialto_seen WHERE NOT pg_visible_in_snapshot((((pg_snapshot_xmax(rialto_seen.seen)::text"
                + "::bigint >> 32) << 32) + rialto_row.xmin::text::bigint)::text::xid8, rialto_seen.seen) LIMIT ?";
        int written = 0;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setFetchSize(FETCH);
            statement.setString(1, table);
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
}

package io.rialto.node.postgres;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import java.util.regex.Pattern;

/**
 * A new logical replication slot, and the state of the database at the very place where its changes begin: a copy made in
 * that snapshot, followed by the changes of the slot, has everything once. The slot stays when this is closed, the
 * snapshot does not.
 */
public final class SlotSnapshot implements AutoCloseable {
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,62}");

    private final Connection replication;
    private final String snapshot;

    private SlotSnapshot(Connection replication, String snapshot) {
        this.replication = replication;
        this.snapshot = snapshot;
    }

    /** Makes the slot, which waits for the transactions that write at this moment. */
    public static SlotSnapshot create(DatabaseAddress source, String slot) throws SQLException {
        if (!NAME.matcher(slot).matches()) {
            throw new IllegalArgumentException("slot: " + slot + " (expected: " + NAME + ")");
        }
        Properties properties = source.properties("rialto-slot");
        properties.put("replication", "database");
        properties.put("preferQueryMode", "simple");
        properties.put("assumeMinServerVersion", "17");
        Connection connection = DriverManager.getConnection(source.url(), properties);
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "CREATE_REPLICATION_SLOT " + slot + " LOGICAL pgoutput (SNAPSHOT 'export')")) {
            row.next();
            return new SlotSnapshot(connection, row.getString("snapshot_name"));
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    /** For {@code SET TRANSACTION SNAPSHOT}, as long as this is open. */
    public String name() {
        return snapshot;
    }

    @Override
    public void close() throws SQLException {
        replication.close();
    }
}

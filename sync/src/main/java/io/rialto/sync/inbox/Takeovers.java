package io.rialto.sync.inbox;

import io.rialto.cells.Fence;
import io.rialto.protocol.sync.SyncKey;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;

/** Devices that have more than a database which took over from another one. */
final class Takeovers {
    private static final String NEWEST = "SELECT coalesce(max(generation), 0) FROM rialto.takeover";
    private static final String NOTE = "SELECT rialto.note_behind(?, ?)";

    /** The trigger of the take-over makes it more, as it does for the next message. */
    private static final String RAISE = """
            UPDATE inbox.head SET last = ? WHERE uid = ? AND topic = ? AND shard = ? AND id = ? AND last < ?""";

    /** The sequences after a take-over begin at its generation times this. */
    private static final int BITS = 32;

    private final Tables tables;

    Takeovers(Tables tables) {
        this.tables = tables;
    }

    boolean outran(int shard, String user, SyncKey key) {
        return tables.write(connection -> {
            if (key.sequence() >= newest(connection) << BITS) {
                return false; // nothing was taken over, or nobody ever gave this
            }
            if (!OpenShards.hold(connection, List.of(shard)).containsKey(shard)) {
                throw new SQLException("shard " + shard + " is not open here any more", Fence.REFUSED);
            }
            try (PreparedStatement note = connection.prepareStatement(NOTE)) {
                note.setString(1, user);
                note.setString(2, key.topic() + ": " + key.sequence());
                note.execute();
            }
            try (PreparedStatement raise = connection.prepareStatement(RAISE)) {
                raise.setLong(1, key.sequence());
                raise.setString(2, user);
                raise.setString(3, key.topic());
                raise.setInt(4, shard);
                raise.setLong(5, key.inbox());
                raise.setLong(6, key.sequence());
                raise.executeUpdate();
            }
            return true;
        });
    }

    private static long newest(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(NEWEST);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getLong(1);
        }
    }
}

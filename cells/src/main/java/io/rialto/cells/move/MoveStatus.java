package io.rialto.cells.move;

import io.rialto.cells.Fence;
import io.rialto.node.postgres.Database;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * What one database says of a shard.
 *
 * @param barred epoch up to which nothing closes the shard here any more, as moves were cancelled; or 0
 * @param streams moves that stream out of this database, each with how far it is
 */
public record MoveStatus(Fence.Row fence, long barred, List<String> streams) {
    public MoveStatus {
        streams = List.copyOf(streams);
    }

    /** As it is now. */
    public static MoveStatus of(Database database, int shard) throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            Held held = FenceSteps.read(connection, shard);
            List<String> streams = Sql.list(
                    connection,
                    row -> row.getString(1),
                    "SELECT s.slot_name || CASE WHEN s.active THEN ', behind by '"
                            + " || pg_wal_lsn_diff(pg_current_wal_lsn(), r.replay_lsn) || ' bytes'"
                            + " ELSE ', not followed' END FROM pg_replication_slots s"
                            + " LEFT JOIN pg_stat_replication r ON r.pid = s.active_pid"
                            + " WHERE starts_with(s.slot_name, ?) AND s.database = current_database()",
                    "rialto_move_" + shard + "_");
            return new MoveStatus(held.row(), held.barred(), streams);
        }
    }

    /** For a person, on one line. */
    @Override
    public String toString() {
        return fence.state() + " at epoch " + fence.epoch()
                + fence.next().map(next -> ", next " + next).orElse("")
                + (streams.isEmpty() ? "" : ", streams out: " + streams);
    }
}

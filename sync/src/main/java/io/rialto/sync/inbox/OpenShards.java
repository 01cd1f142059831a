package io.rialto.sync.inbox;

import io.rialto.sync.Inbox;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The fence for many shards at once: the same lock as that of {@code rialto.fence}, but a closed shard is an answer and not
 * an error, so that it fails its own writes only.
 */
public final class OpenShards {
    private static final String HOLD = "SELECT shard, epoch FROM rialto.open_shards(?)";

    private static final String NOW = "SELECT shard, epoch FROM rialto.fence WHERE shard = ANY (?) AND state = 'OPEN'";

    private OpenShards() {}

    /** Those that are open here at their epochs at this moment; nothing is held. */
    static Set<Inbox.ShardEpoch> now(Connection connection, Set<Inbox.ShardEpoch> asked) throws SQLException {
        Set<Inbox.ShardEpoch> open = new HashSet<>();
        try (PreparedStatement statement = connection.prepareStatement(NOW + Tables.LASTING)) {
            Object[] shards =
                    asked.stream().map(Inbox.ShardEpoch::shard).distinct().toArray();
            statement.setArray(1, connection.createArrayOf("int4", shards));
            try (ResultSet rows = Tables.lasting(statement)) {
                while (rows.next()) {
                    open.add(new Inbox.ShardEpoch(rows.getInt(1), rows.getLong(2)));
                }
            }
        }
        open.retainAll(asked);
        return open;
    }

    /**
     * The epochs of those of the shards that are open here; they stay open until the transaction ends.
     *
     * <p>The function gives the transaction an id and writes to the log. So its commit waits for the standbys even where
     * it finds all its keys known, and an earlier commit whose wait was cancelled is not answered before it is on them.
     */
    public static Map<Integer, Long> hold(Connection connection, Collection<Integer> shards) throws SQLException {
        Map<Integer, Long> epochs = new HashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(HOLD)) {
            statement.setArray(1, connection.createArrayOf("int4", new TreeSet<>(shards).toArray(new Integer[0])));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    epochs.put(rows.getInt(1), rows.getLong(2));
                }
            }
        }
        return epochs;
    }
}

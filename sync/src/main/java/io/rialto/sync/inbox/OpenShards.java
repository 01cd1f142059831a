package io.rialto.sync.inbox;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;

/**
 * The fence for many shards at once: the same lock as that of {@code rialto.fence}, but a closed shard is an answer and not
 * an error, so that it fails its own writes only.
 */
public final class OpenShards {
    private static final String HOLD = "SELECT shard, epoch FROM rialto.open_shards(?)";

    private OpenShards() {}

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

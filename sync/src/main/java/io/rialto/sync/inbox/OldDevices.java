package io.rialto.sync.inbox;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Forgets devices that have not been seen for long, with how far they were. Nothing is lost: a device that comes after all
 * says its keys. Devices are walked through a page in each round; where the walk is, a node keeps for itself.
 */
final class OldDevices {
    /** A phone that lay in a drawer for a year. */
    private static final Duration AGE = Duration.ofDays(400);
    /** Of one round: some milliseconds. */
    private static final int PAGE = 1_000;

    private static final String DEVICES = """
            SELECT uid, device, shard, seen < now() - make_interval(secs => ?) FROM inbox.device
            WHERE (uid, device) > (?, ?) ORDER BY uid, device LIMIT ?""";

    private static final String FORGET = """
            WITH old AS (
                SELECT * FROM unnest(?::int[], ?::text[], ?::text[]) AS g (shard, uid, device) WHERE shard = ANY (?)
            ), gone AS (
                DELETE FROM inbox.device d USING old o
                WHERE d.uid = o.uid AND d.device = o.device AND d.shard = o.shard
                      AND d.seen < now() - make_interval(secs => ?)
                RETURNING d.uid, d.device, d.shard
            ), cursors AS (
                DELETE FROM inbox.cursor c USING gone g
                WHERE c.uid = g.uid AND c.device = g.device AND c.shard = g.shard
            )
            DELETE FROM inbox.wake w USING gone g WHERE w.uid = g.uid AND w.device = g.device AND w.shard = g.shard""";

    private final Tables tables;
    private WakeTable.Taken last = new WakeTable.Taken(0, "", "");

    OldDevices(Tables tables) {
        this.tables = tables;
    }

    /** One page; of one thread. */
    void round() {
        WakeTable.Taken from = last;
        last = tables.write(connection -> page(connection, from));
    }

    /** Where the next page begins. */
    private static WakeTable.Taken page(Connection connection, WakeTable.Taken from) throws SQLException {
        List<WakeTable.Taken> old = new ArrayList<>();
        Set<Integer> shards = new HashSet<>();
        WakeTable.Taken end = new WakeTable.Taken(0, "", "");
        int rows = 0;
        try (PreparedStatement select = connection.prepareStatement(DEVICES)) {
            select.setDouble(1, WakeTable.seconds(AGE));
            select.setString(2, from.user());
            select.setString(3, from.device());
            select.setInt(4, PAGE);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    rows++;
                    end = new WakeTable.Taken(row.getInt(3), row.getString(1), row.getString(2));
                    if (row.getBoolean(4)) {
                        old.add(end);
                        shards.add(end.shard());
                    }
                }
            }
        }
        if (!old.isEmpty()) {
            forget(connection, old, OpenShards.hold(connection, shards).keySet());
        }
        return rows < PAGE ? new WakeTable.Taken(0, "", "") : end;
    }

    private static void forget(Connection connection, List<WakeTable.Taken> old, Set<Integer> open)
            throws SQLException {
        try (PreparedStatement forget = connection.prepareStatement(FORGET)) {
            forget.setArray(1, Tables.column(connection, "int4", old, WakeTable.Taken::shard));
            forget.setArray(2, Tables.column(connection, "text", old, WakeTable.Taken::user));
            forget.setArray(3, Tables.column(connection, "text", old, WakeTable.Taken::device));
            forget.setArray(4, connection.createArrayOf("int4", open.toArray()));
            forget.setDouble(5, WakeTable.seconds(AGE));
            forget.executeUpdate();
        }
    }
}

package io.rialto.sync.inbox;

import io.rialto.protocol.sync.Step;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Notes messages of users whose end came before any device had acknowledged them, as a step that webhooks are told of.
 * Nothing is looked at in topics of which no webhook wants to hear it.
 */
final class Expirations {
    /** Messages of one look: some ten milliseconds. */
    private static final int LOOK = 2_000;
    /** Looks of one topic in a round. */
    private static final int MAX_LOOKS = 100;

    private static final String TOPICS = "SELECT DISTINCT topic FROM inbox.webhook WHERE step = ?";

    private static final String MARK = "SELECT mark FROM inbox.expiry_mark WHERE topic = ? FOR UPDATE SKIP LOCKED";
    private static final String FIRST =
            "INSERT INTO inbox.expiry_mark (topic, mark) VALUES (?, now()) ON CONFLICT DO NOTHING";
    private static final String MOVE = "UPDATE inbox.expiry_mark SET mark = ? WHERE topic = ?";
    private static final String HORIZON = "SELECT least(now(), " + WakeTable.OLDEST_WRITER + ")";

    private static final String WINDOW = """
            SELECT count(*), max(expires), array_agg(DISTINCT shard) FROM (
                SELECT expires, shard FROM inbox.message
                WHERE topic || '' = ? AND expires > ? AND expires <= ?
                ORDER BY expires FETCH FIRST ? ROWS WITH TIES) m""";

    private static final String NOTE = """
            INSERT INTO inbox.receipt (shard, uid, topic, everyone, first, last, device, step, at, node, reason)
            SELECT m.shard, m.uid, m.topic, false, m.sequence, m.sequence, '', ?, m.expires, '', ''
            FROM inbox.message m
            WHERE m.topic || '' = ? AND m.expires > ? AND m.expires <= ? AND m.shard = ANY (?)
                  AND m.uid <> '' AND m.revokes = 0 AND m.revoked IS NULL
                  AND NOT EXISTS (
                      SELECT FROM inbox.cursor c
                      WHERE c.uid = m.uid AND c.topic = m.topic AND NOT c.everyone AND c.sequence >= m.sequence
                            AND (m.device IS NULL OR c.device = m.device))
                  AND (m.collapse IS NULL OR NOT EXISTS (
                      SELECT FROM inbox.message l
                      WHERE l.uid = m.uid AND l.topic = m.topic AND l.collapse = m.collapse AND l.sequence > m.sequence))
            ON CONFLICT DO NOTHING""";

    private final Tables tables;

    Expirations(Tables tables) {
        this.tables = tables;
    }

    void round() {
        List<String> topics = tables.read(connection -> {
            try (PreparedStatement select = connection.prepareStatement(TOPICS)) {
                select.setInt(1, Step.EXPIRED.number());
                List<String> found = new ArrayList<>();
                try (ResultSet rows = select.executeQuery()) {
                    while (rows.next()) {
                        found.add(rows.getString(1));
                    }
                }
                return found;
            }
        });
        for (String topic : topics) {
            boolean more = true;
            for (int i = 0; i < MAX_LOOKS && more; i++) {
                more = tables.write(connection -> look(connection, topic));
            }
        }
    }

    /** Whether there is more; not where another node is at it, or it begins now. */
    private static boolean look(Connection connection, String topic) throws SQLException {
        Timestamp mark = null;
        try (PreparedStatement select = connection.prepareStatement(MARK)) {
            select.setString(1, topic);
            try (ResultSet row = select.executeQuery()) {
                if (row.next()) {
                    mark = row.getTimestamp(1);
                }
            }
        }
        if (mark == null) {
            try (PreparedStatement first = connection.prepareStatement(FIRST)) {
                first.setString(1, topic);
                first.executeUpdate();
            }
            return false;
        }
        Timestamp horizon;
        try (PreparedStatement select = connection.prepareStatement(HORIZON);
                ResultSet row = select.executeQuery()) {
            row.next();
            horizon = row.getTimestamp(1);
        }
        boolean more = false;
        if (horizon.after(mark)) {
            Array shards;
            try (PreparedStatement window = connection.prepareStatement(WINDOW)) {
                window.setString(1, topic);
                window.setTimestamp(2, mark);
                window.setTimestamp(3, horizon);
                window.setInt(4, LOOK);
                try (ResultSet row = window.executeQuery()) {
                    row.next();
                    more = row.getLong(1) >= LOOK;
                    horizon = more ? row.getTimestamp(2) : horizon;
                    shards = row.getArray(3);
                    if (shards != null) {
                        note(connection, topic, mark, horizon, Set.of((Integer[]) shards.getArray()));
                    }
                }
            }
            try (PreparedStatement move = connection.prepareStatement(MOVE)) {
                move.setTimestamp(1, horizon);
                move.setString(2, topic);
                move.executeUpdate();
            }
        }
        return more;
    }

    private static void note(Connection connection, String topic, Timestamp after, Timestamp until, Set<Integer> shards)
            throws SQLException {
        Object[] open = OpenShards.hold(connection, shards).keySet().toArray();
        try (PreparedStatement note = connection.prepareStatement(NOTE)) {
            note.setInt(1, Step.EXPIRED.number());
            note.setString(2, topic);
            note.setTimestamp(3, after);
            note.setTimestamp(4, until);
            note.setArray(5, connection.createArrayOf("int4", open));
            note.executeUpdate();
        }
    }
}

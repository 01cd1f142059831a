package io.rialto.sync.inbox;

import io.rialto.cells.RoutingTable;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.sync.Broadcasts;
import io.rialto.sync.Publication;
import io.rialto.sync.Versions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Messages to everyone, handed from cell to cell. A copy is not fenced: it is not this cell's to decide on, and what it
 * holds is the same wherever it comes from.
 */
final class BroadcastTable {
    private static final int MAX_PAGE = 256;

    private static final String AFTER = """
            SELECT h.id, h.last, m.sequence, m.key, m.rule, m.content_type, m.payload, m.accepted, m.stored, m.expires,
                   m.min_version, m.max_version, m.urgent, m.collapse, m.revokes, m.revoked, m.notice
            FROM inbox.head h
            LEFT JOIN LATERAL (
                SELECT * FROM inbox.message t
                WHERE t.uid = '' AND t.topic = h.topic AND t.sequence > ? ORDER BY t.sequence LIMIT ?
            ) m ON true
            WHERE h.uid = '' AND h.topic = ? ORDER BY m.sequence""";

    private static final String MAKE_HEAD = """
            INSERT INTO inbox.head (shard, uid, topic, id, last) VALUES (-1, '', ?, ?, 0) ON CONFLICT DO NOTHING""";

    private static final String HOLD_HEAD = "SELECT id, last FROM inbox.head WHERE uid = '' AND topic = ? FOR UPDATE";

    private static final String MOVE_HEAD = "UPDATE inbox.head SET last = ? WHERE uid = '' AND topic = ?";

    private static final String COPY = """
            INSERT INTO inbox.message (shard, uid, topic, sequence, key, rule, content_type, payload, accepted, stored, expires,
                   min_version, max_version, urgent, collapse, revokes, revoked, notice)
            VALUES (-1, '', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING""";

    private static final String TAKE_BACK = """
            UPDATE inbox.message SET revoked = ?, payload = '', notice = NULL
            WHERE uid = '' AND topic = ? AND sequence = ? AND revoked IS NULL""";

    private final Tables tables;

    BroadcastTable(Tables tables) {
        this.tables = tables;
    }

    long highest(String topic) {
        return tables.read(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement("SELECT last FROM inbox.head WHERE uid = '' AND topic = ?")) {
                statement.setString(1, topic);
                try (ResultSet row = statement.executeQuery()) {
                    return row.next() ? row.getLong(1) : 0L;
                }
            }
        });
    }

    Optional<Broadcasts.Page> after(String topic, long sequence, int limit) {
        int bounded = Math.clamp(limit, 1, MAX_PAGE);
        return tables.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(AFTER + Tables.LASTING)) {
                statement.setLong(1, sequence);
                statement.setInt(2, bounded);
                statement.setString(3, topic);
                List<Broadcasts.Row> rows = new ArrayList<>();
                long id = 0;
                long last = 0;
                try (ResultSet row = Tables.lasting(statement)) {
                    while (row.next()) {
                        id = row.getLong(1);
                        last = row.getLong(2);
                        if (row.getLong(3) > 0) {
                            rows.add(row(topic, row));
                        }
                    }
                }
                if (last <= sequence) {
                    return Optional.empty();
                }
                long end = rows.size() == bounded ? rows.getLast().sequence() : last;
                return Optional.of(new Broadcasts.Page(sequence + 1, new SyncKey(topic, true, id, end), rows));
            }
        });
    }

    private static Broadcasts.Row row(String topic, ResultSet row) throws SQLException {
        long min = row.getLong(11);
        Versions versions = row.wasNull() ? Versions.ALL : new Versions(min, row.getLong(12));
        String collapse = row.getString(14);
        Publication publication = new Publication(
                RoutingTable.GLOBAL_SHARD,
                0,
                "",
                topic,
                row.getString(4),
                null,
                row.getString(5),
                row.getString(6),
                row.getBytes(7),
                row.getTimestamp(8).toInstant(),
                instant(row.getTimestamp(10)),
                versions,
                row.getBoolean(13),
                collapse == null ? "" : collapse,
                row.getString(17),
                row.getLong(15));
        return new Broadcasts.Row(
                row.getLong(3), publication, row.getTimestamp(9).toInstant(), instant(row.getTimestamp(16)));
    }

    private static @Nullable Instant instant(@Nullable Timestamp time) {
        return time == null ? null : time.toInstant();
    }

    private static @Nullable Timestamp timestamp(@Nullable Instant time) {
        return time == null ? null : Timestamp.from(time);
    }

    boolean copy(Broadcasts.Page page) {
        return tables.write(connection -> {
            SyncKey end = page.end();
            long last = holdHead(connection, page);
            if (last < 0 || page.first() > last + 1) {
                return false;
            }
            for (Broadcasts.Row row : page.rows()) {
                if (row.sequence() > last) {
                    copy(connection, end.topic(), row);
                }
            }
            if (end.sequence() > last) {
                try (PreparedStatement statement = connection.prepareStatement(MOVE_HEAD)) {
                    statement.setLong(1, end.sequence());
                    statement.setString(2, end.topic());
                    statement.executeUpdate();
                }
            }
            return true;
        });
    }

    /** The highest sequence that is here, or -1 where nothing is here or it is of another inbox. */
    private static long holdHead(Connection connection, Broadcasts.Page page) throws SQLException {
        SyncKey end = page.end();
        if (page.first() == 1) {
            try (PreparedStatement statement = connection.prepareStatement(MAKE_HEAD)) {
                statement.setString(1, end.topic());
                statement.setLong(2, end.inbox());
                statement.executeUpdate();
            }
        }
        try (PreparedStatement statement = connection.prepareStatement(HOLD_HEAD)) {
            statement.setString(1, end.topic());
            try (ResultSet row = statement.executeQuery()) {
                return row.next() && row.getLong(1) == end.inbox() ? row.getLong(2) : -1;
            }
        }
    }

    private static void copy(Connection connection, String topic, Broadcasts.Row row) throws SQLException {
        Publication publication = row.publication();
        boolean all = publication.versions().equals(Versions.ALL);
        try (PreparedStatement statement = connection.prepareStatement(COPY)) {
            int n = 1;
            statement.setString(n++, topic);
            statement.setLong(n++, row.sequence());
            statement.setString(n++, publication.key());
            statement.setString(n++, publication.rule());
            statement.setString(n++, publication.contentType());
            statement.setBytes(n++, publication.payload());
            statement.setTimestamp(n++, Timestamp.from(publication.accepted()));
            statement.setTimestamp(n++, Timestamp.from(row.stored()));
            statement.setTimestamp(n++, timestamp(publication.expires()));
            statement.setObject(n++, all ? null : publication.versions().min(), Types.BIGINT);
            statement.setObject(n++, all ? null : publication.versions().max(), Types.BIGINT);
            statement.setBoolean(n++, publication.urgent());
            statement.setString(n++, publication.collapse().isEmpty() ? null : publication.collapse());
            statement.setLong(n++, publication.revokes());
            statement.setTimestamp(n++, timestamp(row.revoked()));
            statement.setString(n, publication.notice());
            statement.executeUpdate();
        }
        if (publication.revokes() > 0) {
            try (PreparedStatement statement = connection.prepareStatement(TAKE_BACK)) {
                statement.setTimestamp(1, Timestamp.from(row.stored()));
                statement.setString(2, topic);
                statement.setLong(3, publication.revokes());
                statement.executeUpdate();
            }
        }
    }
}

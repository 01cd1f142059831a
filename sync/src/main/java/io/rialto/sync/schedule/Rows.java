package io.rialto.sync.schedule;

import io.rialto.sync.Publication;
import io.rialto.sync.Repetition;
import io.rialto.sync.ScheduledId;
import io.rialto.sync.Versions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The table {@code inbox.scheduled}. */
final class Rows {
    private Rows() {}

    /**
     * A row whose time has come.
     *
     * @param due of this occurrence; its key is made of it
     * @param now by the database's clock
     * @param message with the shard and epoch that the row was made with, and all else as the occurrence has it
     */
    record Due(String user, String topic, long number, Instant due, Instant now, String repeat, Publication message) {
        Publication publication(int shard, long epoch) {
            return new Publication(
                    shard,
                    epoch,
                    user,
                    topic,
                    repeat.isEmpty() ? message.key() : message.key() + '@' + due.getEpochSecond(),
                    message.device(),
                    message.rule(),
                    message.contentType(),
                    message.payload(),
                    message.accepted(),
                    message.expires(),
                    message.versions(),
                    message.urgent(),
                    message.collapse(),
                    message.notice(),
                    0);
        }
    }

    /** Whether it is there now for the first time. */
    static boolean insert(Connection connection, Publication message, Instant begin, Instant due, String repeat)
            throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                INSERT INTO inbox.scheduled (shard, uid, topic, number, key, due, attempt, repeat, lifetime_ms, device, rule,
                    content_type, payload, min_version, max_version, urgent, collapse, notice)
                VALUES (?, ?, ?, hashtextextended(?, 0) & 9007199254740991, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (uid, topic, key) DO NOTHING""")) {
            Instant expires = message.expires();
            insert.setInt(1, message.shard());
            insert.setString(2, message.user());
            insert.setString(3, message.topic());
            insert.setString(4, message.key());
            insert.setString(5, message.key());
            insert.setObject(6, due.atOffset(ZoneOffset.UTC));
            insert.setObject(7, due.atOffset(ZoneOffset.UTC));
            insert.setString(8, repeat);
            if (expires == null) {
                insert.setNull(9, Types.BIGINT);
            } else {
                insert.setLong(9, Duration.between(begin, expires).toMillis());
            }
            insert.setString(10, message.device());
            insert.setString(11, message.rule());
            insert.setString(12, message.contentType());
            insert.setBytes(13, message.payload());
            insert.setLong(14, message.versions().min());
            insert.setLong(15, message.versions().max());
            insert.setBoolean(16, message.urgent());
            insert.setString(17, message.collapse());
            insert.setString(18, message.notice());
            return insert.executeUpdate() == 1;
        }
    }

    static long number(Connection connection, Publication message) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "SELECT number FROM inbox.scheduled WHERE uid = ? AND topic = ? AND key = ?")) {
            select.setString(1, message.user());
            select.setString(2, message.topic());
            select.setString(3, message.key());
            try (ResultSet rows = select.executeQuery()) {
                if (!rows.next()) {
                    throw new SQLException("scheduled message is gone: " + message.topic());
                }
                return rows.getLong(1);
            }
        }
    }

    /** The shard of a row, for its fence. */
    static Optional<Integer> shard(Connection connection, ScheduledId id) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "SELECT shard FROM inbox.scheduled WHERE uid = ? AND topic = ? AND number = ?")) {
            select.setString(1, id.user());
            select.setString(2, id.topic());
            select.setLong(3, id.number());
            try (ResultSet rows = select.executeQuery()) {
                return rows.next() ? Optional.of(rows.getInt(1)) : Optional.empty();
            }
        }
    }

    /** A cancelled row stays for a while, so that a late repetition of its publish does not bring it back. */
    static boolean cancel(Connection connection, ScheduledId id) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(
                "UPDATE inbox.scheduled SET cancelled = now() WHERE uid = ? AND topic = ? AND number = ?")) {
            update.setString(1, id.user());
            update.setString(2, id.topic());
            update.setLong(3, id.number());
            return update.executeUpdate() > 0;
        }
    }

    /** Of shards that are open here; another cell publishes what has moved there. */
    static List<Due> lockDue(Connection connection, int limit) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT uid, topic, number, due, now(), repeat, shard, key, device, rule, content_type, payload,
                    due + lifetime_ms * interval '1 millisecond', min_version, max_version, urgent, collapse,
                    notice
                FROM inbox.scheduled WHERE attempt <= now() AND cancelled IS NULL
                    AND shard IN (SELECT f.shard FROM rialto.fence f WHERE f.state = 'OPEN')
                ORDER BY attempt LIMIT ? FOR UPDATE SKIP LOCKED""")) {
            select.setInt(1, limit);
            List<Due> due = new ArrayList<>();
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    due.add(due(rows));
                }
            }
            return due;
        }
    }

    private static Due due(ResultSet rows) throws SQLException {
        Instant due = rows.getObject(4, OffsetDateTime.class).toInstant();
        Instant now = rows.getObject(5, OffsetDateTime.class).toInstant();
        @Nullable OffsetDateTime expires = rows.getObject(13, OffsetDateTime.class);
        Publication message = new Publication(
                rows.getInt(7),
                0,
                rows.getString(1),
                rows.getString(2),
                rows.getString(8),
                rows.getString(9),
                rows.getString(10),
                rows.getString(11),
                rows.getBytes(12),
                now,
                expires == null ? null : expires.toInstant(),
                new Versions(rows.getLong(14), rows.getLong(15)),
                rows.getBoolean(16),
                rows.getString(17),
                rows.getString(18),
                0);
        return new Due(message.user(), message.topic(), rows.getLong(3), due, now, rows.getString(6), message);
    }

    /** The next occurrence, or the end. What a cell missed while it was down is not made up for. */
    static void done(Connection connection, Due row) throws SQLException {
        Optional<Instant> next = row.repeat().isEmpty()
                ? Optional.empty()
                : Repetition.parse(row.repeat()).next(later(row.due(), row.now()));
        if (next.isPresent()) {
            move(connection, row, next.get(), next.get());
            return;
        }
        try (PreparedStatement delete =
                connection.prepareStatement("DELETE FROM inbox.scheduled WHERE uid = ? AND topic = ? AND number = ?")) {
            delete.setString(1, row.user());
            delete.setString(2, row.topic());
            delete.setLong(3, row.number());
            delete.executeUpdate();
        }
    }

    /** Tried again a little later; until then others have their turn. */
    static void postpone(Connection connection, Due row) throws SQLException {
        move(connection, row, row.due(), row.now().plus(RETRY));
    }

    private static final Duration RETRY = Duration.ofSeconds(5);

    private static void move(Connection connection, Due row, Instant due, Instant attempt) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(
                "UPDATE inbox.scheduled SET due = ?, attempt = ? WHERE uid = ? AND topic = ? AND number = ?")) {
            update.setObject(1, due.atOffset(ZoneOffset.UTC));
            update.setObject(2, attempt.atOffset(ZoneOffset.UTC));
            update.setString(3, row.user());
            update.setString(4, row.topic());
            update.setLong(5, row.number());
            update.executeUpdate();
        }
    }

    /** Forgets what was cancelled long ago. */
    static void purge(Connection connection) throws SQLException {
        try (PreparedStatement delete = connection.prepareStatement("""
                DELETE FROM inbox.scheduled WHERE cancelled < now() - interval '30 days' AND shard IN (
                    SELECT o.shard FROM rialto.open_shards(ARRAY(
                        SELECT DISTINCT s.shard FROM inbox.scheduled s
                        WHERE s.cancelled < now() - interval '30 days')) o)""")) {
            delete.executeUpdate();
        }
    }

    static Instant later(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }
}

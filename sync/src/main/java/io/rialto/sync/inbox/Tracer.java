package io.rialto.sync.inbox;

import io.rialto.protocol.sync.Step;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.sync.Audience;
import io.rialto.sync.MessageId;
import io.rialto.sync.Topic;
import io.rialto.sync.Trace;
import io.rialto.sync.Versions;
import io.rialto.sync.Want;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Tells where messages have been. */
final class Tracer {
    /** A page for a person; each message takes a few reads. */
    private static final int MAX_MESSAGES = 100;
    /** Steps of one message that are told. */
    private static final int MAX_STEPS = 1_000;

    private static final String MESSAGE = """
            SELECT accepted, stored, expires, revoked, device, min_version, max_version, rule,
                   coalesce(expires <= statement_timestamp(), false),
                   coalesce((SELECT max(l.sequence) FROM inbox.message l
                             WHERE l.uid = m.uid AND l.topic = m.topic AND l.collapse = m.collapse
                                   AND l.sequence > m.sequence), 0)
            FROM inbox.message m WHERE uid = ? AND topic = ? AND sequence = ?""";

    /** That it expired, the message says itself; the row is there for webhooks. */
    private static final String RECEIPTS = """
            SELECT step, at, device, node, reason FROM inbox.receipt
            WHERE uid = ? AND topic = ? AND everyone = ? AND last >= ? AND first <= ? AND step <> 8
            ORDER BY at, step LIMIT ?""";

    private static final String DEVICES = """
            SELECT d.device, d.version, d.app, coalesce(c.sequence, 0), d.locale, d.platform
            FROM inbox.device d
            LEFT JOIN inbox.cursor c
                 ON c.uid = d.uid AND c.device = d.device AND c.topic = ? AND c.everyone = ? AND c.shard = d.shard
            WHERE d.uid = ? ORDER BY d.device""";

    private static final String NEWEST = """
            SELECT n.uid, n.topic, n.sequence
            FROM inbox.head h, LATERAL (
                SELECT uid, topic, sequence, stored FROM inbox.message m
                WHERE m.uid = h.uid AND m.topic = h.topic ORDER BY sequence DESC LIMIT ?) n
            WHERE h.uid IN (?, '') ORDER BY n.stored DESC, n.sequence DESC LIMIT ?""";

    private final Tables tables;
    private final Supplier<Map<String, Topic>> topics;
    private final Audience audience;

    /** What a message says of itself. */
    private record Row(
            List<Trace.Passed> steps,
            @Nullable String device,
            Versions versions,
            @Nullable String rule,
            boolean revoked,
            boolean expired,
            long replacedBy) {}

    Tracer(Tables tables, Supplier<Map<String, Topic>> topics, Audience audience) {
        this.tables = tables;
        this.topics = topics;
        this.audience = audience;
    }

    Optional<Trace> trace(MessageId id, String user) {
        return tables.read(connection -> trace(connection, id, user));
    }

    List<Trace> traceUser(String user, int limit) {
        int bounded = Math.clamp(limit, 1, MAX_MESSAGES);
        return tables.read(connection -> {
            List<MessageId> ids = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(NEWEST)) {
                statement.setInt(1, bounded);
                statement.setString(2, user);
                statement.setInt(3, bounded);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        ids.add(new MessageId(rows.getString(2), rows.getLong(3), rows.getString(1)));
                    }
                }
            }
            List<Trace> traces = new ArrayList<>();
            for (MessageId id : ids) {
                trace(connection, id, user).ifPresent(traces::add);
            }
            return traces;
        });
    }

    private Optional<Trace> trace(Connection connection, MessageId id, String asked) throws SQLException {
        Row row = row(connection, id);
        if (row == null) {
            return Optional.empty();
        }
        String user = id.user().isEmpty() ? asked : id.user();
        List<Trace.Passed> steps = new ArrayList<>(row.steps());
        steps.addAll(receipts(connection, id, user));
        steps.sort(Comparator.comparing(Trace.Passed::at)
                .thenComparingInt(step -> step.step().number()));
        return Optional.of(new Trace(id, steps, user.isEmpty() ? "" : stopped(connection, id, user, row)));
    }

    private static @Nullable Row row(Connection connection, MessageId id) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(MESSAGE)) {
            statement.setString(1, id.user());
            statement.setString(2, id.topic());
            statement.setLong(3, id.sequence());
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    return null;
                }
                List<Trace.Passed> steps = new ArrayList<>();
                add(steps, Step.ACCEPTED, row.getTimestamp(1));
                add(steps, Step.STORED, row.getTimestamp(2));
                boolean expired = row.getBoolean(9);
                if (expired) {
                    add(steps, Step.EXPIRED, row.getTimestamp(3));
                }
                Timestamp revoked = row.getTimestamp(4);
                add(steps, Step.REVOKED, revoked);
                long min = row.getLong(6);
                Versions versions = row.wasNull() ? Versions.ALL : new Versions(min, row.getLong(7));
                return new Row(
                        steps, row.getString(5), versions, row.getString(8), revoked != null, expired, row.getLong(10));
            }
        }
    }

    private static void add(List<Trace.Passed> steps, Step step, @Nullable Timestamp at) {
        if (at != null) {
            steps.add(new Trace.Passed(step, at.toInstant(), "", "", ""));
        }
    }

    private static List<Trace.Passed> receipts(Connection connection, MessageId id, String user) throws SQLException {
        List<Trace.Passed> steps = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(RECEIPTS)) {
            statement.setString(1, user);
            statement.setString(2, id.topic());
            statement.setBoolean(3, id.user().isEmpty());
            statement.setLong(4, id.sequence());
            statement.setLong(5, id.sequence());
            statement.setInt(6, MAX_STEPS);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    Instant at = rows.getTimestamp(2).toInstant();
                    steps.add(new Trace.Passed(
                            Step.of(rows.getInt(1)), at, rows.getString(3), rows.getString(4), rows.getString(5)));
                }
            }
        }
        return steps;
    }

    private String stopped(Connection connection, MessageId id, String user, Row row) throws SQLException {
        List<String> behind = new ArrayList<>();
        int addressed = 0;
        Topic topic = topics.get().get(id.topic());
        try (PreparedStatement statement = connection.prepareStatement(DEVICES)) {
            statement.setString(1, id.topic());
            statement.setBoolean(2, id.user().isEmpty());
            statement.setString(3, user);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    String device = rows.getString(1);
                    boolean ofApp = topic == null || topic.app().equals(rows.getString(3));
                    SyncKey key = new SyncKey(id.topic(), id.user().isEmpty(), 0, 0);
                    Want want =
                            new Want(user, device, key, rows.getLong(2), rows.getString(5), rows.getString(6), 1, 1);
                    if (ofApp && isFor(want, row)) {
                        addressed++;
                        if (rows.getLong(4) < id.sequence()) {
                            behind.add(device + " at " + rows.getLong(4));
                        }
                    }
                }
            }
        }
        if (addressed == 0) {
            return "no device of the user that it is for is known";
        }
        return behind.isEmpty() ? "" : why(row) + String.join(", ", behind);
    }

    private boolean isFor(Want want, Row row) {
        return (row.device() == null || row.device().equals(want.device()))
                && row.versions().contain(want.version())
                && (row.rule() == null || audience.includes(row.rule(), want));
    }

    private static String why(Row row) {
        if (row.revoked()) {
            return "revoked before it was acknowledged by ";
        }
        if (row.expired()) {
            return "expired before it was acknowledged by ";
        }
        if (row.replacedBy() > 0) {
            return "replaced by " + row.replacedBy() + " before it was acknowledged by ";
        }
        return "waits for ";
    }
}

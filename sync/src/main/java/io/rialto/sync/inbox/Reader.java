package io.rialto.sync.inbox;

import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.protocol.sync.SyncMessage;
import io.rialto.sync.Audience;
import io.rialto.sync.MessageId;
import io.rialto.sync.Slice;
import io.rialto.sync.Topic;
import io.rialto.sync.Want;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What devices get next: one statement for many of them, so all is seen at one moment of the database. */
final class Reader {
    /**
     * For each want its head and the next rows of its sequence, whether or not the device should have them: a sequence
     * that is missing between them has been deleted. Contents are only given of what the device should have, and no
     * more than it asked for, but always one.
     */
    private static final String SQL = """
            SELECT w.n, h.id, h.last, p.sequence, p.scanned, p.visible, p.uid, p.rule, p.content_type,
                   CASE WHEN p.visible THEN p.payload END, p.accepted, p.expires, p.urgent, p.collapse, p.revokes
            FROM unnest(?::text[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::bigint[], ?::int[], ?::int[],
                        ?::bigint[])
                 WITH ORDINALITY AS w (owner, topic, device, inbox, after, version, messages, bytes, newest, n)
            LEFT JOIN LATERAL (
                SELECT id, last FROM inbox.head WHERE uid = w.owner AND topic = w.topic LIMIT 1
            ) h ON true
            LEFT JOIN LATERAL (
                SELECT s.*, count(*) OVER () AS scanned, sum(s.size) OVER (ORDER BY s.sequence) - s.size AS before
                FROM (
                    SELECT v.*, CASE WHEN v.visible THEN octet_length(v.payload) ELSE 0 END AS size
                    FROM (
                        SELECT m.*,
                               m.revoked IS NULL
                               AND (m.expires IS NULL OR m.expires > statement_timestamp())
                               AND (m.device IS NULL OR m.device = w.device)
                               AND (m.min_version IS NULL OR w.version BETWEEN m.min_version AND m.max_version)
                               AND (m.collapse IS NULL OR NOT EXISTS (
                                    SELECT FROM inbox.message l
                                    WHERE l.uid = m.uid AND l.topic = m.topic AND l.collapse = m.collapse
                                          AND l.sequence > m.sequence
                                          AND (l.device IS NULL OR l.device = w.device)
                                          AND (l.min_version IS NULL OR w.version BETWEEN l.min_version AND l.max_version)
                                          AND l.rule IS NOT DISTINCT FROM m.rule)) AS visible
                        FROM inbox.message m
                        WHERE m.uid = w.owner AND m.topic = w.topic
                              AND m.sequence > greatest(w.after, h.last - w.newest)
                              AND w.inbox IN (h.id, 0) AND w.after < h.last
                        ORDER BY m.sequence
                        LIMIT w.messages
                    ) v
                ) s
            ) p ON p.before < w.bytes
            ORDER BY w.n, p.sequence""";

    private static final String HIGHEST = """
            SELECT uid, topic, id, last FROM inbox.head WHERE uid = ANY (?)""";

    private final Tables tables;
    private final Supplier<Map<String, Topic>> topics;
    private final Audience audience;

    Reader(Tables tables, Supplier<Map<String, Topic>> topics, Audience audience) {
        this.tables = tables;
        this.topics = topics;
        this.audience = audience;
    }

    List<Slice> read(List<Want> wants) {
        if (wants.isEmpty()) {
            return List.of();
        }
        Map<String, Topic> declared = topics.get();
        return tables.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(SQL + Tables.LASTING)) {
                int n = 1;
                statement.setArray(n++, Tables.column(connection, "text", wants, Reader::owner));
                statement.setArray(
                        n++,
                        Tables.column(connection, "text", wants, w -> w.after().topic()));
                statement.setArray(n++, Tables.column(connection, "text", wants, Want::device));
                statement.setArray(
                        n++,
                        Tables.column(connection, "int8", wants, w -> w.after().inbox()));
                statement.setArray(
                        n++,
                        Tables.column(connection, "int8", wants, w -> w.after().sequence()));
                statement.setArray(n++, Tables.column(connection, "int8", wants, Want::version));
                statement.setArray(n++, Tables.column(connection, "int4", wants, Want::maxMessages));
                statement.setArray(n++, Tables.column(connection, "int4", wants, Want::maxBytes));
                statement.setArray(n, Tables.column(connection, "int8", wants, w -> kept(declared, w)));
                List<Slice> slices = new ArrayList<>(wants.size());
                try (ResultSet rows = Tables.lasting(statement)) {
                    boolean more = rows.next();
                    for (int i = 0; i < wants.size(); i++) {
                        Found found = new Found(wants.get(i), declared);
                        while (more && rows.getLong(1) == i + 1) {
                            found.row(rows);
                            more = rows.next();
                        }
                        slices.add(found.slice());
                    }
                }
                return slices;
            }
        });
    }

    private static String owner(Want want) {
        return want.after().everyone() ? "" : want.user();
    }

    /** How many of the newest messages the topic keeps. */
    private static long kept(Map<String, Topic> declared, Want want) {
        Topic topic = declared.get(want.after().topic());
        return topic == null || topic.keepNewest() == 0 ? Long.MAX_VALUE / 2 : topic.keepNewest();
    }

    /** What was found for one want. */
    private final class Found {
        private final Want want;
        private final boolean fromOldest;
        private final List<SyncMessage> messages = new ArrayList<>();
        private @Nullable SyncKey head;
        private long rows;
        private long scanned;
        private long lastRow;

        Found(Want want, Map<String, Topic> declared) {
            this.want = want;
            Topic topic = declared.get(want.after().topic());
            this.fromOldest = topic == null || topic.newDeviceFromOldest();
        }

        void row(ResultSet row) throws SQLException {
            long inbox = row.getLong(2);
            if (row.wasNull()) {
                return;
            }
            head = new SyncKey(want.after().topic(), want.after().everyone(), inbox, row.getLong(3));
            long sequence = row.getLong(4);
            if (row.wasNull()) {
                return;
            }
            rows++;
            lastRow = sequence;
            scanned = row.getLong(5);
            String rule = row.getString(8);
            if (row.getBoolean(6) && (rule == null || audience.includes(rule, want))) {
                messages.add(message(row, sequence));
            }
        }

        private SyncMessage message(ResultSet row, long sequence) throws SQLException {
            String collapse = row.getString(14);
            return SyncMessage.builder(
                            sequence, new MessageId(want.after().topic(), sequence, row.getString(7)).toString())
                    .payload(row.getString(9), row.getBytes(10))
                    .created(row.getTimestamp(11).getTime())
                    .expires(millis(row.getTimestamp(12)))
                    .urgent(row.getBoolean(13))
                    .collapse(collapse == null ? "" : collapse)
                    .revokes(row.getLong(15))
                    .build();
        }

        private static long millis(@Nullable Timestamp time) {
            return time == null ? 0 : time.getTime();
        }

        Slice slice() {
            SyncKey after = want.after();
            boolean without = after.inbox() == 0 && after.sequence() == 0;
            SyncKey highest = head;
            if (highest == null) {
                return without
                        ? new Slice.Nothing()
                        : new Slice.BadKey(
                                false, after + ": there is no such inbox (expected: a key that was given here)");
            }
            if (!without && after.inbox() != highest.inbox()) {
                return new Slice.BadKey(false, after + ": of another inbox (expected: a key that was given here)");
            }
            if (after.sequence() > highest.sequence()) {
                return new Slice.BadKey(true, after + " (expected: at most " + highest.sequence() + ")");
            }
            if (after.sequence() == highest.sequence()) {
                return new Slice.Nothing();
            }
            if (without && !fromOldest) {
                return new Slice.Next(new Batch(highest, 1, 0, List.of()), false);
            }
            return next(highest);
        }

        private Slice next(SyncKey highest) {
            boolean cut = rows < scanned || rows == want.maxMessages();
            SyncKey end = cut ? new SyncKey(highest.topic(), highest.everyone(), highest.inbox(), lastRow) : highest;
            long first = want.after().sequence() + 1;
            // Every sequence had a row once: those of the range that have none have been dropped.
            long dropped = end.sequence() - first + 1 - rows;
            return new Slice.Next(new Batch(end, first, dropped, messages), end.sequence() < highest.sequence());
        }
    }

    List<List<SyncKey>> highest(List<String> users) {
        return tables.read(connection -> {
            List<String> asked = new ArrayList<>(users);
            asked.add("");
            Map<String, List<SyncKey>> found = new HashMap<>();
            try (PreparedStatement statement = connection.prepareStatement(HIGHEST + Tables.LASTING)) {
                statement.setArray(1, connection.createArrayOf("text", asked.toArray()));
                try (ResultSet rows = Tables.lasting(statement)) {
                    while (rows.next()) {
                        String user = rows.getString(1);
                        SyncKey key = new SyncKey(rows.getString(2), user.isEmpty(), rows.getLong(3), rows.getLong(4));
                        found.computeIfAbsent(user, u -> new ArrayList<>()).add(key);
                    }
                }
            }
            List<SyncKey> everyone = found.getOrDefault("", List.of());
            List<List<SyncKey>> all = new ArrayList<>(users.size());
            for (String user : users) {
                List<SyncKey> keys = new ArrayList<>(found.getOrDefault(user, List.of()));
                keys.addAll(everyone);
                all.add(keys);
            }
            return all;
        });
    }
}

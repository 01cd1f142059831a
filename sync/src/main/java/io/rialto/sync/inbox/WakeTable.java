package io.rialto.sync.inbox;

import io.rialto.protocol.sync.Step;
import io.rialto.sync.Audience;
import io.rialto.sync.StepNote;
import io.rialto.sync.Topic;
import io.rialto.sync.vendor.WakeQueue;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The queue of devices to be woken.
 *
 * <p>Time is the database's, read at the begin of a transaction or at the write of a row; transactions become visible in
 * another order than that of their rows' times. So each look ends where the oldest transaction that still writes began:
 * what will become visible is later than that.
 */
final class WakeTable implements WakeQueue {
    /** Messages of one look: some ten milliseconds. */
    private static final int LOOK = 2_000;
    /** A transaction that hangs longer keeps the others' devices waiting no longer. */
    private static final Duration LONGEST_TRANSACTION = Duration.ofMinutes(2);
    /** Of nodes that ask by the time of a hint: what was stored just before it became visible. */
    private static final Duration OVERLAP = Duration.ofSeconds(2);
    /** Messages of a topic that are looked through for an urgent one. */
    private static final int DEEP = 64;

    static final String OLDEST_WRITER = """
            (SELECT min(xact_start) FROM pg_stat_activity
             WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid())""";

    private static final String MARK = "SELECT mark FROM inbox.wake_mark WHERE topic = ? FOR UPDATE SKIP LOCKED";
    private static final String FIRST_MARK = """
            INSERT INTO inbox.wake_mark (topic, mark) VALUES (?, now()) ON CONFLICT DO NOTHING""";
    private static final String MOVE_MARK = "UPDATE inbox.wake_mark SET mark = ? WHERE topic = ?";
    private static final String HORIZON = "SELECT greatest(least(now() - make_interval(secs => ?), " + OLDEST_WRITER
            + "), now() - make_interval(secs => ?))";

    private static final String WINDOW = """
            SELECT count(*), max(stored), array_agg(DISTINCT shard) FROM (
                SELECT stored, shard FROM inbox.message
                WHERE topic || '' = ? AND stored > ? AND stored <= ?
                ORDER BY stored FETCH FIRST ? ROWS WITH TIES) m""";

    private static final String LATE = """
            SELECT * FROM inbox.message WHERE topic || '' = ? AND stored > ? AND stored <= ?""";

    private static final String URGENT_SHARDS = """
            SELECT now(), (SELECT array_agg(DISTINCT shard) FROM inbox.message WHERE urgent AND stored > ?)""";

    private static final String URGENT = """
            SELECT * FROM inbox.message WHERE urgent AND stored > ? ORDER BY stored DESC LIMIT\s""" + LOOK;

    /** A device's row is written in the order of keys, so that nodes do not wait for each other in a circle. */
    private static final String NOTE = """
            WITH fresh AS (
                %s
            ), sums AS (
                SELECT shard, uid, topic, device, max(sequence) AS sequence, max(stored) AS stored
                FROM fresh WHERE shard = ANY (?) AND uid <> '' AND revokes = 0 AND revoked IS NULL
                GROUP BY shard, uid, topic, device
            )
            INSERT INTO inbox.wake AS w (shard, uid, device, newest, due)
            SELECT d.shard, d.uid, d.device, max(s.stored), now()
            FROM sums s
            JOIN unnest(?::text[], ?::text[]) AS t (topic, app) ON t.topic = s.topic
            JOIN inbox.device d ON d.uid = s.uid AND d.shard = s.shard AND d.app = t.app
            WHERE d.push_token <> '' AND (s.device IS NULL OR s.device = d.device)
                  AND s.sequence > coalesce((
                      SELECT c.sequence FROM inbox.cursor c
                      WHERE c.uid = d.uid AND c.device = d.device AND c.topic = s.topic AND NOT c.everyone
                            AND c.shard = d.shard), 0)
            GROUP BY d.shard, d.uid, d.device ORDER BY d.uid, d.device
            ON CONFLICT (uid, device, shard) DO UPDATE
            SET newest = excluded.newest,
                due = CASE WHEN w.tries > 0 AND w.due IS NOT NULL THEN w.due ELSE least(w.due, excluded.due) END
            WHERE excluded.newest > w.newest""";

    private static final String DUE_SHARDS = """
            SELECT DISTINCT f.shard FROM rialto.fence f
            WHERE f.state = 'OPEN' AND EXISTS (SELECT FROM inbox.wake w WHERE w.due <= now() AND w.shard = f.shard)""";

    private static final String LEASE = """
            UPDATE inbox.wake w SET leased = now() + make_interval(secs => ?)
            FROM (SELECT uid, device, shard FROM inbox.wake
                  WHERE due <= now() AND (leased IS NULL OR leased < now()) AND shard = ANY (?)
                  ORDER BY due LIMIT ? FOR UPDATE SKIP LOCKED) t
            WHERE w.uid = t.uid AND w.device = t.device AND w.shard = t.shard
            RETURNING w.shard, w.uid, w.device""";

    private static final String AS_OF = "SELECT now(), coalesce(least(now(), " + OLDEST_WRITER + "), now())";

    /** A token is that of the device which told it last: another one may have got the phone. */
    private static final String LOOK_AT = """
            SELECT g.n, coalesce(d.app, ''), coalesce(d.push_vendor, ''), coalesce(d.push_token, ''), coalesce(d.locale, ''),
                   coalesce(d.time_zone, ''), w.tries, w.woken, p.topic, p.first, p.sequence, p.urgent, p.expires, p.notice
            FROM unnest(?::int[], ?::text[], ?::text[]) WITH ORDINALITY AS g (shard, uid, device, n)
            JOIN inbox.wake w ON w.uid = g.uid AND w.device = g.device AND w.shard = g.shard
            LEFT JOIN inbox.device d ON d.uid = g.uid AND d.device = g.device AND d.shard = g.shard AND d.push_token <> ''
                  AND NOT EXISTS (
                      SELECT FROM inbox.device n
                      WHERE n.push_token = d.push_token AND n.push_token <> '' AND n.push_vendor = d.push_vendor
                            AND n.seen > d.seen)
            LEFT JOIN LATERAL (
                SELECT t.topic, coalesce(c.sequence, 0) + 1 AS first, m.sequence, m.urgent, m.expires, m.notice
                FROM unnest(?::text[], ?::text[], ?::boolean[]) AS t (topic, app, oldest)
                LEFT JOIN inbox.cursor c ON c.uid = g.uid AND c.device = g.device AND c.topic = t.topic AND NOT c.everyone
                      AND c.shard = g.shard
                CROSS JOIN LATERAL (
                    SELECT x.* FROM (
                        SELECT x.sequence, x.urgent, x.expires, x.notice FROM inbox.message x
                        WHERE x.uid = g.uid AND x.topic = t.topic AND x.sequence > coalesce(c.sequence, 0)
                              AND x.revokes = 0 AND x.revoked IS NULL
                              AND (x.device IS NULL OR x.device = g.device)
                              AND (x.expires IS NULL OR x.expires > now())
                              AND (x.min_version IS NULL OR d.version BETWEEN x.min_version AND x.max_version)
                              AND (w.woken IS NULL OR x.stored > w.woken)
                              AND (t.oldest OR c.sequence IS NOT NULL OR x.stored > d.seen)
                        ORDER BY x.sequence DESC LIMIT ?) x
                    ORDER BY x.urgent DESC, x.sequence DESC LIMIT 1) m
                WHERE t.app = d.app
            ) p ON true
            ORDER BY g.n, p.urgent DESC, p.sequence DESC""";

    private static final String SETTLE = """
            UPDATE inbox.wake w
            SET leased = NULL,
                woken = CASE WHEN s.woken THEN s.as_of ELSE w.woken END,
                tries = CASE WHEN s.woken THEN 0 WHEN s.failed THEN w.tries + 1 ELSE w.tries END,
                due = CASE WHEN s.again IS NOT NULL THEN s.again WHEN w.newest > s.as_of THEN now() END,
                everyone = w.everyone AND (s.again IS NOT NULL OR w.newest > s.as_of)
            FROM unnest(?::int[], ?::text[], ?::text[], ?::timestamptz[], ?::boolean[], ?::timestamptz[], ?::boolean[])
                 AS s (shard, uid, device, as_of, woken, again, failed)
            WHERE w.uid = s.uid AND w.device = s.device AND w.shard = s.shard AND s.shard = ANY (?)""";

    private static final String OLD = """
            SELECT ctid::text, shard FROM inbox.wake
            WHERE due IS NULL AND newest < now() - make_interval(secs => ?) LIMIT ?""";

    private static final String FORGET = """
            DELETE FROM inbox.wake WHERE ctid = ANY (?::tid[]) AND due IS NULL AND shard = ANY (?)""";

    private final Tables tables;
    private final Receipts receipts;
    private final WakeEveryone everyone;

    record Taken(int shard, String user, String device) {}

    WakeTable(Tables tables, Receipts receipts, Audience audience) {
        this.tables = tables;
        this.receipts = receipts;
        this.everyone = new WakeEveryone(audience);
    }

    @Override
    public void noteEveryone(Topic topic, Duration grace) {
        tables.write(connection -> WakeEveryone.page(connection, topic, grace));
    }

    @Override
    public boolean noteLate(Topic topic, Duration grace) {
        return tables.write(connection -> {
            Timestamp mark = mark(connection, topic);
            if (mark == null) {
                return false;
            }
            Timestamp horizon = horizon(connection, grace);
            if (!horizon.after(mark)) {
                return false;
            }
            boolean more = false;
            try (PreparedStatement window = connection.prepareStatement(WINDOW)) {
                window.setString(1, topic.name());
                window.setTimestamp(2, mark);
                window.setTimestamp(3, horizon);
                window.setInt(4, LOOK);
                try (ResultSet row = window.executeQuery()) {
                    row.next();
                    if (row.getLong(1) >= LOOK) {
                        more = true;
                        horizon = row.getTimestamp(2);
                    }
                    if (row.getLong(1) > 0) {
                        noteLate(connection, topic, mark, horizon, row.getArray(3));
                    }
                }
            }
            try (PreparedStatement move = connection.prepareStatement(MOVE_MARK)) {
                move.setTimestamp(1, horizon);
                move.setString(2, topic.name());
                move.executeUpdate();
            }
            return more;
        });
    }

    /** Until when the topic was looked at; null where another node is at it, or it begins now. */
    private static @Nullable Timestamp mark(Connection connection, Topic topic) throws SQLException {
        try (PreparedStatement mark = connection.prepareStatement(MARK)) {
            mark.setString(1, topic.name());
            try (ResultSet row = mark.executeQuery()) {
                if (row.next()) {
                    return row.getTimestamp(1);
                }
            }
        }
        try (PreparedStatement first = connection.prepareStatement(FIRST_MARK)) {
            first.setString(1, topic.name());
            first.executeUpdate();
        }
        return null;
    }

    private static Timestamp horizon(Connection connection, Duration grace) throws SQLException {
        try (PreparedStatement horizon = connection.prepareStatement(HORIZON)) {
            horizon.setDouble(1, seconds(grace));
            horizon.setDouble(2, seconds(grace.plus(LONGEST_TRANSACTION)));
            try (ResultSet row = horizon.executeQuery()) {
                row.next();
                return row.getTimestamp(1);
            }
        }
    }

    private static void noteLate(
            Connection connection, Topic topic, Timestamp after, Timestamp until, @Nullable Array shards)
            throws SQLException {
        Object[] open = open(connection, shards);
        try (PreparedStatement note = connection.prepareStatement(NOTE.formatted(LATE))) {
            note.setString(1, topic.name());
            note.setTimestamp(2, after);
            note.setTimestamp(3, until);
            note.setArray(4, connection.createArrayOf("int4", open));
            note.setArray(5, Tables.column(connection, "text", List.of(topic), Topic::name));
            note.setArray(6, Tables.column(connection, "text", List.of(topic), Topic::app));
            note.executeUpdate();
        }
    }

    private static Object[] open(Connection connection, @Nullable Array shards) throws SQLException {
        if (shards == null) {
            return new Object[0];
        }
        Set<Integer> all = Set.of((Integer[]) shards.getArray());
        return OpenShards.hold(connection, all).keySet().toArray();
    }

    @Override
    public Instant noteUrgent(Collection<Topic> topics, @Nullable Instant after) {
        Timestamp from = after == null ? null : Timestamp.from(after.minus(OVERLAP));
        List<Topic> all = List.copyOf(topics);
        return tables.write(connection -> {
            Instant now;
            try (PreparedStatement shards = connection.prepareStatement(URGENT_SHARDS)) {
                shards.setTimestamp(1, from);
                try (ResultSet row = shards.executeQuery()) {
                    row.next();
                    now = row.getTimestamp(1).toInstant();
                    Object[] open = open(connection, row.getArray(2));
                    if (open.length == 0) {
                        return now;
                    }
                    try (PreparedStatement note = connection.prepareStatement(NOTE.formatted(URGENT))) {
                        note.setTimestamp(1, from);
                        note.setArray(2, connection.createArrayOf("int4", open));
                        note.setArray(3, Tables.column(connection, "text", all, Topic::name));
                        note.setArray(4, Tables.column(connection, "text", all, Topic::app));
                        note.executeUpdate();
                    }
                }
            }
            return now;
        });
    }

    @Override
    public List<Away> take(Collection<Topic> topics, int limit, Duration lease) {
        List<Topic> all = List.copyOf(topics);
        return tables.write(connection -> {
            Set<Integer> due = dueShards(connection);
            if (due.isEmpty()) {
                return List.of();
            }
            List<Taken> taken =
                    lease(connection, OpenShards.hold(connection, due).keySet().toArray(), limit, lease);
            return taken.isEmpty() ? List.of() : look(connection, taken, all);
        });
    }

    private static Set<Integer> dueShards(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(DUE_SHARDS);
                ResultSet rows = select.executeQuery()) {
            Set<Integer> due = new HashSet<>();
            while (rows.next()) {
                due.add(rows.getInt(1));
            }
            return due;
        }
    }

    private static List<Taken> lease(Connection connection, Object[] open, int limit, Duration lease)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(LEASE)) {
            statement.setDouble(1, seconds(lease));
            statement.setArray(2, connection.createArrayOf("int4", open));
            statement.setInt(3, limit);
            List<Taken> taken = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    taken.add(new Taken(rows.getInt(1), rows.getString(2), rows.getString(3)));
                }
            }
            return taken;
        }
    }

    private List<Away> look(Connection connection, List<Taken> taken, List<Topic> topics) throws SQLException {
        Instant now;
        Instant asOf;
        try (PreparedStatement times = connection.prepareStatement(AS_OF);
                ResultSet row = times.executeQuery()) {
            row.next();
            now = row.getTimestamp(1).toInstant();
            asOf = row.getTimestamp(2).toInstant();
        }
        try (PreparedStatement look = connection.prepareStatement(LOOK_AT)) {
            look.setArray(1, Tables.column(connection, "int4", taken, Taken::shard));
            look.setArray(2, Tables.column(connection, "text", taken, Taken::user));
            look.setArray(3, Tables.column(connection, "text", taken, Taken::device));
            look.setArray(4, Tables.column(connection, "text", topics, Topic::name));
            look.setArray(5, Tables.column(connection, "text", topics, Topic::app));
            look.setArray(6, Tables.column(connection, "bool", topics, Topic::newDeviceFromOldest));
            look.setInt(7, DEEP);
            List<Away> found = new ArrayList<>();
            try (ResultSet rows = look.executeQuery()) {
                int last = 0;
                while (rows.next()) {
                    if (rows.getInt(1) != last) {
                        last = rows.getInt(1);
                        found.add(away(rows, taken.get(last - 1), now, asOf));
                    }
                    if (rows.getString(9) != null) {
                        found.getLast().missing().add(missing(rows));
                    }
                }
            }
            Map<Integer, List<Missing>> ofEveryone = everyone.missing(connection, taken, topics);
            for (int i = 0; i < found.size(); i++) {
                Away away = found.get(i);
                // One that has no token of its own any more is not woken for these either.
                if (!away.app().isEmpty() && ofEveryone.containsKey(i)) {
                    away.missing().addAll(ofEveryone.getOrDefault(i, List.of()));
                    away.missing().sort(Comparator.comparing(Missing::urgent).reversed());
                }
            }
            return found;
        }
    }

    private static Away away(ResultSet row, Taken taken, Instant now, Instant asOf) throws SQLException {
        return new Away(
                taken.shard(),
                taken.user(),
                taken.device(),
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                row.getString(6),
                row.getInt(7),
                instant(row.getTimestamp(8)),
                now,
                asOf,
                new ArrayList<>());
    }

    private static Missing missing(ResultSet row) throws SQLException {
        return new Missing(
                row.getString(9),
                false,
                row.getLong(10),
                row.getLong(11),
                row.getBoolean(12),
                instant(row.getTimestamp(13)),
                row.getString(14));
    }

    @Override
    public void settle(List<Settled> settled) {
        for (int from = 0; from < settled.size(); from += Tables.MAX_ROWS) {
            List<Settled> part = settled.subList(from, Math.min(settled.size(), from + Tables.MAX_ROWS));
            tables.write(connection -> settle(connection, part));
        }
        receipts.note(settled.stream().flatMap(WakeTable::notes).toList());
    }

    private static Stream<StepNote> notes(Settled settled) {
        String told = settled.told();
        Away away = settled.away();
        return told == null
                ? Stream.empty()
                : away.missing().stream()
                        .map(missing -> new StepNote(
                                away.shard(),
                                away.user(),
                                away.device(),
                                missing.topic(),
                                missing.everyone(),
                                missing.first(),
                                missing.last(),
                                Step.WOKEN,
                                away.now(),
                                "",
                                told));
    }

    private static int settle(Connection connection, List<Settled> part) throws SQLException {
        Set<Integer> shards = part.stream().map(one -> one.away().shard()).collect(Collectors.toSet());
        Object[] open = OpenShards.hold(connection, shards).keySet().toArray();
        try (PreparedStatement statement = connection.prepareStatement(SETTLE)) {
            int n = 1;
            statement.setArray(
                    n++, Tables.column(connection, "int4", part, s -> s.away().shard()));
            statement.setArray(
                    n++, Tables.column(connection, "text", part, s -> s.away().user()));
            statement.setArray(
                    n++, Tables.column(connection, "text", part, s -> s.away().device()));
            statement.setArray(
                    n++,
                    Tables.column(
                            connection,
                            "timestamptz",
                            part,
                            s -> s.away().asOf().toString()));
            statement.setArray(n++, Tables.column(connection, "bool", part, Settled::woken));
            statement.setArray(
                    n++,
                    connection.createArrayOf(
                            "timestamptz", part.stream().map(WakeTable::again).toArray()));
            statement.setArray(n++, Tables.column(connection, "bool", part, Settled::failed));
            statement.setArray(n, connection.createArrayOf("int4", open));
            return statement.executeUpdate();
        }
    }

    private static @Nullable String again(Settled settled) {
        return settled.again() == null ? null : settled.again().toString();
    }

    @Override
    public int forget(Duration age) {
        return tables.write(connection -> {
            List<String> places = new ArrayList<>();
            Set<Integer> shards = new HashSet<>();
            try (PreparedStatement old = connection.prepareStatement(OLD)) {
                old.setDouble(1, seconds(age));
                old.setInt(2, Tables.MAX_ROWS);
                try (ResultSet rows = old.executeQuery()) {
                    while (rows.next()) {
                        places.add(rows.getString(1));
                        shards.add(rows.getInt(2));
                    }
                }
            }
            Object[] open = OpenShards.hold(connection, shards).keySet().toArray();
            try (PreparedStatement forget = connection.prepareStatement(FORGET)) {
                forget.setArray(1, connection.createArrayOf("text", places.toArray()));
                forget.setArray(2, connection.createArrayOf("int4", open));
                return forget.executeUpdate();
            }
        });
    }

    static double seconds(Duration duration) {
        return duration.toMillis() / 1_000.0;
    }

    private static @Nullable Instant instant(@Nullable Timestamp timestamp) {
        return timestamp == null ? null : timestamp.toInstant();
    }
}

package io.rialto.sync.inbox;

import io.rialto.protocol.sync.SyncKey;
import io.rialto.sync.Audience;
import io.rialto.sync.Topic;
import io.rialto.sync.Versions;
import io.rialto.sync.Want;
import io.rialto.sync.vendor.WakeQueue.Missing;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Devices that are away while there is a message to everyone. All devices of the cell are walked through in the order of
 * their keys, a page at a time; where the walk is, is a row, so that any node goes on with it. What is stored meanwhile is
 * walked for afterwards.
 */
final class WakeEveryone {
    /** Devices of one page: some ten milliseconds. With a page a second a million take a quarter of an hour. */
    static final int PAGE = 1_000;

    static final Duration PACE = Duration.ofSeconds(1);
    /** Of a topic's messages to everyone that are looked through for one that a device misses. */
    private static final int DEEP = 64;

    private static final String WALK = """
            SELECT sequence, uid, device, paged <= now() - make_interval(secs => ?) FROM inbox.wake_everyone
            WHERE topic = ? FOR UPDATE SKIP LOCKED""";

    /** What there is when a topic is looked at first wakes nobody. */
    private static final String FIRST = """
            INSERT INTO inbox.wake_everyone (topic, sequence, paged)
            SELECT ?, coalesce(max(last), 0), now() FROM inbox.head WHERE uid = '' AND topic = ? ON CONFLICT DO NOTHING""";

    private static final String NEWEST = """
            SELECT max(sequence) FROM inbox.message
            WHERE uid = '' AND topic = ? AND sequence > ? AND stored <= now() - make_interval(secs => ?) AND revokes = 0
                  AND revoked IS NULL AND (expires IS NULL OR expires > now())""";

    private static final String MOVE = """
            UPDATE inbox.wake_everyone SET sequence = ?, uid = ?, device = ?, paged = now() WHERE topic = ?""";

    private static final String DEVICES = """
            SELECT uid, device, shard FROM inbox.device WHERE (uid, device) > (?, ?) ORDER BY uid, device LIMIT ?""";

    private static final String NOTE = """
            INSERT INTO inbox.wake AS w (shard, uid, device, newest, due, everyone)
            SELECT d.shard, d.uid, d.device, now(), now(), true
            FROM unnest(?::int[], ?::text[], ?::text[]) AS g (shard, uid, device)
            JOIN inbox.device d ON d.uid = g.uid AND d.device = g.device AND d.shard = g.shard
            WHERE d.push_token <> '' AND d.app = ? AND d.shard = ANY (?)
                  AND ? > coalesce((
                      SELECT c.sequence FROM inbox.cursor c
                      WHERE c.uid = d.uid AND c.device = d.device AND c.topic = ? AND c.everyone AND c.shard = d.shard), 0)
            ORDER BY d.uid, d.device
            ON CONFLICT (uid, device, shard) DO UPDATE
            SET newest = excluded.newest, everyone = true,
                due = CASE WHEN w.tries > 0 AND w.due IS NOT NULL THEN w.due ELSE least(w.due, excluded.due) END""";

    private static final String NOTED = """
            SELECT g.n, t.topic, coalesce(c.sequence, 0), c.sequence IS NOT NULL, d.version, d.seen, t.oldest, d.locale,
                   d.platform
            FROM unnest(?::int[], ?::text[], ?::text[]) WITH ORDINALITY AS g (shard, uid, device, n)
            JOIN inbox.wake w ON w.uid = g.uid AND w.device = g.device AND w.shard = g.shard AND w.everyone
            JOIN inbox.device d ON d.uid = g.uid AND d.device = g.device AND d.shard = g.shard
            JOIN unnest(?::text[], ?::text[], ?::boolean[]) AS t (topic, app, oldest) ON t.app = d.app
            LEFT JOIN inbox.cursor c ON c.uid = g.uid AND c.device = g.device AND c.topic = t.topic AND c.everyone
                  AND c.shard = g.shard""";

    private static final String MESSAGES = """
            SELECT t.topic, m.sequence, m.urgent, m.expires, m.notice, m.rule, m.min_version, m.max_version, m.stored
            FROM unnest(?::text[]) AS t (topic)
            CROSS JOIN LATERAL (
                SELECT * FROM inbox.message x
                WHERE x.uid = '' AND x.topic = t.topic AND x.revokes = 0 AND x.revoked IS NULL
                      AND (x.expires IS NULL OR x.expires > now())
                ORDER BY x.sequence DESC LIMIT ?) m
            ORDER BY m.urgent DESC, m.sequence DESC""";

    private final Audience audience;

    /**
     * A device in a place of a list.
     *
     * @param want after what it has acknowledged of everyone's messages
     * @param from what was stored until then is not for it, since it is new
     */
    private record Device(int place, Want want, @Nullable Instant from) {
        String topic() {
            return want.after().topic();
        }
    }

    private record Message(Missing missing, @Nullable String rule, Versions versions, Instant stored) {}

    WakeEveryone(Audience audience) {
        this.audience = audience;
    }

    /** The next page of a topic's walk, where its time has come and no other node is at it. */
    static boolean page(Connection connection, Topic topic, Duration grace) throws SQLException {
        long sequence;
        String user;
        String device;
        try (PreparedStatement walk = connection.prepareStatement(WALK)) {
            walk.setDouble(1, WakeTable.seconds(PACE));
            walk.setString(2, topic.name());
            try (ResultSet row = walk.executeQuery()) {
                if (!row.next()) {
                    first(connection, topic);
                    return false;
                }
                if (!row.getBoolean(4)) {
                    return false;
                }
                sequence = row.getLong(1);
                user = row.getString(2);
                device = row.getString(3);
            }
        }
        if (user == null || device == null) {
            long newest = newest(connection, topic, sequence, grace);
            if (newest <= sequence) {
                return false;
            }
            sequence = newest;
            user = "";
            device = "";
        }
        List<WakeTable.Taken> devices = devices(connection, user, device);
        note(connection, topic, devices, sequence);
        boolean more = devices.size() == PAGE;
        try (PreparedStatement move = connection.prepareStatement(MOVE)) {
            move.setLong(1, sequence);
            move.setString(2, more ? devices.getLast().user() : null);
            move.setString(3, more ? devices.getLast().device() : null);
            move.setString(4, topic.name());
            move.executeUpdate();
        }
        return more;
    }

    private static void first(Connection connection, Topic topic) throws SQLException {
        try (PreparedStatement first = connection.prepareStatement(FIRST)) {
            first.setString(1, topic.name());
            first.setString(2, topic.name());
            first.executeUpdate();
        }
    }

    private static long newest(Connection connection, Topic topic, long after, Duration grace) throws SQLException {
        try (PreparedStatement newest = connection.prepareStatement(NEWEST)) {
            newest.setString(1, topic.name());
            newest.setLong(2, after);
            newest.setDouble(3, WakeTable.seconds(grace));
            try (ResultSet row = newest.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    private static List<WakeTable.Taken> devices(Connection connection, String user, String device)
            throws SQLException {
        List<WakeTable.Taken> devices = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(DEVICES)) {
            select.setString(1, user);
            select.setString(2, device);
            select.setInt(3, PAGE);
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    devices.add(new WakeTable.Taken(rows.getInt(3), rows.getString(1), rows.getString(2)));
                }
            }
        }
        return devices;
    }

    private static void note(Connection connection, Topic topic, List<WakeTable.Taken> devices, long sequence)
            throws SQLException {
        Set<Integer> shards = new HashSet<>();
        devices.forEach(device -> shards.add(device.shard()));
        Object[] open = OpenShards.hold(connection, shards).keySet().toArray();
        try (PreparedStatement note = connection.prepareStatement(NOTE)) {
            note.setArray(1, Tables.column(connection, "int4", devices, WakeTable.Taken::shard));
            note.setArray(2, Tables.column(connection, "text", devices, WakeTable.Taken::user));
            note.setArray(3, Tables.column(connection, "text", devices, WakeTable.Taken::device));
            note.setString(4, topic.app());
            note.setArray(5, connection.createArrayOf("int4", open));
            note.setLong(6, sequence);
            note.setString(7, topic.name());
            note.executeUpdate();
        }
    }

    /** What those that were noted by a walk miss of everyone's messages, by their place in the list. */
    Map<Integer, List<Missing>> missing(Connection connection, List<WakeTable.Taken> taken, List<Topic> topics)
            throws SQLException {
        List<Device> noted = noted(connection, taken, topics);
        Map<Integer, List<Missing>> missing = new HashMap<>();
        if (noted.isEmpty()) {
            return missing;
        }
        Map<String, List<Message>> messages = messages(
                connection, noted.stream().map(Device::topic).distinct().toList());
        for (Device device : noted) {
            messages.getOrDefault(device.topic(), List.of()).stream()
                    .filter(message -> isFor(message, device))
                    .findFirst()
                    .ifPresent(message -> missing.computeIfAbsent(device.place(), place -> new ArrayList<>())
                            .add(after(message.missing(), device.want().after().sequence())));
        }
        missing.values()
                .forEach(all -> all.sort(Comparator.comparing(Missing::urgent).reversed()));
        return missing;
    }

    private static List<Device> noted(Connection connection, List<WakeTable.Taken> taken, List<Topic> topics)
            throws SQLException {
        List<Device> noted = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(NOTED)) {
            select.setArray(1, Tables.column(connection, "int4", taken, WakeTable.Taken::shard));
            select.setArray(2, Tables.column(connection, "text", taken, WakeTable.Taken::user));
            select.setArray(3, Tables.column(connection, "text", taken, WakeTable.Taken::device));
            select.setArray(4, Tables.column(connection, "text", topics, Topic::name));
            select.setArray(5, Tables.column(connection, "text", topics, Topic::app));
            select.setArray(6, Tables.column(connection, "bool", topics, Topic::newDeviceFromOldest));
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    boolean all = rows.getBoolean(4) || rows.getBoolean(7);
                    int place = rows.getInt(1) - 1;
                    WakeTable.Taken who = taken.get(place);
                    SyncKey after = new SyncKey(rows.getString(2), true, 0, rows.getLong(3));
                    noted.add(new Device(
                            place,
                            new Want(
                                    who.user(),
                                    who.device(),
                                    after,
                                    rows.getLong(5),
                                    rows.getString(8),
                                    rows.getString(9),
                                    1,
                                    1),
                            all ? null : rows.getTimestamp(6).toInstant()));
                }
            }
        }
        return noted;
    }

    private static Map<String, List<Message>> messages(Connection connection, List<String> topics) throws SQLException {
        Map<String, List<Message>> messages = new HashMap<>();
        try (PreparedStatement select = connection.prepareStatement(MESSAGES)) {
            select.setArray(1, connection.createArrayOf("text", topics.toArray()));
            select.setInt(2, DEEP);
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    String topic = rows.getString(1);
                    Timestamp expires = rows.getTimestamp(4);
                    long min = rows.getLong(7);
                    Versions versions = rows.wasNull() ? Versions.ALL : new Versions(min, rows.getLong(8));
                    Missing missing = new Missing(
                            topic,
                            true,
                            rows.getLong(2),
                            rows.getLong(2),
                            rows.getBoolean(3),
                            expires == null ? null : expires.toInstant(),
                            rows.getString(5));
                    messages.computeIfAbsent(topic, name -> new ArrayList<>())
                            .add(new Message(
                                    missing,
                                    rows.getString(6),
                                    versions,
                                    rows.getTimestamp(9).toInstant()));
                }
            }
        }
        return messages;
    }

    private boolean isFor(Message message, Device device) {
        Want want = device.want();
        Instant from = device.from();
        String rule = message.rule();
        return message.missing().last() > want.after().sequence()
                && message.versions().contain(want.version())
                && (from == null || message.stored().isAfter(from))
                && (rule == null || audience.includes(rule, want));
    }

    private static Missing after(Missing missing, long after) {
        return new Missing(
                missing.topic(),
                true,
                after + 1,
                missing.last(),
                missing.urgent(),
                missing.expires(),
                missing.notice());
    }
}

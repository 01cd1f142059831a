package io.rialto.sync.webhook;

import io.rialto.node.postgres.Database;
import io.rialto.protocol.sync.Step;
import io.rialto.sync.Webhook;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The tables {@code inbox.webhook} and {@code inbox.webhook_event}. All of it blocks. */
final class EventTable {
    private final Database database;

    EventTable(Database database) {
        this.database = database;
    }

    /**
     * From now on these steps become events. What no node has wanted for an hour does not any more, and its events go.
     */
    void subscribe(List<Webhook> webhooks) throws SQLException {
        List<String> ids = new ArrayList<>();
        List<String> topics = new ArrayList<>();
        List<Integer> steps = new ArrayList<>();
        for (Webhook webhook : webhooks) {
            for (String topic : webhook.topics()) {
                for (Step step : webhook.events()) {
                    ids.add(webhook.id());
                    topics.add(topic);
                    steps.add(step.number());
                }
            }
        }
        try (Connection connection = database.dataSource().getConnection();
                PreparedStatement statement = connection.prepareStatement("""
                        WITH wanted AS (
                            SELECT * FROM unnest(?::text[], ?::int[], ?::text[]) AS w (topic, step, id)),
                        kept AS (
                            INSERT INTO inbox.webhook (topic, step, id, seen)
                            SELECT topic, step, id, now() FROM wanted ORDER BY topic, step, id
                            ON CONFLICT (topic, step, id) DO UPDATE SET seen = excluded.seen),
                        gone AS (
                            DELETE FROM inbox.webhook WHERE seen < now() - interval '1 hour'
                            AND (topic, step, id) NOT IN (SELECT topic, step, id FROM wanted) RETURNING id)
                        DELETE FROM inbox.webhook_event WHERE webhook IN (SELECT id FROM gone)
                        AND webhook NOT IN (SELECT id FROM wanted)
                        AND shard IN (SELECT o.shard FROM rialto.open_shards(ARRAY(
                            SELECT DISTINCT e.shard FROM inbox.webhook_event e WHERE e.webhook IN (SELECT id FROM gone))) o)""")) {
            statement.setArray(1, connection.createArrayOf("text", topics.toArray()));
            statement.setArray(2, connection.createArrayOf("int", steps.toArray()));
            statement.setArray(3, connection.createArrayOf("text", ids.toArray()));
            statement.executeUpdate();
        }
    }

    /**
     * Takes events whose time has come for so long; other nodes pass over them until then. Those of shards that are not open
     * here are another cell's to tell.
     */
    List<Event> take(String webhook, int limit, Duration lease) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                PreparedStatement statement = connection.prepareStatement("""
                        UPDATE inbox.webhook_event SET attempt = now() + ? * interval '1 millisecond', tries = tries + 1
                        WHERE (id, shard) IN (SELECT id, shard FROM inbox.webhook_event
                            WHERE webhook = ? AND attempt <= now()
                            AND shard IN (SELECT f.shard FROM rialto.fence f WHERE f.state = 'OPEN')
                            ORDER BY attempt LIMIT ? FOR UPDATE SKIP LOCKED)
                        AND shard IN (SELECT o.shard FROM rialto.open_shards(ARRAY(
                            SELECT DISTINCT e.shard FROM inbox.webhook_event e WHERE e.webhook = ? AND e.attempt <= now())) o)
                        RETURNING id, shard, uid, topic, everyone, first, last, device, step, at, reason, tries""")) {
            statement.setLong(1, lease.toMillis());
            statement.setString(2, webhook);
            statement.setInt(3, limit);
            statement.setString(4, webhook);
            List<Event> events = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    events.add(new Event(
                            rows.getObject(1, UUID.class),
                            rows.getInt(2),
                            rows.getString(3),
                            rows.getString(4),
                            rows.getBoolean(5),
                            rows.getLong(6),
                            rows.getLong(7),
                            rows.getString(8),
                            Step.of(rows.getLong(9)),
                            rows.getObject(10, OffsetDateTime.class).toInstant(),
                            rows.getString(11),
                            rows.getInt(12)));
                }
            }
            return events;
        }
    }

    /** It goes, unless its shard has left meanwhile: then it is told once more, by the other cell. */
    void told(Event event) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                PreparedStatement statement = connection.prepareStatement("""
                        DELETE FROM inbox.webhook_event WHERE id = ?
                        AND shard IN (SELECT o.shard FROM rialto.open_shards(ARRAY[?::int]) o)""")) {
            statement.setObject(1, event.id());
            statement.setInt(2, event.shard());
            statement.executeUpdate();
        }
    }

    /**
     * Tries again after a pause, or gives up what is older than it is kept.
     *
     * @return whether it was given up
     */
    boolean failed(Event event, Duration pause, Duration keep) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                PreparedStatement statement = connection.prepareStatement("""
                        WITH held AS MATERIALIZED (SELECT o.shard FROM rialto.open_shards(ARRAY[?::int]) o),
                        old AS (DELETE FROM inbox.webhook_event
                            WHERE id = ? AND shard IN (SELECT shard FROM held) AND at < now() - ? * interval '1 millisecond' RETURNING 1),
                        again AS (UPDATE inbox.webhook_event SET attempt = now() + ? * interval '1 millisecond'
                            WHERE id = ? AND shard IN (SELECT shard FROM held) AND at >= now() - ? * interval '1 millisecond')
                        SELECT count(*) FROM old""")) {
            statement.setInt(1, event.shard());
            statement.setObject(2, event.id());
            statement.setLong(3, keep.toMillis());
            statement.setLong(4, pause.toMillis());
            statement.setObject(5, event.id());
            statement.setLong(6, keep.toMillis());
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getLong(1) > 0;
            }
        }
    }
}

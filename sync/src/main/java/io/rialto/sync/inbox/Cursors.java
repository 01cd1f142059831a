package io.rialto.sync.inbox;

import io.rialto.protocol.sync.Step;
import io.rialto.sync.AckOutcome;
import io.rialto.sync.Acknowledgement;
import io.rialto.sync.Topic;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** How far each device has come. */
final class Cursors {
    /**
     * Moves cursors in the order of their keys, so that nodes do not wait for each other in a circle. The first key of a
     * device that began at the newest message says nothing about those before.
     */
    private static final String SQL = """
            WITH given AS MATERIALIZED (
                SELECT g.*, h.id, h.last
                FROM unnest(?::int[], ?::text[], ?::text[], ?::text[], ?::boolean[], ?::bigint[], ?::bigint[], ?::boolean[],
                            ?::boolean[])
                     WITH ORDINALITY AS g (shard, uid, device, topic, everyone, inbox, sequence, noted, from_newest, n)
                LEFT JOIN LATERAL (
                    SELECT id, last FROM inbox.head t
                    WHERE t.uid = CASE WHEN g.everyone THEN '' ELSE g.uid END AND t.topic = g.topic LIMIT 1
                ) h ON true
            ), good AS MATERIALIZED (
                SELECT DISTINCT ON (g.uid, g.device, g.topic, g.everyone) g.*,
                       (SELECT c.sequence FROM inbox.cursor c
                        WHERE c.uid = g.uid AND c.device = g.device AND c.topic = g.topic AND c.everyone = g.everyone
                              AND c.shard = g.shard) AS before
                FROM given g WHERE id = inbox AND sequence BETWEEN 1 AND last
                ORDER BY g.uid, g.device, g.topic, g.everyone, g.sequence DESC
            ), moved AS (
                INSERT INTO inbox.cursor AS c (shard, uid, device, topic, everyone, sequence, at)
                SELECT shard, uid, device, topic, everyone, sequence, statement_timestamp() FROM good
                WHERE before IS NULL OR before < sequence
                ORDER BY uid, device, topic, everyone
                ON CONFLICT (uid, device, topic, everyone, shard) DO UPDATE
                SET sequence = excluded.sequence, at = excluded.at WHERE c.sequence < excluded.sequence
            ), noted AS (
                INSERT INTO inbox.receipt (shard, uid, topic, everyone, first, last, device, step, at, node, reason)
                SELECT shard, uid, topic, everyone, coalesce(before, 0) + 1, sequence, device, ?, statement_timestamp(), '', ''
                FROM good
                WHERE noted AND coalesce(before < sequence, NOT from_newest)
                ON CONFLICT DO NOTHING
            )
            SELECT n, coalesce(id = inbox, false), coalesce(sequence <= last, false) FROM given""";

    private final Tables tables;
    private final Supplier<Map<String, Topic>> topics;

    Cursors(Tables tables, Supplier<Map<String, Topic>> topics) {
        this.tables = tables;
        this.topics = topics;
    }

    List<AckOutcome> acknowledge(List<Acknowledgement> all) {
        List<AckOutcome> outcomes = new ArrayList<>(all.size());
        for (int from = 0; from < all.size(); from += Tables.MAX_ROWS) {
            List<Acknowledgement> part = all.subList(from, Math.min(all.size(), from + Tables.MAX_ROWS));
            // What gets lost the device says again, by the keys of its next hello, and all of it is noted then.
            outcomes.addAll(tables.writeSoon(connection -> acknowledge(connection, part)));
        }
        return outcomes;
    }

    private List<AckOutcome> acknowledge(Connection connection, List<Acknowledgement> part) throws SQLException {
        Map<Integer, Long> open = OpenShards.hold(
                connection, part.stream().map(Acknowledgement::shard).collect(Collectors.toSet()));
        List<AckOutcome> outcomes = new ArrayList<>(Collections.nCopies(part.size(), AckOutcome.FENCED));
        List<Integer> places = new ArrayList<>();
        List<Acknowledgement> taken = new ArrayList<>();
        for (int i = 0; i < part.size(); i++) {
            if (open.containsKey(part.get(i).shard())) {
                places.add(i);
                taken.add(part.get(i));
            }
        }
        Map<String, Topic> declared = topics.get();
        try (PreparedStatement statement = connection.prepareStatement(SQL)) {
            int n = 1;
            statement.setArray(n++, Tables.column(connection, "int4", taken, Acknowledgement::shard));
            statement.setArray(n++, Tables.column(connection, "text", taken, Acknowledgement::user));
            statement.setArray(n++, Tables.column(connection, "text", taken, Acknowledgement::device));
            statement.setArray(
                    n++, Tables.column(connection, "text", taken, a -> a.upTo().topic()));
            statement.setArray(
                    n++, Tables.column(connection, "bool", taken, a -> a.upTo().everyone()));
            statement.setArray(
                    n++, Tables.column(connection, "int8", taken, a -> a.upTo().inbox()));
            statement.setArray(
                    n++, Tables.column(connection, "int8", taken, a -> a.upTo().sequence()));
            statement.setArray(n++, Tables.column(connection, "bool", taken, a -> {
                Topic topic = declared.get(a.upTo().topic());
                return topic != null && topic.receipts();
            }));
            statement.setArray(n++, Tables.column(connection, "bool", taken, a -> {
                Topic topic = declared.get(a.upTo().topic());
                return topic != null && !topic.newDeviceFromOldest();
            }));
            statement.setInt(n, Step.ACKED.number());
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    outcomes.set(places.get(rows.getInt(1) - 1), outcome(rows.getBoolean(2), rows.getBoolean(3)));
                }
            }
        }
        return outcomes;
    }

    private static AckOutcome outcome(boolean own, boolean had) {
        if (!own) {
            return AckOutcome.FOREIGN_KEY;
        }
        return had ? AckOutcome.KEPT : AckOutcome.FUTURE_KEY;
    }
}

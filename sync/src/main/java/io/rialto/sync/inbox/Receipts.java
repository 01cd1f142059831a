package io.rialto.sync.inbox;

import io.rialto.protocol.sync.Step;
import io.rialto.sync.StepNote;
import io.rialto.sync.Topic;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Steps of messages, as they are told. */
final class Receipts {
    /** The year 9999: a device may tell any number, and PostgreSQL refuses some. */
    private static final long LATEST_MILLIS = 253_402_300_799_000L;

    /** A device may tell anything: only steps of messages that were given out are kept, and none of the future. */
    private static final String NOTE = """
            INSERT INTO inbox.receipt (shard, uid, topic, everyone, first, last, device, step, at, node, reason)
            SELECT g.shard, g.uid, g.topic, g.everyone, g.first, g.last, g.device, g.step,
                   least(to_timestamp(g.at / 1000.0::float8), clock_timestamp()), g.node, g.reason
            FROM unnest(?::int[], ?::text[], ?::text[], ?::boolean[], ?::bigint[], ?::bigint[], ?::text[], ?::smallint[],
                        ?::bigint[], ?::text[], ?::text[])
                 AS g (shard, uid, topic, everyone, first, last, device, step, at, node, reason)
            WHERE g.first BETWEEN 1 AND g.last
                  AND g.last <= (SELECT h.last FROM inbox.head h
                                 WHERE h.uid = CASE WHEN g.everyone THEN '' ELSE g.uid END AND h.topic = g.topic)
            ORDER BY g.uid, g.topic, g.everyone, g.last, g.device, g.step
            ON CONFLICT DO NOTHING""";

    private final Tables tables;
    private final Supplier<Map<String, Topic>> topics;

    Receipts(Tables tables, Supplier<Map<String, Topic>> topics) {
        this.tables = tables;
        this.topics = topics;
    }

    void note(List<StepNote> notes) {
        Map<String, Topic> declared = topics.get();
        List<StepNote> wanted = notes.stream()
                .filter(note -> {
                    Topic topic = declared.get(note.topic());
                    return topic != null && topic.receipts();
                })
                .toList();
        for (int from = 0; from < wanted.size(); from += Tables.MAX_ROWS) {
            List<StepNote> part = wanted.subList(from, Math.min(wanted.size(), from + Tables.MAX_ROWS));
            Tables.Work<Boolean> work = connection -> {
                note(connection, part);
                return true;
            };
            // Of sent messages there are many, and nothing rests on them; what a person did is told once.
            if (part.stream().allMatch(note -> note.step() == Step.SENT)) {
                tables.writeSoon(work);
            } else {
                tables.write(work);
            }
        }
    }

    private static void note(Connection connection, List<StepNote> part) throws SQLException {
        Map<Integer, Long> open =
                OpenShards.hold(connection, part.stream().map(StepNote::shard).collect(Collectors.toSet()));
        List<StepNote> here =
                part.stream().filter(note -> open.containsKey(note.shard())).toList();
        try (PreparedStatement statement = connection.prepareStatement(NOTE)) {
            int n = 1;
            statement.setArray(n++, Tables.column(connection, "int4", here, StepNote::shard));
            statement.setArray(n++, Tables.column(connection, "text", here, StepNote::user));
            statement.setArray(n++, Tables.column(connection, "text", here, StepNote::topic));
            statement.setArray(n++, Tables.column(connection, "bool", here, StepNote::everyone));
            statement.setArray(n++, Tables.column(connection, "int8", here, StepNote::first));
            statement.setArray(n++, Tables.column(connection, "int8", here, StepNote::last));
            statement.setArray(n++, Tables.column(connection, "text", here, StepNote::device));
            statement.setArray(n++, Tables.column(connection, "int2", here, note ->
                    (short) note.step().number()));
            statement.setArray(n++, Tables.column(connection, "int8", here, note -> millis(note.at())));
            statement.setArray(n++, Tables.column(connection, "text", here, StepNote::node));
            statement.setArray(n, Tables.column(connection, "text", here, StepNote::reason));
            statement.executeUpdate();
        }
    }

    private static @Nullable Long millis(@Nullable Instant at) {
        return at == null ? null : (Long) Math.clamp(at.toEpochMilli(), 0L, LATEST_MILLIS);
    }
}

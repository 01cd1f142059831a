package io.rialto.sync.inbox;

import io.rialto.sync.Publication;
import io.rialto.sync.Stored;
import io.rialto.sync.Versions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The one statement of a batch of publishes, which is a whole transaction: it asks the fence, stores, and commits in one
 * round trip. No two publications that are for the same epoch of their shard have the same user, topic and key.
 *
 * <p>The fence comes first, so that each part after it sees its lock taken; what is not open at the publication's epoch is left
 * out. A publication names the epoch at which its shard opened here, so the statement's snapshot, older than the lock, has
 * all that the shard came with. It asks for known keys by a scalar subquery, which stays a probe of the index whatever the statistics say; moves the
 * heads in the order of users, so that batches of several nodes wait for each other but never in a circle; and numbers
 * the messages back from the new heads. Each of them has a head, so that the full join finds what an inner one would: but it
 * cannot be done by comparing all with all, which the planner takes for best as it expects a few rows. A key that another transaction stores at the same time is not seen here: that
 * fails by the unique index, and the next try sees it.
 */
final class PublishStatement {
    /** SQLSTATE of a key that was stored by another at the same time. */
    static final String TAKEN = "23505";

    private static final String SQL = """
            WITH held AS MATERIALIZED (
                SELECT shard, epoch FROM rialto.open_shards(?)
            ), asked AS MATERIALIZED (
                SELECT g.*, (SELECT h.epoch FROM held h WHERE h.shard = g.shard) AS open
                FROM unnest(?::int[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[],
                            ?::bytea[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::boolean[], ?::text[],
                            ?::bigint[], ?::text[])
                     WITH ORDINALITY AS g (shard, epoch, uid, topic, key, device, rule, content_type, payload,
                            accepted, expires, min_version, max_version, urgent, collapse, revokes, notice, n)
            ), given AS MATERIALIZED (
                SELECT a.*, (SELECT m.sequence FROM inbox.message m
                             WHERE m.uid = a.uid AND m.topic = a.topic AND m.key = a.key) AS known
                FROM asked a WHERE a.open = a.epoch
            ), fresh AS MATERIALIZED (
                SELECT given.*, row_number() OVER (PARTITION BY uid, topic ORDER BY n DESC) AS back
                FROM given WHERE known IS NULL
            ), heads AS (
                INSERT INTO inbox.head AS h (shard, uid, topic, last)
                SELECT shard, uid, topic, count(*) FROM fresh GROUP BY shard, uid, topic ORDER BY uid, topic
                ON CONFLICT (uid, topic, shard) DO UPDATE SET last = h.last + excluded.last
                RETURNING h.uid, h.topic, h.last
            ), numbered AS MATERIALIZED (
                SELECT f.*, h.last + 1 - f.back AS sequence, clock_timestamp() AS stored
                FROM heads h FULL JOIN fresh f ON f.uid = h.uid AND f.topic = h.topic
                ORDER BY f.uid, f.topic, f.n
            ), stored AS (
                INSERT INTO inbox.message (shard, uid, topic, sequence, key, device, rule, content_type, payload, accepted,
                       stored, expires, min_version, max_version, urgent, collapse, revokes, notice)
                SELECT shard, uid, topic, sequence, key, device, rule, content_type, payload,
                       coalesce(to_timestamp(accepted / 1000.0::float8), stored), stored, to_timestamp(expires / 1000.0::float8),
                       min_version, max_version, urgent, collapse, revokes, notice
                FROM numbered
            ), taken_back AS (
                UPDATE inbox.message m SET revoked = f.stored, payload = '', notice = NULL
                FROM numbered f
                WHERE f.revokes > 0 AND m.uid = f.uid AND m.topic = f.topic AND m.sequence = f.revokes
                      AND m.shard = f.shard AND m.revoked IS NULL
            )
            SELECT n, open, known, true FROM given WHERE known IS NOT NULL
            UNION ALL
            SELECT n, open, sequence, false FROM numbered
            UNION ALL
            SELECT n, open, NULL, false FROM asked WHERE open IS DISTINCT FROM epoch""";

    /** A plan that was made while the tables were small is made again; it costs a millisecond. */
    private static final int RUNS_OF_A_PLAN = 500;

    private final Connection connection;
    private final PreparedStatement statement;
    private int runs;

    /**
     * What became of a publication.
     *
     * @param epoch at which its shard is open here, or null
     * @param stored null where that is not the publication's epoch
     */
    record Outcome(@Nullable Long epoch, @Nullable Stored stored) {}

    /** Prepares it; it lives as long as the connection, which commits by itself. */
    PublishStatement(Connection connection) throws SQLException {
        this.connection = connection;
        this.statement = connection.prepareStatement(SQL);
    }

    /**
     * What became of each publication, in their order; it is committed, for good unless {@link #warning} says otherwise.
     */
    Outcome[] run(List<Publication> batch) throws SQLException {
        runs++;
        if (runs % RUNS_OF_A_PLAN == 0) {
            try (Statement discard = connection.createStatement()) {
                discard.execute("DISCARD PLANS");
            }
        }
        int n = 1;
        Object[] shards =
                batch.stream().map(Publication::shard).distinct().sorted().toArray();
        statement.setArray(n++, connection.createArrayOf("int4", shards));
        array(n++, "int4", batch, Integer[]::new, Publication::shard);
        array(n++, "int8", batch, Long[]::new, Publication::epoch);
        array(n++, "text", batch, String[]::new, Publication::user);
        array(n++, "text", batch, String[]::new, Publication::topic);
        array(n++, "text", batch, String[]::new, Publication::key);
        array(n++, "text", batch, String[]::new, Publication::device);
        array(n++, "text", batch, String[]::new, Publication::rule);
        array(n++, "text", batch, String[]::new, Publication::contentType);
        array(n++, "bytea", batch, byte[][]::new, Publication::payload);
        array(
                n++,
                "int8",
                batch,
                Long[]::new,
                p -> p.revokes() > 0 ? null : (Long) p.accepted().toEpochMilli());
        array(n++, "int8", batch, Long[]::new, p -> millis(p.expires()));
        array(n++, "int8", batch, Long[]::new, p -> bound(p, p.versions().min()));
        array(n++, "int8", batch, Long[]::new, p -> bound(p, p.versions().max()));
        array(n++, "bool", batch, Boolean[]::new, Publication::urgent);
        array(n++, "text", batch, String[]::new, p -> p.collapse().isEmpty() ? null : p.collapse());
        array(n++, "int8", batch, Long[]::new, Publication::revokes);
        array(n, "text", batch, String[]::new, Publication::notice);
        statement.clearWarnings();
        Outcome[] all = new Outcome[batch.size()];
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                Long sequence = rows.getObject(3, Long.class);
                all[rows.getInt(1) - 1] = new Outcome(
                        rows.getObject(2, Long.class),
                        sequence == null ? null : new Stored(sequence, rows.getBoolean(4)));
            }
        }
        for (Outcome outcome : all) {
            if (outcome == null) {
                throw new SQLException("a publish without an answer (expected: one for each)", "XX000");
            }
        }
        return all;
    }

    /** Of the last run: success with a warning is a commit whose wait for a standby was cancelled. */
    @Nullable
    SQLWarning warning() throws SQLException {
        return statement.getWarnings();
    }

    private static @Nullable Long millis(@Nullable Instant instant) {
        return instant == null ? null : (Long) instant.toEpochMilli();
    }

    private static @Nullable Long bound(Publication publication, long version) {
        return publication.versions().equals(Versions.ALL) ? null : (Long) version;
    }

    /** Objects and not primitives, of which the driver makes the binary form, with nulls. */
    private <T> void array(
            int index,
            String type,
            List<Publication> batch,
            IntFunction<T[]> maker,
            Function<Publication, @Nullable T> value)
            throws SQLException {
        T[] values = maker.apply(batch.size());
        for (int i = 0; i < values.length; i++) {
            values[i] = value.apply(batch.get(i));
        }
        statement.setArray(index, connection.createArrayOf(type, values));
    }
}

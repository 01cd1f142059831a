package io.rialto.starter;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Publishes what lies in the outbox. A row is taken for the time of a lease and deleted when the message is stored; wherever
 * a worker dies, another one publishes again after the lease, and the message's key makes that the same message. Of
 * one user, a later message waits for the earlier ones; those of a user who is read-only wait for that to end.
 */
final class MessageOutbox implements SmartLifecycle {
    private static final System.Logger LOG = System.getLogger(MessageOutbox.class.getName());

    /** Of one shard in one transaction. */
    private static final int BATCH = 100;

    /** Shards looked at in one round. */
    private static final int SHARDS = 32;

    private static final Duration TIMEOUT = Duration.ofSeconds(3);

    /** How long a row may lie when nobody wakes the worker. */
    private static final Duration IDLE = Duration.ofMillis(500);

    /** Takers of one shard, one after the other: two at once could take messages of one user apart. */
    private static final int LOCK_SPACE = 0x72696f62;

    private final FencedTransactions transactions;
    private final Messages messages;
    private final Duration lease;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private volatile @Nullable Rounds rounds;

    MessageOutbox(FencedTransactions transactions, Messages messages, Duration lease) {
        this.transactions = transactions;
        this.messages = messages;
        this.lease = lease;
    }

    private record Shard(int number, long epoch) {}

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Row(long number, UUID id, String orderedBy, byte[] request) {}

    @Override
    public void start() {
        Rounds started = new Rounds("message-outbox", IDLE, TIMEOUT.plusSeconds(1), this::round);
        messages.onWake(started::wake);
        rounds = started;
    }

    private boolean round() throws InterruptedException {
        List<Shard> shards = transactions.read(sql -> sql.sql("""
                SELECT o.shard, f.epoch FROM message_outbox o
                JOIN rialto.fence f ON f.shard = o.shard AND f.state = 'OPEN'
                WHERE o.due_at <= now() AND NOT EXISTS (SELECT FROM rialto.behind b WHERE b.uid = o.ordered_by)
                AND (o.shard, o.ordered_by) NOT IN (
                    SELECT e.shard, e.ordered_by FROM message_outbox e WHERE e.due_at > now() AND e.ordered_by <> '')
                GROUP BY o.shard, f.epoch ORDER BY min(o.due_at) LIMIT ?""")
                .param(SHARDS)
                .query((row, n) -> new Shard(row.getInt("shard"), row.getLong("epoch")))
                .list());
        List<Future<Boolean>> full = new ArrayList<>();
        for (Shard shard : shards) {
            full.add(threads.submit(() -> bring(shard)));
        }
        boolean more = shards.size() == SHARDS;
        for (Future<Boolean> one : full) {
            more |= result(one);
        }
        return more;
    }

    private static <T> T result(Future<T> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private boolean bring(Shard shard) throws InterruptedException {
        List<Row> batch = transactions.write(shard.number(), shard.epoch(), sql -> take(sql, shard.number()));
        Map<String, List<Row>> byUser = new LinkedHashMap<>();
        for (Row row : batch) {
            String lane = row.orderedBy().isEmpty() ? row.id().toString() : row.orderedBy();
            byUser.computeIfAbsent(lane, user -> new ArrayList<>()).add(row);
        }
        List<Future<List<UUID>>> sent = new ArrayList<>();
        for (List<Row> inOrder : byUser.values()) {
            sent.add(threads.submit(() -> publish(inOrder)));
        }
        List<UUID> done = new ArrayList<>();
        for (Future<List<UUID>> one : sent) {
            done.addAll(result(one));
        }
        if (!batch.isEmpty()) {
            List<UUID> again =
                    batch.stream().map(Row::id).filter(id -> !done.contains(id)).toList();
            transactions.write(shard.number(), shard.epoch(), sql -> settle(sql, shard.number(), done, again));
        }
        return batch.size() == BATCH && done.size() == batch.size();
    }

    /**
     * The oldest rows that are due, but none of a user whose earlier message is with somebody, or waits for its next try: of a
     * user's rows the earlier ones have been tried at least as often, so those that wait are the first. Asked by {@code NOT IN}
     * with a query of its own, PostgreSQL builds a hash; a query by row would be planned by the statistics of a table that
     * is empty most of the time, and take a time quadratic in a backlog.
     */
    private List<Row> take(JdbcClient sql, int shard) {
        // Before the snapshot of what follows.
        sql.sql("SELECT pg_advisory_xact_lock(?, ?)").params(LOCK_SPACE, shard).query(rows -> {});
        return sql
                .sql("""
                UPDATE message_outbox SET attempts = attempts + 1, due_at = now() + :lease * interval '1 millisecond'
                WHERE shard = :shard AND id = ANY (ARRAY(
                    SELECT o.id FROM message_outbox o WHERE o.shard = :shard AND o.due_at <= now()
                    AND NOT EXISTS (SELECT FROM rialto.behind b WHERE b.uid = o.ordered_by)
                    AND o.ordered_by NOT IN (
                        SELECT e.ordered_by FROM message_outbox e
                        WHERE e.shard = :shard AND e.due_at > now() AND e.ordered_by <> '')
                    ORDER BY o.number LIMIT :batch))
                RETURNING number, id, ordered_by, request""")
                .param("lease", lease.toMillis())
                .param("shard", shard)
                .param("batch", BATCH)
                .query((row, n) -> new Row(
                        row.getLong("number"),
                        row.getObject("id", UUID.class),
                        row.getString("ordered_by"),
                        row.getBytes("request")))
                .list()
                .stream()
                .sorted(Comparator.comparingLong(Row::number))
                .toList();
    }

    /** One after the other; gives those that are stored, or refused for good. */
    private List<UUID> publish(List<Row> inOrder) {
        List<UUID> done = new ArrayList<>();
        for (Row row : inOrder) {
            try {
                for (Messages.Published one : messages.publish(row.request(), TIMEOUT)) {
                    if (!one.stored() && isPassing(one.reason())) {
                        return done;
                    }
                    if (!one.stored()) {
                        LOG.log(Level.ERROR, "message {0} is refused for good: {1}", row.id(), one.text());
                    }
                }
                done.add(row.id());
            } catch (OperationException e) {
                if (!isFinal(e)) {
                    LOG.log(Level.DEBUG, "message {0} not published yet: {1}", row.id(), e.getMessage());
                    return done;
                }
                LOG.log(Level.ERROR, "message {0} is refused for good: {1}", row.id(), e.getMessage());
                done.add(row.id());
            }
        }
        return done;
    }

    private static boolean isPassing(String reason) {
        return switch (reason) {
            case "unknown_topic", "payload_too_large", "message_expired", "wrong_app", "invalid_body" -> false;
            default -> true;
        };
    }

    /** What the message itself is to blame for, no other try changes. */
    private static boolean isFinal(OperationException e) {
        return switch (e.code()) {
            case INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED -> true;
            default -> e.reason().equals("payload_too_large");
        };
    }

    private static int settle(JdbcClient sql, int shard, List<UUID> done, List<UUID> again) {
        int settled = 0;
        if (!done.isEmpty()) {
            settled += sql.sql("DELETE FROM message_outbox WHERE shard = ? AND id = ANY (?)")
                    .params(shard, done.toArray(UUID[]::new))
                    .update();
        }
        if (!again.isEmpty()) {
            settled += sql.sql("""
                    UPDATE message_outbox
                    SET due_at = now() + least(100 * 2 ^ least(attempts, 10), 10000) * interval '1 millisecond'
                    WHERE shard = ? AND id = ANY (?)""").params(shard, again.toArray(UUID[]::new)).update();
        }
        return settled;
    }

    @Override
    public void stop() {
        Rounds ending = rounds;
        if (ending != null) {
            ending.close();
        }
        rounds = null;
        threads.shutdown();
    }

    @Override
    public boolean isRunning() {
        return rounds != null;
    }
}

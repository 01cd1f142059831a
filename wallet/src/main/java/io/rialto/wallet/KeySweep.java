package io.rialto.wallet;

import io.rialto.starter.FencedTransactions;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.springframework.context.SmartLifecycle;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Forgets idempotency keys that are older than anybody tries again. In small transactions, so that no payment waits long
 * for one; several wallets of a cell may sweep at once.
 *
 * <p>Owns one virtual thread.
 */
final class KeySweep implements SmartLifecycle {
    private static final System.Logger LOG = System.getLogger(KeySweep.class.getName());

    /** Rows of one shard in one transaction. */
    private static final int BATCH = 500;

    /** Shards of one look; what is left is for the next. */
    private static final int SHARDS = 64;

    private static final Duration EVERY = Duration.ofMinutes(1);

    private final FencedTransactions transactions;
    private final Duration retention;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private volatile boolean running;

    KeySweep(FencedTransactions transactions, Duration retention) {
        this.transactions = transactions;
        this.retention = retention;
    }

    private record Shard(int number, long epoch) {}

    @Override
    public void start() {
        running = true;
        Thread.ofVirtual().name("wallet-key-sweep").start(this::run);
    }

    private void run() {
        boolean healthy = true;
        try {
            boolean more = false;
            while (more || !stopping.await(EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
                more = false;
                try {
                    more = round() && running;
                    healthy = true;
                } catch (RuntimeException e) {
                    // A shard that left meanwhile, a database that is away: what is old stays a little longer.
                    if (healthy && running) {
                        LOG.log(Level.WARNING, "old idempotency keys stay for now: " + e.getMessage());
                    }
                    healthy = false;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One batch of each shard; true where there may be more. */
    boolean round() {
        List<Shard> shards = transactions.read(sql -> sql.sql("""
                SELECT f.shard, f.epoch FROM rialto.fence f WHERE f.state = 'OPEN' AND EXISTS (
                    SELECT FROM wallet.idempotency i
                    WHERE i.shard = f.shard AND i.made_at < now() - ? * interval '1 second')
                LIMIT ?""")
                .params(retention.toSeconds(), SHARDS)
                .query((row, n) -> new Shard(row.getInt("shard"), row.getLong("epoch")))
                .list());
        boolean more = shards.size() == SHARDS;
        for (Shard shard : shards) {
            more |= transactions.write(shard.number(), shard.epoch(), sql -> forget(sql, shard.number())) == BATCH;
        }
        return more;
    }

    private int forget(JdbcClient sql, int shard) {
        return sql.sql("""
                DELETE FROM wallet.idempotency WHERE shard = :shard AND (uid, key) IN (
                    SELECT uid, key FROM wallet.idempotency
                    WHERE shard = :shard AND made_at < now() - :retention * interval '1 second'
                    ORDER BY made_at LIMIT :batch FOR UPDATE SKIP LOCKED)""")
                .param("shard", shard)
                .param("retention", retention.toSeconds())
                .param("batch", BATCH)
                .update();
    }

    @Override
    public void stop() {
        running = false;
        stopping.countDown();
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}

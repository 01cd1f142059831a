package io.rialto.wallet;

import io.rialto.starter.CellCalls;
import io.rialto.starter.FencedTransactions;
import io.rialto.starter.OperationException;
import io.rialto.starter.Rounds;
import io.rialto.wallet.Ledger.Entry;
import io.rialto.wallet.Ledger.Leg;
import io.rialto.wallet.api.CreditAnswer;
import io.rialto.wallet.api.CreditAnswer.Outcome;
import io.rialto.wallet.api.CreditRequest;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Brings what lies in the outbox to the payees' cells. A row is taken for the time of a lease, delivered outside any
 * transaction, and settled: deleted where the payee was credited, refunded where the payee's cell refused for good, due
 * again later where nobody knows. Wherever a worker dies, the lease ends and another one delivers again; the payee's side
 * applies it once. Rows of a payer who is read-only stay where they are meanwhile, as one that cannot be written fails its
 * whole batch; what goes to such a payee comes back unknown, and is tried again ever more slowly. Several workers, also of several processes, may share an outbox.
 *
 * <p>Owns the thread of its rounds, and a virtual one per delivery.
 */
final class Relay implements SmartLifecycle {
    private static final System.Logger LOG = System.getLogger(Relay.class.getName());

    /** Of one shard in one transaction. */
    private static final int BATCH = 50;

    /** Shards looked at in one round. */
    private static final int SHARDS = 32;

    /** At a time; more would only queue at the gateway. */
    private static final int DELIVERIES = 64;

    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(3);

    /** How long a row may lie when no transfer of this process wakes the relay. */
    private static final Duration IDLE = Duration.ofMillis(500);

    private final FencedTransactions transactions;
    private final Ledger ledger;
    private final CellCalls cells;
    private final Duration lease;
    private final Semaphore deliveries = new Semaphore(DELIVERIES);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private volatile @Nullable Rounds rounds;

    Relay(FencedTransactions transactions, Ledger ledger, CellCalls cells, Duration lease) {
        this.transactions = transactions;
        this.ledger = ledger;
        this.cells = cells;
        this.lease = lease;
    }

    private record Shard(int number, long epoch) {}

    private record Delivery(UUID transfer, String payer, String payee, long amount, String currency, String note) {
        CreditRequest request() {
            return CreditRequest.newBuilder()
                    .setTransfer(transfer.toString())
                    .setPayer(payer)
                    .setPayee(payee)
                    .setAmountMinor(amount)
                    .setCurrency(currency)
                    .setNote(note)
                    .build();
        }
    }

    /** Says that the outbox has a new row. */
    void wake() {
        Rounds now = rounds;
        if (now != null) {
            now.wake();
        }
    }

    @Override
    public void start() {
        // A round ends by the timeout of its calls; what it did not settle is delivered again after the lease.
        rounds = new Rounds("wallet-relay", IDLE, CALL_TIMEOUT.plusSeconds(1), this::round);
    }

    /** Delivers what is due; true where there may be more. */
    private boolean round() throws InterruptedException {
        List<Shard> shards = transactions.read(sql -> sql.sql("""
                SELECT o.shard, f.epoch FROM wallet.outbox o
                JOIN rialto.fence f ON f.shard = o.shard AND f.state = 'OPEN'
                WHERE o.due_at <= now() AND NOT EXISTS (SELECT FROM rialto.behind b WHERE b.uid = o.payer)
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
        List<Delivery> batch = transactions.write(shard.number(), shard.epoch(), sql -> take(sql, shard.number()));
        Map<Delivery, Future<Outcome>> outcomes = new LinkedHashMap<>();
        for (Delivery delivery : batch) {
            outcomes.put(delivery, threads.submit(() -> deliver(delivery)));
        }
        List<Delivery> credited = new ArrayList<>();
        List<Delivery> unknown = new ArrayList<>();
        for (Map.Entry<Delivery, Future<Outcome>> entry : outcomes.entrySet()) {
            switch (result(entry.getValue())) {
                case CREDITED -> credited.add(entry.getKey());
                case REFUSED ->
                    transactions.write(
                            shard.number(), shard.epoch(), sql -> refund(sql, shard.number(), entry.getKey()));
                case OUTCOME_UNSPECIFIED, UNRECOGNIZED -> unknown.add(entry.getKey());
            }
        }
        if (!batch.isEmpty()) {
            transactions.write(shard.number(), shard.epoch(), sql -> settle(sql, shard.number(), credited, unknown));
        }
        return batch.size() == BATCH;
    }

    private List<Delivery> take(JdbcClient sql, int shard) {
        return sql.sql("""
                WITH taken AS (
                    UPDATE wallet.outbox SET attempts = attempts + 1, due_at = now() + :lease * interval '1 millisecond'
                    WHERE shard = :shard AND transfer IN (
                        SELECT transfer FROM wallet.outbox o WHERE shard = :shard AND due_at <= now()
                            AND NOT EXISTS (SELECT FROM rialto.behind b WHERE b.uid = o.payer)
                        ORDER BY due_at LIMIT :batch FOR UPDATE SKIP LOCKED)
                    RETURNING transfer)
                SELECT t.id, t.payer, t.payee, t.amount, t.currency, t.note
                FROM taken JOIN wallet.transfer t ON t.shard = :shard AND t.id = taken.transfer""")
                .param("lease", lease.toMillis())
                .param("shard", shard)
                .param("batch", BATCH)
                .query((row, n) -> new Delivery(
                        row.getObject("id", UUID.class),
                        row.getString("payer"),
                        row.getString("payee"),
                        row.getLong("amount"),
                        row.getString("currency"),
                        row.getString("note")))
                .list();
    }

    /** What became of it; unspecified where only another delivery can tell. */
    private Outcome deliver(Delivery delivery) throws InterruptedException {
        deliveries.acquire();
        try {
            CreditAnswer answer = cells.call(
                    Credits.OPERATION,
                    delivery.payee(),
                    delivery.request(),
                    CreditAnswer.class,
                    delivery.transfer().toString(),
                    CALL_TIMEOUT);
            return answer.getOutcome();
        } catch (OperationException e) {
            // An error is no refusal: only an answer of the payee's wallet is, and it has written that down.
            LOG.log(Level.DEBUG, () -> "transfer " + delivery.transfer() + " not delivered: " + e.getMessage());
            return Outcome.OUTCOME_UNSPECIFIED;
        } finally {
            deliveries.release();
        }
    }

    /** Whoever deletes the outbox row gives the money back: it is done once. */
    private int refund(JdbcClient sql, int shard, Delivery delivery) {
        int deleted = sql.sql("DELETE FROM wallet.outbox WHERE shard = ? AND transfer = ?")
                .params(shard, delivery.transfer())
                .update();
        if (deleted == 0) {
            return 0;
        }
        Entry entry = new Entry(
                shard,
                delivery.payer(),
                delivery.currency(),
                delivery.transfer(),
                Leg.REFUND,
                delivery.payee(),
                delivery.amount(),
                delivery.note());
        if (ledger.post(sql, entry).isEmpty()) {
            throw new IllegalStateException("transfer " + delivery.transfer() + ": the payer's account is gone");
        }
        return sql.sql("UPDATE wallet.transfer SET state = 'REFUNDED' WHERE shard = ? AND id = ?")
                .params(shard, delivery.transfer())
                .update();
    }

    private static int settle(JdbcClient sql, int shard, List<Delivery> credited, List<Delivery> unknown) {
        UUID[] done = credited.stream().map(Delivery::transfer).toArray(UUID[]::new);
        sql.sql("DELETE FROM wallet.outbox WHERE shard = ? AND transfer = ANY (?)")
                .params(shard, done)
                .update();
        sql.sql("UPDATE wallet.transfer SET state = 'DONE' WHERE shard = ? AND id = ANY (?)")
                .params(shard, done)
                .update();
        UUID[] again = unknown.stream().map(Delivery::transfer).toArray(UUID[]::new);
        return sql.sql("""
                UPDATE wallet.outbox SET due_at = now() + least(100 * 2 ^ least(attempts, 10), 10000) * interval '1 millisecond'
                WHERE shard = ? AND transfer = ANY (?)""").params(shard, again).update();
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

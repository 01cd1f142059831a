package io.rialto.starter;

import io.rialto.protocol.Caller;
import io.rialto.protocol.Reason;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.UncategorizedSQLException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The only doors to a cell's database: {@link #read} and {@link #readGlobal}, in which PostgreSQL refuses writes, and
 * {@link #write}, which asks the fence first. The fence (SQL function {@code rialto.fence(shard, epoch)}, of the cell's own schema) holds a
 * lock until commit, so a shard that is being moved away closes after the last write that it let in.
 *
 * <p>Hand this to a backend's code instead of the {@code DataSource}. Safe for use by many threads.
 */
public final class FencedTransactions {
    /** SQLSTATE of a write that the fence refused. */
    static final String FENCED = "RL001";

    /** SQLSTATE of a write for a user who is read-only. */
    static final String READ_ONLY = "RL003";

    /** Serialization failure and deadlock: the transaction did nothing and may run again. */
    private static final Set<String> REPEATABLE = Set.of("40001", "40P01");

    /** No such schema, no such function, not allowed. */
    private static final Set<String> UNPREPARED = Set.of("3F000", "42883", "42501");

    /** Enough for any fair conflict; a hotter one is for the caller to know. */
    private static final int TRIES = 5;

    /** Longer than any sound write, shorter than a phone's patience. */
    private static final int TIMEOUT_SECONDS = 10;

    /** The shard of the global data. */
    private static final int GLOBAL_SHARD = -1;

    /** A copy is behind by milliseconds; whoever is asked instead is as far away as the global cell. */
    private static final Duration COPY_WAIT = Duration.ofMillis(200);

    private static final long COPY_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    /** Reads that wait for a copy at one time, each with a query now and then; more go to the owner at once. */
    private static final int MAX_COPY_WAITS = 64;

    /** Two statements, of which the first has no result; as settings of the transaction manager they would be four round trips. */
    private static final String SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
            + " SELECT f.epoch, f.state, f.next FROM rialto.fence f WHERE f.shard = ?";

    private final JdbcClient sql;
    private final JdbcTemplate statements;
    private final Duration copyWait;
    private final Semaphore copyWaits = new Semaphore(MAX_COPY_WAITS);
    private final TransactionTemplate writing;
    private final TransactionTemplate reading;
    private final TransactionTemplate current;

    /** Tells which generation of the unit this is; a while late after another server took over. */
    private volatile @Nullable String newestMarker;

    public FencedTransactions(DataSource dataSource) {
        this(dataSource, COPY_WAIT);
    }

    /** @param copyWait how long a read waits for a copy that is behind */
    FencedTransactions(DataSource dataSource, Duration copyWait) {
        this.copyWait = copyWait;
        sql = JdbcClient.create(dataSource);
        statements = new JdbcTemplate(dataSource);
        CertainCommits transactions = new CertainCommits(dataSource);
        // The session is told too: PostgreSQL itself then refuses a write.
        transactions.setEnforceReadOnly(true);
        writing = new TransactionTemplate(transactions);
        writing.setTimeout(TIMEOUT_SECONDS);
        reading = new TransactionTemplate(transactions);
        reading.setReadOnly(true);
        reading.setTimeout(TIMEOUT_SECONDS);
        current = new TransactionTemplate(transactions);
        current.setTimeout(TIMEOUT_SECONDS);
    }

    /** What runs inside a transaction. It may run more than once, so it must change nothing but the database. */
    @FunctionalInterface
    public interface Work<T extends @Nullable Object> {
        T run(JdbcClient sql);
    }

    /** Writes for the shard and epoch that the gateway located the call at. */
    public <T extends @Nullable Object> T write(Caller caller, Work<T> work) {
        if (caller.shard() == Caller.NO_SHARD) {
            throw new OperationException(
                    Reason.NO_ROUTE,
                    "shard: none (expected: an operation that the gateway routes by user, hint or global)");
        }
        return write(caller.shard(), caller.epoch(), work);
    }

    /** Writes for a background worker. */
    public <T extends @Nullable Object> T write(int shard, long epoch, Work<T> work) {
        for (int attempt = 1; ; attempt++) {
            AtomicLong version = new AtomicLong();
            try {
                T result = writing.execute(status -> {
                    if (PressureTest.require(shard)) {
                        toShadow();
                    }
                    enter(shard, epoch);
                    T done = work.run(sql);
                    if (shard == GLOBAL_SHARD) {
                        // Last, as it holds up other writers of global data until the commit.
                        version.set(nextGlobalVersion());
                    }
                    return done;
                });
                GlobalVersion.saw(version.get());
                keepMarker();
                return result;
            } catch (RuntimeException e) {
                String state = Failures.sqlState(e);
                if (READ_ONLY.equals(state)) {
                    noteBehind(shard, epoch, e);
                }
                if (state == null || !REPEATABLE.contains(state) || attempt == TRIES) {
                    throw e;
                }
            }
        }
    }

    /** The fence, which also refuses users behind where the call brings markers. */
    private void enter(int shard, long epoch) {
        Written call = Written.current();
        if (call == null || call.brought().isEmpty()) {
            fence(sql, shard, epoch);
            return;
        }
        sql.sql("SELECT rialto.fence(?, ?, ?, ?)")
                .params(shard, epoch, call.user(), call.brought())
                .query(rows -> {});
    }

    /** What was refused is rolled back, and with it what the fence found. */
    private void noteBehind(int shard, long epoch, RuntimeException refusal) {
        try {
            findBehind(shard, epoch);
        } catch (RuntimeException e) {
            refusal.addSuppressed(e);
        }
    }

    private void keepMarker() {
        Written call = Written.current();
        if (call != null && call.newest() != null) {
            newestMarker = call.newest();
        }
    }

    /**
     * At a user's first call after another server took over. A read is served to a user behind, but others should not
     * write for the user from then on.
     */
    private void lookOnce(Caller caller) {
        Written call = Written.current();
        if (call != null && caller.shard() != Caller.NO_SHARD && call.isBefore(newestMarker)) {
            findBehind(caller.shard(), caller.epoch());
        }
    }

    /** Has it noted that the call's user is behind, where the markers show it; the shard stays here meanwhile. */
    private void findBehind(int shard, long epoch) {
        Written call = Written.current();
        if (call != null && !call.brought().isEmpty()) {
            writing.executeWithoutResult(status -> {
                fence(sql, shard, epoch);
                sql.sql("SELECT rialto.find_behind(?, ?)")
                        .params(call.user(), call.brought())
                        .query(rows -> {});
            });
        }
    }

    /**
     * Turns the transaction to the schema of pressure tests, where nothing real can be named without its schema.
     *
     * @throws OperationException where there is none
     */
    private void toShadow() {
        boolean there = sql.sql("SELECT set_config('search_path', current_schema() || '_shadow', true)"
                        + " WHERE to_regnamespace(quote_ident(current_schema() || '_shadow')) IS NOT NULL")
                .query((row, n) -> row.getString(1))
                .optional()
                .isPresent();
        if (!there) {
            throw new OperationException(
                    Reason.NO_SHADOW,
                    "schema: no shadow (expected: one with _shadow behind the name of the backend's)");
        }
    }

    /**
     * Has PostgreSQL refuse, by whatever way it comes, each write to this backend's tables for a shard whose fence its
     * transaction does not hold (SQLSTATE RL002): tables with a column {@code shard} that this backend's role owns. The
     * starter calls it once all beans are there, and so after migrations; whoever makes tables later calls it again.
     *
     * @throws IllegalStateException where the database was not prepared as a cell's for this role
     */
    public void guard() {
        try {
            writing.executeWithoutResult(
                    status -> sql.sql("SELECT rialto.guard(), rialto.written()").query(rows -> {}));
        } catch (RuntimeException e) {
            String state = Failures.sqlState(e);
            if (state == null || !UNPREPARED.contains(state)) {
                throw e;
            }
            throw new IllegalStateException(
                    "database: it has no rialto.guard() for this role (expected: a cell's database, by `rialto cells"
                            + " prepare` with this role among its backends)",
                    e);
        }
    }

    /** Puts a second shard of this cell behind the fence of the running transaction. */
    public static void fence(JdbcClient sql, int shard, long epoch) {
        PressureTest.require(shard);
        sql.sql("SELECT rialto.fence(?, ?)").param(shard).param(epoch).query(rows -> {});
    }

    /** Whether a failure is the fence's refusal: the shard has left, or has come back under another epoch. */
    public static boolean isFenced(Throwable failure) {
        return FENCED.equals(Failures.sqlState(failure));
    }

    private long nextGlobalVersion() {
        return sql.sql("SELECT rialto.next_global_version()").query(Long.class).single();
    }

    /**
     * Reads global data from what this cell has of it: the data itself in the global cell, a copy elsewhere. It is at least
     * as new as what the call has seen before, its caller's writes among it; a copy that is behind is waited for, a
     * little. Where there is no copy, or it stays behind, and in a pressure test, the global cell is asked.
     *
     * @param atOwner asks the global cell, such as by {@link CellCalls} to an operation that is routed {@code global}
     */
    public <T extends @Nullable Object> T readGlobal(Work<T> work, Supplier<T> atOwner) {
        if (PressureTest.isOn()) {
            return atOwner.get();
        }
        long needed = GlobalVersion.seen();
        Copy<T> copy = look(needed, work);
        if (copy.isBehind(needed) && copyWaits.tryAcquire()) {
            try {
                long end = System.nanoTime() + copyWait.toNanos();
                while (copy.isBehind(needed) && end - System.nanoTime() > 0 && !Thread.interrupted()) {
                    LockSupport.parkNanos(COPY_LOOK_NANOS);
                    copy = look(needed, work);
                }
            } finally {
                copyWaits.release();
            }
        }
        return copy.version() >= needed ? copy.result() : atOwner.get();
    }

    /** Reads that wait for a copy now. */
    int copyWaits() {
        return MAX_COPY_WAITS - copyWaits.availablePermits();
    }

    /**
     * Reads global data in the global cell, for an operation that is routed {@code global}.
     *
     * @throws OperationException {@link Reason#COPY_BEHIND} where this database has not what the call has seen before: it
     *     was taken over by another one, or the caller invents versions
     */
    public <T extends @Nullable Object> T readGlobal(Work<T> work) {
        if (PressureTest.isOn()) {
            return read(work);
        }
        long needed = GlobalVersion.seen();
        Copy<T> data = look(needed, work);
        if (data.version() < needed) {
            throw new OperationException(
                    Reason.COPY_BEHIND,
                    "the global data here is at version " + data.version() + " (expected: " + needed
                            + " or more; another try)");
        }
        return data.result();
    }

    /**
     * The global data as a database has it.
     *
     * @param version below 0 where it has no whole copy
     * @param result what was read; only where the version is as new as was needed
     */
    private record Copy<T extends @Nullable Object>(long version, T result) {
        boolean isBehind(long needed) {
            return version >= 0 && version < needed;
        }
    }

    @SuppressWarnings("NullAway") // a result that is missing is not looked at
    private <T extends @Nullable Object> Copy<T> look(long needed, Work<T> work) {
        return reading.execute(status -> {
            long version = sql.sql("SELECT coalesce(rialto.global_version(), -1)")
                    .query(Long.class)
                    .single();
            return new Copy<T>(version, version >= needed ? work.run(sql) : null);
        });
    }

    /**
     * Reads what the caller's shard holds now, and refuses where the shard is not open here at the call's epoch: what this
     * cell still has of a shard that has moved away may be old, or half deleted. Nobody is held off by it. Whether the shard
     * is open is looked up in the very snapshot that the rows are read in; all that another cell may write of the shard comes
     * after a close that is not in that snapshot, so what is read was the newest at the moment of the snapshot.
     */
    public <T extends @Nullable Object> T read(Caller caller, Work<T> work) {
        lookOnce(caller);
        return current.execute(status -> {
            boolean shadow = PressureTest.require(caller.shard());
            requireOpenInSnapshot(caller);
            if (shadow) {
                toShadow();
            }
            return work.run(sql);
        });
    }

    /** Begins the transaction's snapshot, and its reading only, with what it asks of it: in one round trip. */
    private void requireOpenInSnapshot(Caller caller) {
        String found = statements.execute(SNAPSHOT, (PreparedStatement statement) -> {
            statement.setInt(1, caller.shard());
            statement.execute();
            statement.getMoreResults();
            try (ResultSet row = statement.getResultSet()) {
                if (!row.next()) {
                    return "unknown";
                }
                long epoch = row.getLong(1);
                boolean open = epoch == caller.epoch() && "OPEN".equals(row.getString(2));
                return open ? "" : row.getString(2) + ", next=" + row.getString(3) + ";epoch=" + epoch;
            }
        });
        if (found != null && !found.isEmpty()) {
            String what =
                    "shard " + caller.shard() + ": " + found + " (expected: OPEN at epoch " + caller.epoch() + ")";
            throw new UncategorizedSQLException("read", null, new SQLException(what, FENCED));
        }
    }

    /**
     * Reads in one read-only transaction; in a pressure test, what is of the pressure test. What is read of a shard that has
     * moved away may be old: {@link #read(Caller, Work)} is for what a user is told.
     */
    public <T extends @Nullable Object> T read(Work<T> work) {
        return reading.execute(status -> {
            if (PressureTest.isOn()) {
                toShadow();
            }
            return work.run(sql);
        });
    }
}

package io.rialto.cells.move;

import io.rialto.cells.Fence;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a move that change a fence's row: each is one transaction, which holds the row, looks whether its guard
 * holds and gives false where it does not. Each commits synchronously.
 */
final class FenceSteps {
    /** The class of the advisory locks that writers hold in share mode, as the function {@code rialto.fence} has it. */
    static final int LOCK_CLASS = 21068;

    /** The class of the locks by which movers keep out of each other's way; no writer waits for them. */
    private static final int MOVER_CLASS = 21069;

    /** SQLSTATE of a lock that was not to be had in time, and of one that could never be had. */
    private static final Set<String> HELD_OFF = Set.of("55P03", "40P01");

    /** SQLSTATE: whether the transaction is committed for good is not known. */
    private static final String UNKNOWN = "08007";

    private static final String ROW = "SELECT epoch, state, next, barred FROM rialto.fence WHERE shard = ?";
    private static final String TOKEN = "SELECT EXISTS (SELECT FROM rialto.token WHERE shard = ? AND epoch = ?)";

    /** A mover that stands still, or is cut off, in the middle of a step holds writers and other movers off no longer. */
    private static final Duration IDLE = Duration.ofSeconds(2);

    private FenceSteps() {}

    static Held read(Connection connection, int shard) throws SQLException {
        return held(connection, shard, ROW);
    }

    /** Takes the row until the transaction ends: neither movers nor writers have it meanwhile. */
    static Held lock(Connection connection, int shard) throws SQLException {
        take(connection, MOVER_CLASS, shard);
        // Queues fairly behind the writers; then nobody holds the row any more. Alone, a row that is always shared by
        // some
        // writer is never to be had.
        take(connection, LOCK_CLASS, shard);
        return held(connection, shard, ROW + " FOR UPDATE");
    }

    /**
     * Keeps other movers from the row until the transaction ends, without writing anything: a transaction that has written
     * holds off whoever makes a slot in its database, and whoever keeps a row as {@link #keep} does has.
     */
    static Held keepUnwritten(Connection connection, int shard) throws SQLException {
        take(connection, MOVER_CLASS, shard);
        return read(connection, shard);
    }

    /** Keeps the row as it is until the transaction ends; writers, who are refused or not, need not wait. */
    static Held keep(Connection connection, int shard) throws SQLException {
        take(connection, MOVER_CLASS, shard);
        return held(connection, shard, ROW + " FOR SHARE");
    }

    private static void take(Connection connection, int lockClass, int shard) throws SQLException {
        Sql.list(connection, row -> true, "SELECT pg_advisory_xact_lock(?, ?)", lockClass, shard);
    }

    private static Held held(Connection connection, int shard, String sql) throws SQLException {
        List<Held> rows = Sql.list(
                connection,
                row -> new Held(
                        new Fence.Row(
                                shard,
                                row.getLong(1),
                                Fence.State.valueOf(row.getString(2)),
                                Optional.ofNullable(row.getString(3))),
                        row.getLong(4)),
                sql,
                shard);
        return rows.isEmpty() ? Held.absent(shard) : rows.getFirst();
    }

    static boolean hasToken(Connection connection, int shard, long epoch) throws SQLException {
        return Sql.is(connection, TOKEN, shard, epoch);
    }

    interface Guarded {
        boolean run() throws SQLException;
    }

    /** One transaction; rolled back where the guard does not hold. */
    static boolean step(Connection connection, Guarded guarded) throws SQLException {
        connection.setAutoCommit(false);
        try {
            Sql.run(
                    connection,
                    "SET LOCAL synchronous_commit = on; SET LOCAL idle_in_transaction_session_timeout = '"
                            + IDLE.toMillis() + "ms'");
            boolean done = guarded.run();
            if (done) {
                commit(connection);
            }
            return done;
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    /**
     * One transaction that holds writers off.
     *
     * @param patience how long they may hold it off; those that come meanwhile wait behind it
     * @return empty where they did
     */
    static Optional<Boolean> step(Connection connection, Duration patience, Guarded guarded) throws SQLException {
        try {
            return Optional.of(step(connection, () -> {
                Sql.run(connection, "SET LOCAL lock_timeout = '" + patience.toMillis() + "ms'");
                return guarded.run();
            }));
        } catch (SQLException e) {
            if (HELD_OFF.contains(e.getSQLState())) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** A warning says that the wait for standbys was cancelled: another server may take over without the change. */
    private static void commit(Connection connection) throws SQLException {
        connection.clearWarnings();
        connection.commit();
        @Nullable SQLWarning warning = connection.getWarnings();
        if (warning != null) {
            throw new SQLException("a step of a move is not known to be durable: " + warning.getMessage(), UNKNOWN);
        }
    }

    /**
     * Returns once all that this connection could see so far will be seen for ever. A former primary still answers, and one
     * that was killed shows after its start what no standby has: only a commit that waits for standbys tells.
     */
    static void makeSure(Connection connection) throws SQLException {
        step(connection, () -> Sql.is(connection, "SELECT pg_logical_emit_message(true, 'rialto', '') IS NOT NULL"));
    }

    /**
     * Closes the shard, when the writes in flight have ended, and leaves the token of the epoch.
     *
     * @param patience how long writers may hold it off; they wait meanwhile
     * @return empty where they did
     */
    static Optional<Boolean> close(Connection source, Grant grant, String next, Duration patience) throws SQLException {
        return step(source, patience, () -> {
            if (!change(source, grant.shard(), held -> MoveRules.close(grant, held, next))) {
                return false;
            }
            Sql.update(source, "INSERT INTO rialto.token (shard, epoch) VALUES (?, ?)", grant.shard(), grant.epoch());
            return true;
        });
    }

    /** Opens the shard where it has all that was committed before the close. */
    static boolean open(Connection target, Grant grant) throws SQLException {
        return step(
                target,
                () -> change(
                        target,
                        grant.shard(),
                        held -> MoveRules.open(grant, held, hasToken(target, grant.shard(), grant.epoch()))));
    }

    /** Makes sure that the shard is never opened by this grant; false where it has been. */
    static boolean refuse(Connection target, Grant grant) throws SQLException {
        return step(target, () -> change(target, grant.shard(), held -> MoveRules.refuse(grant, held)));
    }

    /**
     * The shard goes on where it was, once the target has refused: a closed one is opened, and one that is still open is
     * not closed any more.
     *
     * @param refused what the target's row was seen to be
     */
    static boolean reopen(Connection source, Grant grant, Held refused) throws SQLException {
        return step(source, () -> change(source, grant.shard(), held -> MoveRules.reopen(grant, held, refused)));
    }

    /** Gives the closed copy up, once the target is seen to have opened. */
    static boolean retire(Connection source, Grant grant, Held opened) throws SQLException {
        return step(source, () -> change(source, grant.shard(), held -> MoveRules.retire(grant, held, opened)));
    }

    interface Rule {
        Optional<Held> of(Held held) throws SQLException;
    }

    /** Within a transaction: takes the row, and changes it where the rule says so. */
    static boolean change(Connection connection, int shard, Rule rule) throws SQLException {
        Optional<Held> changed = rule.of(lock(connection, shard));
        if (changed.isPresent()) {
            put(connection, changed.get());
        }
        return changed.isPresent();
    }

    static void put(Connection connection, Held held) throws SQLException {
        Fence.Row row = held.row();
        Sql.update(
                connection,
                "INSERT INTO rialto.fence (shard, epoch, state, next, barred) VALUES (?, ?, ?, nullif(?, ''), ?)"
                        + " ON CONFLICT (shard) DO UPDATE SET epoch = excluded.epoch, state = excluded.state,"
                        + " next = excluded.next, barred = excluded.barred",
                row.shard(),
                row.epoch(),
                row.state().name(),
                row.next().orElse(""),
                held.barred());
    }

    /** How long ago the oldest transaction began that writes for the shard; zero where none does. */
    static Duration oldestWriter(Connection source, int shard) throws SQLException {
        double seconds = Sql.list(
                        source,
                        row -> row.getDouble(1),
                        "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - a.xact_start)), 0)"
                                + " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                                + " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = ? AND l.objid = ?"
                                + " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                        LOCK_CLASS,
                        shard)
                .getFirst();
        return Duration.ofNanos((long) (seconds * 1e9));
    }
}

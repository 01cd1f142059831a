package io.rialto.cells.move;

import io.rialto.cells.Fence;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The steps of a move that change a fence's row: each is one transaction, which holds the row, looks whether its guard
 * holds and gives false where it does not. Each commits synchronously.
 */
final class FenceSteps {
    /** The class of the advisory locks that writers hold in share mode, as the function {@code rialto.fence} has it. */
    static final int LOCK_CLASS = 21068;

    /** The class of the locks by which movers keep out of each other's way; no writer waits for them. */
    private static final int MOVER_CLASS = 21069;

    /** SQLSTATE of a lock that was not to be had in time. */
    private static final String LOCK_TIMEOUT = "55P03";

    private static final String ROW = "SELECT epoch, state, next, barred FROM rialto.fence WHERE shard = ?";
    private static final String TOKEN = "SELECT EXISTS (SELECT FROM rialto.token WHERE shard = ? AND epoch = ?)";

    private FenceSteps() {}

    /** A row with the epoch up to which nothing is closed any more. */
    record Held(Fence.Row row, long barred) {
        boolean purgeable() {
            return switch (row.state()) {
                case ABSENT, REFUSED, RETIRED -> true;
                case OPEN, CLOSED -> false;
            };
        }

        /** Whether the shard was opened here by this epoch or a later one, and its rows are, or were, the good copy. */
        boolean openedBy(long epoch) {
            return row.epoch() >= epoch
                    && switch (row.state()) {
                        case OPEN, CLOSED, RETIRED -> true;
                        case ABSENT, REFUSED -> false;
                    };
        }

        boolean isAt(Fence.State state, long epoch) {
            return row.state() == state && row.epoch() == epoch;
        }
    }

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
        // A shard that a database has never heard of was never here.
        return rows.isEmpty()
                ? new Held(new Fence.Row(shard, 1, Fence.State.ABSENT, Optional.empty()), 0)
                : rows.getFirst();
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
            Sql.run(connection, "SET LOCAL synchronous_commit = on");
            boolean done = guarded.run();
            if (done) {
                connection.commit();
            }
            return done;
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    /**
     * Closes the shard, when the writes in flight have ended, and leaves the token of the epoch.
     *
     * @param patience how long writers may hold it off; they wait meanwhile
     * @return empty where they did
     */
    static Optional<Boolean> close(Connection source, Grant grant, String next, Duration patience) throws SQLException {
        try {
            return Optional.of(step(source, () -> {
                Sql.run(source, "SET LOCAL lock_timeout = '" + patience.toMillis() + "ms'");
                Held held = lock(source, grant.shard());
                if (held.row().state() != Fence.State.OPEN
                        || held.row().epoch() >= grant.epoch()
                        || held.barred() >= grant.epoch()) {
                    return false;
                }
                Sql.update(
                        source,
                        "UPDATE rialto.fence SET state = 'CLOSED', epoch = ?, next = ? WHERE shard = ?",
                        grant.epoch(),
                        next,
                        grant.shard());
                Sql.update(
                        source, "INSERT INTO rialto.token (shard, epoch) VALUES (?, ?)", grant.shard(), grant.epoch());
                return true;
            }));
        } catch (SQLException e) {
            if (LOCK_TIMEOUT.equals(e.getSQLState())) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Opens the shard where it has all that was committed before the close. */
    static boolean open(Connection target, Grant grant) throws SQLException {
        return step(target, () -> {
            Held held = lock(target, grant.shard());
            boolean may = held.purgeable()
                    && held.row().epoch() < grant.epoch()
                    && hasToken(target, grant.shard(), grant.epoch());
            if (may) {
                put(target, grant, Fence.State.OPEN);
            }
            return may;
        });
    }

    /** Makes sure that the shard is never opened by this grant; false where it has been. */
    static boolean refuse(Connection target, Grant grant) throws SQLException {
        return step(target, () -> {
            Held held = lock(target, grant.shard());
            if (held.isAt(Fence.State.REFUSED, grant.epoch())) {
                return true;
            }
            if (!held.purgeable() || held.row().epoch() >= grant.epoch()) {
                return false;
            }
            put(target, grant, Fence.State.REFUSED);
            return true;
        });
    }

    /**
     * The shard goes on where it was, once the target has refused: a closed one is opened, and one that is still open is
     * not closed any more.
     *
     * @param refused what the target's row was seen to be
     */
    static boolean reopen(Connection source, Grant grant, Held refused) throws SQLException {
        if (!refused.isAt(Fence.State.REFUSED, grant.epoch())) {
            return false;
        }
        return step(source, () -> {
            Held held = lock(source, grant.shard());
            if (held.isAt(Fence.State.CLOSED, grant.epoch())) {
                Sql.update(
                        source,
                        "UPDATE rialto.fence SET state = 'OPEN', next = NULL, barred = ? WHERE shard = ?",
                        grant.epoch(),
                        grant.shard());
            } else {
                Sql.update(
                        source,
                        "UPDATE rialto.fence SET barred = greatest(barred, ?) WHERE shard = ?",
                        grant.epoch(),
                        grant.shard());
            }
            return true;
        });
    }

    /** Gives the closed copy up, once the target is seen to have opened. */
    static boolean retire(Connection source, Grant grant, Held opened) throws SQLException {
        if (!opened.openedBy(grant.epoch())) {
            return false;
        }
        return step(source, () -> {
            Held held = lock(source, grant.shard());
            boolean may = held.isAt(Fence.State.CLOSED, grant.epoch());
            if (may) {
                Sql.update(source, "UPDATE rialto.fence SET state = 'RETIRED' WHERE shard = ?", grant.shard());
            }
            return may;
        });
    }

    private static void put(Connection connection, Grant grant, Fence.State state) throws SQLException {
        Sql.update(
                connection,
                "INSERT INTO rialto.fence (shard, epoch, state) VALUES (?, ?, ?) ON CONFLICT (shard) DO UPDATE"
                        + " SET epoch = excluded.epoch, state = excluded.state, next = NULL",
                grant.shard(),
                grant.epoch(),
                state.name());
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

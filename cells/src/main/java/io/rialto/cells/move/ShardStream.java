package io.rialto.cells.move;

import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.SlotSnapshot;
import io.rialto.node.postgres.TableCopy;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The copy of a shard in the target, and the stream that keeps it up to date: a publication with a row filter, a slot and
 * a role in the source, a subscription in the target, all of one name, which is new with every attempt and says which of
 * the target's servers made it. A subscription whose slot is gone therefore never follows another attempt's slot, which
 * would have begun later, and a copy is not taken for whole by a server that has it from another one.
 */
final class ShardStream {
    private static final Duration LOCK = Duration.ofSeconds(30);
    /** A stream that was told to end is gone within this. */
    private static final int DROP_TRIES = 500;

    private static final int DROP_PAUSE_MILLIS = 10;
    /** Rows between two looks at the pace. */
    private static final int PACE_ROWS = 1_000;

    private final Grant grant;
    private final String prefix;

    ShardStream(Grant grant) {
        this.grant = grant;
        this.prefix = "rialto_move_" + grant.shard() + "_";
    }

    /** How a copy is made. */
    record Copying(MoveWatch watch, long rowsPerSecond, SecureRandom random) {}

    /** The name of a stream that ends in the target. */
    static Optional<String> subscription(Connection target, String prefix) throws SQLException {
        return Sql.list(
                        target,
                        row -> row.getString(1),
                        "SELECT subname FROM pg_subscription WHERE starts_with(subname, ?)"
                                + " AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
                        prefix)
                .stream()
                .findFirst();
    }

    /**
     * Which of a unit's servers it is, and since when: counted by promotions. A server that took over may lack what was
     * applied by the one before, as a stream's commits do not wait for standbys, and the source does not send it again.
     */
    private static String timeline(Connection connection) throws SQLException {
        return Sql.list(
                        connection,
                        row -> row.getString(1),
                        "SELECT ltrim(left(pg_walfile_name(pg_current_wal_lsn()), 8), '0')")
                .getFirst()
                .toLowerCase(Locale.ROOT);
    }

    /** Whether the target has the copy of this grant, made by the same server that has it now. */
    boolean copied(Connection target) throws SQLException {
        return subscription(target, prefix + grant.epoch() + "_" + timeline(target) + "_")
                .isPresent();
    }

    /** Whether the target follows the source already, by this grant's stream. */
    boolean follows(Connection source, Connection target) throws SQLException {
        Optional<String> name = subscription(target, prefix);
        return name.isPresent() && copied(target) && isUsable(source, name.get());
    }

    /** Whether a server has a slot, and the log from there on: a slot is not on the server that took over, and log is kept to a limit. */
    static boolean isUsable(Connection source, String slot) throws SQLException {
        return Sql.is(
                source,
                "SELECT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = ?"
                        + " AND wal_status IS DISTINCT FROM 'lost' AND invalidation_reason IS NULL)",
                slot);
    }

    /** Bytes of the source's log that the target has not applied; empty while it does not follow. */
    Optional<Long> behind(Connection source) throws SQLException {
        return Sql.list(
                        source,
                        row -> row.getLong(1),
                        "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint FROM pg_stat_replication"
                                + " WHERE starts_with(application_name, ?) AND state = 'streaming'"
                                + " AND replay_lsn IS NOT NULL",
                        prefix)
                .stream()
                .findFirst();
    }

    /**
     * Deletes what the target has of the shard, copies it anew and follows from there, in one transaction that keeps the
     * target's fence as it is.
     *
     * @return rows copied; empty where the target may not be purged by this grant
     */
    Optional<Long> prepare(Database source, Database target, List<Carried> tables, Copying copying)
            throws SQLException, MoveException, InterruptedException {
        try (Connection to = target.address().connect("rialto-move");
                Connection from = source.address().connect("rialto-move")) {
            // In transactions of their own: dropping a subscription holds off all others of the database.
            if (!replacing(to, () -> dropSubscription(to, prefix))) {
                return Optional.empty();
            }
            // What streams out of the copy that is deleted would delete the good one as well.
            dropSlots(target, to, prefix);
            to.setAutoCommit(false);
            try {
                if (!mayReplace(to)) {
                    return Optional.empty();
                }
                dropSlots(source, from, prefix);
                Optional<Long> rows = copy(source, from, to, tables, copying);
                if (rows.isPresent()) {
                    to.commit();
                }
                return rows;
            } finally {
                to.rollback();
                to.setAutoCommit(true);
            }
        }
    }

    private boolean mayReplace(Connection target) throws SQLException {
        Sql.run(target, "SET LOCAL lock_timeout = '" + LOCK.toMillis() + "ms'");
        return MoveRules.mayReplace(grant, FenceSteps.keepUnwritten(target, grant.shard()));
    }

    private boolean replacing(Connection target, FenceSteps.Guarded work) throws SQLException {
        return FenceSteps.step(target, () -> {
            Sql.run(target, "SET LOCAL lock_timeout = '" + LOCK.toMillis() + "ms'");
            return FenceSteps.change(target, grant.shard(), held -> MoveRules.replace(grant, held)) && work.run();
        });
    }

    /**
     * The slot is made first, which waits for all that write in the source: had this transaction written in the target
     * already, a move the other way would wait for it, and this one for that, for ever.
     */
    private Optional<Long> copy(Database source, Connection from, Connection to, List<Carried> tables, Copying copying)
            throws SQLException, MoveException, InterruptedException {
        String name = prefix + grant.epoch() + "_" + timeline(to) + "_"
                + HexFormat.of().toHexDigits(copying.random().nextInt());
        Sql.run(
                from,
                "CREATE PUBLICATION " + name + " FOR TABLE "
                        + tables.stream()
                                .map(table -> table.name() + " WHERE (shard = " + grant.shard() + ")")
                                .collect(Collectors.joining(", "))
                        // A TRUNCATE knows no rows, and would empty the other cell's table.
                        + " WITH (publish = 'insert, update, delete')");
        DatabaseAddress follower = source.replicationRole(name, copying.random());
        long rows;
        try (SlotSnapshot slot = SlotSnapshot.create(source.address(), name)) {
            if (!MoveRules.mayReplace(grant, FenceSteps.keep(to, grant.shard()))) {
                return Optional.empty();
            }
            // No trigger of a backend runs for rows that were written elsewhere: what it did there is copied as well.
            Sql.run(to, "SET LOCAL session_replication_role = replica");
            for (Carried table : tables) {
                Sql.update(to, "DELETE FROM " + table.name() + " WHERE shard = ?", grant.shard());
            }
            from.setAutoCommit(false);
            from.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            try {
                Sql.run(from, "SET TRANSACTION SNAPSHOT '" + slot.name() + "'");
                awaitCommitted(source, from, "shard " + grant.shard());
                rows = copyRows(from, to, tables, copying);
            } finally {
                from.rollback();
                from.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
                from.setAutoCommit(true);
            }
        }
        // The statement has a password, which an error would write to the server's log.
        Sql.run(to, "SET LOCAL log_min_error_statement = panic");
        Sql.run(
                to,
                "CREATE SUBSCRIPTION " + name + " CONNECTION '"
                        + follower.connectionString().replace("'", "''") + "' PUBLICATION " + name
                        + " WITH (create_slot = false, copy_data = false, synchronous_commit = off, streaming = off)");
        return Optional.of(rows);
    }

    /**
     * Waits until all that the snapshot takes for committed has been marked so. A slot's snapshot is built from the log,
     * and a commit stands there a moment before the server's list of running transactions and its status of transactions
     * say so. Who reads a row in that moment takes it for that of an aborted transaction, and leaves a hint at the row that
     * makes it so for everyone: an acknowledged write would be lost in the source itself.
     */
    static void awaitCommitted(Database source, Connection reading, String what)
            throws SQLException, MoveException, InterruptedException {
        String snapshot = readable(Sql.list(reading, row -> row.getString(1), "SELECT pg_current_snapshot()::text")
                .getFirst());
        long deadline = System.nanoTime() + LOCK.toNanos();
        try (Connection connection = source.address().connect("rialto-move")) {
            while (Sql.is(
                    connection,
                    "SELECT EXISTS (SELECT FROM pg_snapshot_xip(pg_current_snapshot()) AS running(xid)"
                            + " WHERE pg_visible_in_snapshot(xid, ?::pg_snapshot))",
                    snapshot)) {
                if (System.nanoTime() > deadline) {
                    throw new MoveException(what + ": a transaction that is committed in the log of"
                            + " its cell still runs after " + LOCK + " (expected: milliseconds; try again)");
                }
                Pauses.millis(1);
            }
        }
    }

    /**
     * A snapshot in the form that PostgreSQL reads. Of one that was built from the log, the end is behind the last transaction
     * that committed, and the beginning may be further, where later ones have ended otherwise: all before that is seen.
     */
    static String readable(String snapshot) {
        String[] parts = snapshot.split(":", -1);
        long beginning = Long.parseUnsignedLong(parts[0]);
        long end = Long.parseUnsignedLong(parts[1]);
        return Long.compareUnsigned(beginning, end) <= 0 ? snapshot : parts[0] + ":" + parts[0] + ":";
    }

    private long copyRows(Connection from, Connection to, List<Carried> tables, Copying copying)
            throws SQLException, MoveException {
        Map<String, Carried.Sum> sums = Carried.sums(from, tables, grant.shard());
        long all = sums.values().stream().mapToLong(Carried.Sum::rows).sum();
        Pace pace = new Pace(copying, all);
        for (Carried table : tables) {
            TableCopy.copy(
                    from,
                    table.rows(grant.shard()),
                    to,
                    table.name() + " (" + table.columnList() + ")",
                    PACE_ROWS,
                    pace::copied);
        }
        String differences = Carried.differences(sums, Carried.sums(to, tables, grant.shard()));
        if (!differences.isEmpty()) {
            throw new MoveException("shard " + grant.shard() + ": the copy differs in " + differences
                    + " (expected: the same rows; is something writing to the target outside its fence?)");
        }
        return all;
    }

    /** Keeps a copy to so many rows a second. */
    private static final class Pace {
        private final Copying copying;
        private final long all;
        private final long began = System.nanoTime();
        private long rows;

        Pace(Copying copying, long all) {
            this.copying = copying;
            this.all = all;
        }

        void copied(long more) {
            rows += more;
            copying.watch().copied(rows, all);
            if (copying.rowsPerSecond() > 0) {
                Pauses.until(began + (long) (rows * 1e9 / copying.rowsPerSecond()));
            }
        }
    }

    /** Ends the stream of this grant, in the target first; one of a later grant stays. */
    void end(Database source, Database target) throws SQLException, MoveException {
        String own = prefix + grant.epoch() + "_";
        try (Connection to = target.address().connect("rialto-move");
                Connection from = source.address().connect("rialto-move")) {
            FenceSteps.step(to, () -> dropSubscription(to, own));
            dropSlots(source, from, own);
        }
    }

    /** Within a transaction, which is why it leaves the slot alone. */
    static boolean dropSubscription(Connection target, String prefix) throws SQLException {
        for (Optional<String> name = subscription(target, prefix);
                name.isPresent();
                name = subscription(target, prefix)) {
            Sql.run(target, "ALTER SUBSCRIPTION " + name.get() + " DISABLE");
            Sql.run(target, "ALTER SUBSCRIPTION " + name.get() + " SET (slot_name = NONE)");
            Sql.run(target, "DROP SUBSCRIPTION " + name.get());
        }
        return true;
    }

    /** What streams of this shard out of a database: slots, publications and roles of all attempts. */
    static void dropSlots(Database database, Connection connection, String prefix) throws SQLException, MoveException {
        for (int tries = 0; ; tries++) {
            Sql.list(
                    connection,
                    row -> true,
                    "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots"
                            + " WHERE starts_with(slot_name, ?) AND database = current_database() AND active",
                    prefix);
            Sql.list(
                    connection,
                    row -> true,
                    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                            + " WHERE starts_with(slot_name, ?) AND database = current_database() AND NOT active",
                    prefix);
            if (!Sql.is(
                    connection,
                    "SELECT EXISTS (SELECT FROM pg_replication_slots WHERE starts_with(slot_name, ?)"
                            + " AND database = current_database())",
                    prefix)) {
                break;
            }
            if (tries == DROP_TRIES) {
                throw new MoveException("a replication slot " + prefix
                        + "... does not end (expected: its stream to stop when told; see pg_replication_slots)");
            }
            Pauses.millis(DROP_PAUSE_MILLIS);
        }
        for (String publication : Sql.list(
                connection,
                row -> row.getString(1),
                "SELECT pubname FROM pg_publication WHERE starts_with(pubname, ?)",
                prefix)) {
            database.dropRole(publication);
            Sql.run(connection, "DROP PUBLICATION IF EXISTS " + publication);
        }
    }

    /**
     * Deletes what a copy that was given up still has, some rows at a time.
     *
     * @return false where it may not be deleted (any more)
     */
    static boolean purge(Connection connection, Grant grant, List<Carried> tables, long rowsPerSecond)
            throws SQLException {
        for (Carried table : tables) {
            long began = System.nanoTime();
            long rows = 0;
            for (int[] part = {Carried.PURGE_ROWS}; part[0] == Carried.PURGE_ROWS; ) {
                boolean may = FenceSteps.step(connection, () -> {
                    if (!MoveRules.mayPurge(grant, FenceSteps.keep(connection, grant.shard()))) {
                        return false;
                    }
                    Sql.run(connection, "SET LOCAL session_replication_role = replica");
                    part[0] = Sql.update(
                            connection,
                            "DELETE FROM " + table.name() + " WHERE ctid = ANY (ARRAY(SELECT ctid FROM " + table.name()
                                    + " WHERE shard = ? LIMIT " + Carried.PURGE_ROWS + "))",
                            grant.shard());
                    return true;
                });
                if (!may) {
                    return false;
                }
                rows += part[0];
                if (rowsPerSecond > 0) {
                    Pauses.until(began + (long) (rows * 1e9 / rowsPerSecond));
                }
            }
        }
        return true;
    }
}

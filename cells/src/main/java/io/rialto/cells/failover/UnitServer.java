package io.rialto.cells.failover;

import io.rialto.cells.failover.Ledger.Elsewhere;
import io.rialto.node.postgres.DatabaseAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What a failover asks of one server. A promise is kept in two settings that {@code ALTER SYSTEM} writes durably: the
 * generation promised to, and nobody to take the log of. Both change under one advisory lock, so a late request of an
 * earlier failover finds the later promise and is refused.
 */
final class UnitServer {
    private static final Duration CONNECT = Duration.ofSeconds(1);
    private static final Duration ANSWER = Duration.ofSeconds(10);
    /** A standby first replays what it has, then answers. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final Duration POLL = Duration.ofMillis(10);
    /** Any number that nothing else takes. */
    private static final long LOCK = 0x5249_414c_544fL;

    static final String PROMISED = "rialto.promised";
    /** On in a remote copy: from its promotion to the end of the take-over's first transaction, and on to its publication, nobody
     * finds a primary there. */
    static final String READ_ONLY = "default_transaction_read_only";

    private static final String TIMED_OUT = "55P03";

    private final String name;
    private final DatabaseAddress address;

    UnitServer(String name, DatabaseAddress address) {
        this.name = name;
        this.address = address;
    }

    /**
     * What a server is.
     *
     * @param primary whether it takes writes
     * @param source the port that it takes the log from; none where it takes none now
     * @param position how much it has
     */
    record Look(boolean primary, Optional<Integer> source, Position position) {}

    Look look(Duration limit) throws SQLException {
        try (Connection connection = connect(limit)) {
            boolean primary = !flag(connection, "SELECT pg_is_in_recovery()");
            String port = text(
                    connection,
                    "SELECT sender_port::text FROM pg_stat_wal_receiver WHERE status = 'streaming'"
                            + " AND last_msg_receipt_time > clock_timestamp() - interval '2 s'");
            return new Look(primary, Optional.ofNullable(port).map(Integer::valueOf), position(connection));
        }
    }

    /**
     * Makes it take nothing any more from a primary of an earlier generation, durably.
     *
     * @return all that it has and will have
     */
    Position promise(long generation) throws SQLException, RefusedException, InterruptedException {
        try (Connection connection = connect(ANSWER)) {
            lock(connection);
            requireStandby(connection);
            long before = promised(connection);
            if (before > generation) {
                throw new RefusedException(
                        name + ": has promised to generation " + before + " (expected: at most " + generation + ")");
            }
            set(connection, PROMISED, Long.toString(generation));
            set(connection, "primary_conninfo", "");
            reload(connection, "");
            // PostgreSQL's main process takes a new connection only after it has told all others of the change, and the
            // recovering one confirms a pause only after it has listened. So it cannot follow the old setting later.
            try (Connection after = connect(ANSWER)) {
                execute(after, "SELECT pg_wal_replay_pause()");
                await(after, "SELECT pg_get_wal_replay_pause_state() = 'paused'", "confirms a pause");
                execute(after, "SELECT pg_wal_replay_resume()");
            }
            awaitAllReplayed(connection);
            return position(connection);
        }
    }

    /**
     * A receiver that has come to the end of its sender's timeline stays, and waits to be asked for another one, which the
     * recovering process does only where it has a source.
     */
    private void awaitAllReplayed(Connection connection) throws SQLException, InterruptedException {
        await(
                connection,
                "SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status <> 'waiting')"
                        + " AND EXISTS (SELECT FROM pg_stat_activity"
                        + " WHERE backend_type = 'startup' AND wait_event"
                        + " IN ('RecoveryRetrieveRetryInterval', 'RecoveryWalStream'))",
                "has replayed all that it has");
    }

    /** The transactions that it has. */
    String snapshot() throws SQLException {
        try (Connection connection = connect(ANSWER)) {
            return String.valueOf(text(connection, "SELECT pg_current_snapshot()::text"));
        }
    }

    /** Makes it the primary of a generation, unless it is; its first transaction says so. */
    void promote(long generation, String snapshot) throws SQLException, RefusedException, InterruptedException {
        try (Connection connection = promoted(generation)) {
            // Nobody follows yet: those who do will have this row before anything that is acknowledged.
            execute(connection, "SET synchronous_commit = local");
            begin(connection, generation, snapshot);
        }
    }

    /**
     * Makes the remote copy the primary of a generation, unless it is. Its first transaction says so, says where the log of
     * the lost city ends for it, and has PostgreSQL refuse the writes of users who knew more. Nobody else may write before
     * {@link #letWrite}.
     */
    void takeOver(UnitServers unit, String snapshot, List<Elsewhere> elsewhere)
            throws SQLException, RefusedException, InterruptedException {
        try (Connection connection = promoted(unit.generation())) {
            execute(connection, "SET " + READ_ONLY + " = off");
            connection.setAutoCommit(false);
            if (begin(connection, unit.generation(), snapshot)) {
                giveUp(connection, elsewhere);
                record(connection, unit);
                execute(connection, "SELECT rialto.hold_behind()");
                // The streams of copies know how far they had come in the lost city, which is further than this copy.
                execute(connection, "DELETE FROM rialto.global_copy");
            }
            connection.commit();
        }
    }

    private Connection promoted(long generation) throws SQLException, RefusedException, InterruptedException {
        Connection connection = connect(PATIENCE.plus(ANSWER));
        try {
            lock(connection);
            long promised = promised(connection);
            if (promised != generation) {
                throw new RefusedException(
                        name + ": has promised to generation " + promised + " (expected: " + generation + ")");
            }
            if (flag(connection, "SELECT pg_is_in_recovery()")) {
                awaitAllReplayed(connection);
                if (!flag(connection, "SELECT pg_promote(true, " + PATIENCE.toSeconds() + ")")) {
                    throw new SQLException(name + ": not promoted within " + PATIENCE);
                }
            }
            return connection;
        } catch (SQLException | RefusedException | InterruptedException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    /** Writes the generation's row. @return whether it was not there */
    private boolean begin(Connection connection, long generation, String snapshot) throws SQLException {
        try (PreparedStatement insert =
                connection.prepareStatement("INSERT INTO rialto.generation (generation, server, fork, snapshot)"
                        + " VALUES (?, ?, ?::pg_lsn, ?::pg_snapshot) ON CONFLICT DO NOTHING")) {
            insert.setLong(1, generation);
            insert.setString(2, name);
            insert.setString(3, fork(connection));
            insert.setString(4, snapshot);
            return insert.executeUpdate() > 0;
        }
    }

    /**
     * A shard that a move has given away since, as control knows, must not be open here again. Before the take-over's own row,
     * which keeps shards where they are.
     */
    private static void giveUp(Connection connection, List<Elsewhere> elsewhere) throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement("UPDATE rialto.fence SET epoch = ?, state = ?, next = ?"
                        + " WHERE shard = ? AND epoch < ? AND state IN ('OPEN', 'CLOSED')")) {
            for (Elsewhere one : elsewhere) {
                update.setLong(1, one.epoch());
                update.setString(2, one.done() ? "RETIRED" : "CLOSED");
                update.setString(3, one.next());
                update.setInt(4, one.shard());
                update.setLong(5, one.epoch());
                update.executeUpdate();
            }
        }
    }

    /** Up to where its log is that of the lost city. A generation that it never heard of is wholly beyond. */
    private static void record(Connection connection, UnitServers unit) throws SQLException {
        Takeover takeover = unit.takeover().orElseThrow();
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO rialto.takeover"
                + " (generation, previous, unit, position, declared, reason) SELECT g.generation,"
                + " (SELECT max(b.generation) FROM rialto.generation b WHERE b.generation < g.generation), ?, g.fork,"
                + " ?::timestamptz, ? FROM rialto.generation g WHERE g.generation = ?")) {
            insert.setString(1, unit.unit());
            insert.setString(2, takeover.declared().toString());
            insert.setString(3, takeover.reason());
            insert.setLong(4, unit.generation());
            insert.executeUpdate();
        }
    }

    /** Whether backends may write, once it is a primary. */
    boolean isWritable() throws SQLException {
        try (Connection connection = connect(ANSWER)) {
            return flag(connection, "SELECT NOT current_setting('" + READ_ONLY + "')::boolean");
        }
    }

    /** Whether it acknowledges no write before some standby has it. */
    boolean waitsForStandbys() throws SQLException {
        try (Connection connection = connect(ANSWER)) {
            return flag(connection, "SELECT current_setting('synchronous_standby_names') <> ''");
        }
    }

    /** Lets backends write to what was a remote copy; does nothing where they may. */
    void letWrite() throws SQLException, InterruptedException {
        try (Connection connection = connect(ANSWER)) {
            execute(connection, "ALTER SYSTEM RESET " + READ_ONLY);
            execute(connection, "SELECT pg_reload_conf()");
            await(connection, "SELECT NOT current_setting('" + READ_ONLY + "')::boolean", "lets nobody write");
        }
    }

    /** Where its log branched off from that of the primary before, as its timeline's history says. */
    private static String fork(Connection connection) throws SQLException {
        String fork = text(
                connection,
                "SELECT (regexp_match(pg_read_file('pg_wal/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)"
                        + " || '.history'), '\\t([0-9A-F]+/[0-9A-F]+)\\t[^\\n]*\\n*$'))[1]");
        if (fork == null) {
            throw new SQLException("the history of the timeline has no last line");
        }
        return fork;
    }

    /** Whether a server's log is the beginning of this one's, so that it can follow. */
    boolean continues(Position other) throws SQLException {
        try (Connection connection = connect(ANSWER);
                PreparedStatement query = connection.prepareStatement(
                        "SELECT EXISTS (SELECT FROM rialto.generation WHERE generation = ?) AND coalesce((SELECT"
                                + " min(fork) - '0/0' >= ?::numeric FROM rialto.generation WHERE generation > ?),"
                                + " true)")) {
            query.setLong(1, other.generation());
            query.setString(2, Long.toUnsignedString(other.lsn()));
            query.setLong(3, other.generation());
            try (ResultSet row = query.executeQuery()) {
                return row.next() && row.getBoolean(1);
            }
        }
    }

    /** The transactions of an earlier primary that the next one had; empty where there was no next one. */
    Optional<String> snapshotBefore(long generation) throws SQLException {
        try (Connection connection = connect(ANSWER)) {
            return Optional.ofNullable(text(
                    connection,
                    "SELECT snapshot::text FROM rialto.generation WHERE generation > " + generation
                            + " ORDER BY generation LIMIT 1"));
        }
    }

    /** The transactions of the ones before that the primary of a generation had. */
    String snapshotOf(long generation) throws SQLException {
        try (Connection connection = connect(ANSWER)) {
            String snapshot =
                    text(connection, "SELECT snapshot::text FROM rialto.generation WHERE generation = " + generation);
            if (snapshot == null) {
                throw new SQLException(name + ": knows nothing of generation " + generation);
            }
            return snapshot;
        }
    }

    /** Makes it take the log of a generation's primary. */
    void follow(long generation, String source) throws SQLException, RefusedException, InterruptedException {
        try (Connection connection = connect(ANSWER)) {
            lock(connection);
            requireStandby(connection);
            long promised = promised(connection);
            if (promised > generation) {
                throw new RefusedException(
                        name + ": has promised to generation " + promised + " (expected: at most " + generation + ")");
            }
            set(connection, PROMISED, Long.toString(generation));
            set(connection, "primary_conninfo", source);
            reload(connection, source);
            execute(connection, "SELECT pg_wal_replay_resume()");
        }
    }

    private void requireStandby(Connection connection) throws SQLException, RefusedException {
        if (!flag(connection, "SELECT pg_is_in_recovery()")) {
            throw new RefusedException(name + ": is a primary (expected: a standby; it must be rejoined first)");
        }
    }

    /** From the file, since this session may not have been told yet; of several lines the last holds. */
    private static long promised(Connection connection) throws SQLException {
        String value = text(
                connection,
                "SELECT setting FROM pg_file_settings WHERE name = '" + PROMISED + "' ORDER BY seqno DESC LIMIT 1");
        return value == null ? 0 : Long.parseLong(value);
    }

    private static Position position(Connection connection) throws SQLException {
        String rows = text(connection, "SELECT to_regclass('rialto.generation')::text");
        String generation =
                rows == null ? null : text(connection, "SELECT max(generation)::text FROM rialto.generation");
        String lsn = text(
                connection,
                "SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn()"
                        + " END - '0/0')::text");
        return new Position(
                generation == null ? 1 : Long.parseLong(generation), lsn == null ? 0 : Long.parseUnsignedLong(lsn));
    }

    private void lock(Connection connection) throws SQLException, RefusedException {
        try {
            execute(connection, "SET lock_timeout = '2s'");
            execute(connection, "SELECT pg_advisory_lock(" + LOCK + ")");
            execute(connection, "SET lock_timeout = 0");
        } catch (SQLException e) {
            if (TIMED_OUT.equals(e.getSQLState())) {
                throw new RefusedException(name + ": another failover is asking it (expected: one at a time)");
            }
            throw e;
        }
    }

    private static void set(Connection connection, String setting, String value) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("ALTER SYSTEM SET " + setting + " = " + statement.enquoteLiteral(value));
        }
    }

    private void reload(Connection connection, String source) throws SQLException, InterruptedException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_reload_conf()");
            await(
                    connection,
                    "SELECT current_setting('primary_conninfo') = " + statement.enquoteLiteral(source),
                    "takes its new settings");
        }
    }

    private void await(Connection connection, String condition, String what) throws SQLException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!flag(connection, condition)) {
            if (System.nanoTime() > deadline) {
                throw new SQLException(name + ": not so after " + PATIENCE + ": it " + what);
            }
            TimeUnit.NANOSECONDS.sleep(POLL.toNanos());
        }
    }

    private Connection connect(Duration answer) throws SQLException {
        Properties properties = new Properties();
        properties.put("user", address.user());
        properties.put("password", address.password());
        properties.put("connectTimeout", Long.toString(CONNECT.toSeconds()));
        properties.put("sslmode", "disable");
        properties.put("socketTimeout", Long.toString(Math.max(1, answer.toSeconds())));
        properties.put("ApplicationName", "rialto-failover");
        return DriverManager.getConnection(address.url(), properties);
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static boolean flag(Connection connection, String sql) throws SQLException {
        return "t".equals(text(connection, sql));
    }

    private static @Nullable String text(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? row.getString(1) : null;
        }
    }
}

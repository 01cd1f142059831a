package io.rialto.cells.move;

import io.rialto.cells.Fence;
import io.rialto.cells.move.MoveWatch.Step;
import io.rialto.node.postgres.Database;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** The two databases of one move with a connection to each, opened before anything is closed for writers. */
final class Crossing implements AutoCloseable {
    private static final String APPLICATION = "rialto-move";
    /** What a target catches up with in some milliseconds. */
    private static final long MAX_BEHIND = 256 * 1024;
    /** A transaction that has run for this long may run for longer still; the shard is not closed around it. */
    private static final Duration OLD_WRITER = Duration.ofMillis(50);
    /** How long such transactions are waited for, of which there may always be one; then writers wait for them too. */
    private static final Duration OLD_WRITERS = Duration.ofSeconds(1);
    /** How long the first try to close holds writers off; each further one doubles it. */
    private static final Duration FIRST_PATIENCE = Duration.ofMillis(50);

    private static final Duration LONGEST_PATIENCE = Duration.ofSeconds(2);
    private static final int GATE_PAUSE_MILLIS = 5;
    private static final long POLL_NANOS = 300_000;

    private final Grant grant;
    private final String sourceCell;
    private final Database sourceDatabase;
    private final Connection source;
    private final String targetCell;
    private final Database targetDatabase;
    private final Connection target;
    private final Connection snapshot;
    private final List<Carried> tables;
    private final ShardStream stream;
    private final MoveWatch watch;

    private long rows;
    private long closedNanos;
    private Duration freeze = Duration.ZERO;
    private boolean comparable;
    private boolean compared;
    private MoveLedger.@Nullable Configuration plan;
    private Duration patience = FIRST_PATIENCE;

    private Crossing(Grant grant, Side from, Side to, Connection snapshot, List<Carried> tables, MoveWatch watch) {
        this.grant = grant;
        this.sourceCell = from.cell();
        this.sourceDatabase = from.database();
        this.source = from.connection();
        this.targetCell = to.cell();
        this.targetDatabase = to.database();
        this.target = to.connection();
        this.snapshot = snapshot;
        this.tables = tables;
        this.stream = new ShardStream(grant);
        this.watch = watch;
    }

    private record Side(String cell, Database database, Connection connection) {}

    static Crossing open(
            Grant grant, String sourceCell, Database source, String targetCell, Database target, MoveWatch watch)
            throws SQLException, MoveException {
        @Nullable Connection from = null;
        @Nullable Connection to = null;
        @Nullable Connection snapshot = null;
        boolean opened = false;
        try {
            from = source.address().connect(APPLICATION);
            to = target.address().connect(APPLICATION);
            snapshot = target.address().connect(APPLICATION);
            if (system(from) == system(to)) {
                throw new MoveException("cells " + sourceCell + " and " + targetCell
                        + ": their databases are on one server (expected: a server for each cell, or nothing is gained"
                        + " and the copy would wait for itself)");
            }
            List<Carried> tables = Carried.of(from, sourceCell);
            List<Carried> others = Carried.of(to, targetCell);
            if (!tables.equals(others)) {
                throw new MoveException("cells " + sourceCell + " and " + targetCell + ": their tables differ: "
                        + tables + " and " + others
                        + " (expected: the same; start the same versions of all backends in both)");
            }
            Crossing crossing = new Crossing(
                    grant,
                    new Side(sourceCell, source, from),
                    new Side(targetCell, target, to),
                    snapshot,
                    tables,
                    watch);
            opened = true;
            return crossing;
        } finally {
            if (!opened) {
                close(from);
                close(to);
                close(snapshot);
            }
        }
    }

    private static long system(Connection connection) throws SQLException {
        return Sql.number(connection, "SELECT system_identifier FROM pg_control_system()");
    }

    Grant grant() {
        return grant;
    }

    String sourceCell() {
        return sourceCell;
    }

    String targetCell() {
        return targetCell;
    }

    Connection source() {
        return source;
    }

    Connection target() {
        return target;
    }

    boolean follows() throws SQLException {
        return stream.follows(source, target);
    }

    void prepare(long rowsPerSecond, SecureRandom random) throws SQLException, MoveException, InterruptedException {
        watch.begins(grant, Step.PREPARE);
        Optional<Long> copied = stream.prepare(
                sourceDatabase, targetDatabase, tables, new ShardStream.Copying(watch, rowsPerSecond, random));
        copied.ifPresent(all -> rows += all);
    }

    /** Keeps the configuration that the table after the move will most likely be made of. */
    void plan(MoveLedger.Configuration configuration) {
        plan = configuration;
    }

    Optional<MoveLedger.Configuration> planned() {
        return Optional.ofNullable(plan);
    }

    /** Waits until a close would be short, and closes; does nothing where writers held it off, or the stream is lost. */
    void gateAndClose(Duration limit) throws SQLException, MoveException {
        watch.begins(grant, Step.GATE);
        Carried.raiseSequences(source, target);
        long began = System.nanoTime();
        long deadline = began + limit.toNanos();
        while (true) {
            Optional<Long> behind = stream.behind(source);
            watch.behind(behind.orElse(-1L));
            Duration oldest = FenceSteps.oldestWriter(source, grant.shard());
            boolean calm = oldest.compareTo(OLD_WRITER) < 0 || System.nanoTime() - began > OLD_WRITERS.toNanos();
            if (behind.isPresent() && behind.get() <= MAX_BEHIND && calm) {
                break;
            }
            if (System.nanoTime() > deadline || Thread.currentThread().isInterrupted()) {
                throw new MoveException("shard " + grant.shard() + ": not ready to be closed within " + limit
                        + ": cell "
                        + targetCell + " is behind by "
                        + behind.map(bytes -> bytes + " bytes")
                                .orElse("all, as it does" + " not follow (its log says why)")
                        + ", the oldest transaction that writes is " + oldest.toMillis() + " ms old (expected: "
                        + MAX_BEHIND + " bytes, " + OLD_WRITER.toMillis() + " ms; resume the move, or cancel it)");
            }
            if (behind.isEmpty() && !follows()) {
                return;
            }
            Pauses.millis(GATE_PAUSE_MILLIS);
        }
        watch.begins(grant, Step.CLOSE);
        long closing = System.nanoTime();
        Optional<Boolean> closed = FenceSteps.close(source, grant, targetCell, patience);
        if (closed.isEmpty()) {
            Duration twice = patience.multipliedBy(2);
            patience = twice.compareTo(LONGEST_PATIENCE) < 0 ? twice : LONGEST_PATIENCE;
            // Let those through that have waited.
            Pauses.millis(patience.toMillis());
        } else if (closed.get()) {
            closedNanos = closing;
        }
    }

    /** Opens the target once it has everything; false where it did not get there in time, or cannot any more. */
    boolean drainAndOpen(Duration limit) throws SQLException {
        watch.begins(grant, Step.DRAIN);
        if (!stream.copied(target)) {
            return false;
        }
        if (closedNanos == 0) {
            // The stream does not wait for standbys: the token may be there, and the close be lost with its server.
            FenceSteps.makeSure(source);
        }
        Carried.raiseSequences(source, target);
        long deadline = System.nanoTime() + limit.toNanos();
        while (!FenceSteps.hasToken(target, grant.shard(), grant.epoch())) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        // As the target was before its first own write: compared later with the copy that is closed.
        snapshot.setAutoCommit(false);
        snapshot.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        boolean before = FenceSteps.read(snapshot, grant.shard()).purgeable();
        watch.begins(grant, Step.OPEN);
        if (FenceSteps.open(target, grant)) {
            comparable = before;
            if (closedNanos != 0) {
                freeze = Duration.ofNanos(System.nanoTime() - closedNanos);
            }
        }
        return true;
    }

    /** In what the copies differ, where this mover has opened the target; nothing is known to differ else. */
    String compare() throws SQLException {
        if (!comparable) {
            return "";
        }
        watch.begins(grant, Step.COMPARE);
        if (!FenceSteps.read(source, grant.shard()).isAt(Fence.State.CLOSED, grant.epoch())) {
            return "";
        }
        Map<String, Carried.Sum> here = Carried.sums(source, tables, grant.shard());
        Map<String, Carried.Sum> there = Carried.sums(snapshot, tables, grant.shard());
        snapshot.rollback();
        // Another mover may have gone on to purge meanwhile.
        boolean still = FenceSteps.read(source, grant.shard()).isAt(Fence.State.CLOSED, grant.epoch());
        String differences = still ? Carried.differences(here, there) : "";
        compared = still && differences.isEmpty();
        return differences;
    }

    void endStream() throws SQLException, MoveException {
        stream.end(sourceDatabase, targetDatabase);
    }

    /** Deletes the copy that is given up; one that was not compared stays until the shard comes back. */
    void purge(long rowsPerSecond) throws SQLException {
        if (compared) {
            ShardStream.purge(source, grant, tables, rowsPerSecond);
        }
    }

    MoveReport report(Grant ended, Duration total) {
        return new MoveReport(ended, rows, freeze, total, compared);
    }

    @Override
    public void close() throws SQLException {
        close(source);
        close(target);
        close(snapshot);
    }

    private static void close(@Nullable Connection connection) throws SQLException {
        if (connection != null) {
            connection.close();
        }
    }
}

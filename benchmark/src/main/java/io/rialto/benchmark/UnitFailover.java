package io.rialto.benchmark;

import io.rialto.cells.failover.Keeper;
import io.rialto.cells.failover.Ledger;
import io.rialto.cells.failover.UnitServers;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.PostgresGroup;
import io.rialto.node.postgres.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Failovers of a unit with two standbys, of which one must have each write: its primary is killed with SIGKILL while writers
 * write, and nobody is told. Counted until the next write is acknowledged.
 */
record UnitFailover(Scene scene, int rounds) {
    private static final int STANDBYS = 2;
    private static final int WRITERS = 4;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration CONNECT = Duration.ofSeconds(3);
    private static final long POLL_MILLIS = 20;
    private static final long LOAD_MILLIS = 2_000;

    /**
     * What the failovers were like.
     *
     * @param seconds without an acknowledged write, one value a failover
     * @param lost acknowledged writes that are not there
     */
    record Failovers(List<Double> seconds, long acknowledged, long lost) {}

    /** Control's memory, in this process. */
    private static final class MemoryLedger implements Ledger {
        private UnitServers unit;

        MemoryLedger(UnitServers first) {
            unit = first;
        }

        @Override
        public synchronized UnitServers read() {
            return unit;
        }

        @Override
        public synchronized boolean replace(UnitServers before, UnitServers after) {
            if (!unit.equals(before)) {
                return false;
            }
            unit = after;
            return true;
        }
    }

    Failovers measure() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory(scene.folder(), "unit");
        try (PostgresGroup group = PostgresGroup.start(
                scene.folder().resolve("postgres"),
                folder.resolve("server"),
                STANDBYS,
                1,
                "rialto",
                PostgresServer.Options.standard(),
                new SecureRandom())) {
            return measure(group);
        } catch (SQLException e) {
            throw new IOException("the unit does not fail over", e);
        }
    }

    private Failovers measure(PostgresGroup group) throws IOException, InterruptedException, SQLException {
        MemoryLedger ledger =
                new MemoryLedger(UnitServers.first("u-bench", group.members().getFirst(), 1, group.members(), true));
        Keeper keeper = new Keeper(ledger, group);
        keeper.settle(PATIENCE);
        try (Database database = Database.open(group.address(), "bench-unit", WRITERS, CONNECT);
                keeper) {
            Keeper.migrate(database);
            execute(database, "CREATE TABLE written (number bigint PRIMARY KEY)");
            keeper.start();
            try (Writers writers = new Writers(database)) {
                List<Double> seconds = new ArrayList<>();
                for (int round = 0; round < rounds; round++) {
                    awaitStandbys(database);
                    TimeUnit.MILLISECONDS.sleep(LOAD_MILLIS);
                    seconds.add(kill(group, ledger, writers));
                    System.out.printf(
                            "failover %d: %.2f s without an acknowledged write%n", round + 1, seconds.getLast());
                }
                writers.close();
                return new Failovers(seconds, writers.acknowledged.size(), writers.lost());
            }
        }
    }

    private static double kill(PostgresGroup group, MemoryLedger ledger, Writers writers)
            throws IOException, InterruptedException {
        UnitServers before = ledger.read();
        long pid = group.server(before.primary())
                .orElseThrow(() -> new IOException("server " + before.primary() + " does not run"))
                .postmasterPid();
        writers.gapNanos.set(0);
        Tools.run(List.of("kill", "-KILL", Long.toString(pid)));
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (ledger.read().generation() == before.generation()
                || ledger.read().phase() != UnitServers.Phase.OPEN) {
            within(deadline);
        }
        int count = writers.acknowledged.size();
        while (writers.acknowledged.size() < count + WRITERS) {
            within(deadline);
        }
        return writers.gapNanos.get() / 1e9;
    }

    /** Until all standbys follow, as a second loss is not what is measured. */
    private static void awaitStandbys(Database database) throws IOException, InterruptedException, SQLException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (number(database, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") < STANDBYS) {
            within(deadline);
        }
    }

    private static void within(long deadline) throws IOException, InterruptedException {
        if (System.nanoTime() > deadline) {
            throw new IOException("the unit does not serve within " + PATIENCE);
        }
        TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }

    private static void execute(Database database, String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static long number(Database database, String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    /** Each number is written once, and remembered when its commit was certain. */
    private static final class Writers implements AutoCloseable {
        final ConcurrentLinkedQueue<Long> acknowledged = new ConcurrentLinkedQueue<>();
        final AtomicLong gapNanos = new AtomicLong();
        private final Database database;
        private final AtomicLong numbers = new AtomicLong();
        private final AtomicLong lastNanos = new AtomicLong(System.nanoTime());
        private final AtomicBoolean stop = new AtomicBoolean();
        private final List<Thread> threads = new ArrayList<>();

        Writers(Database database) {
            this.database = database;
            for (int i = 0; i < WRITERS; i++) {
                threads.add(Thread.ofVirtual().start(this::write));
            }
        }

        private void write() {
            while (!stop.get()) {
                long number = numbers.incrementAndGet();
                try (Connection connection = database.dataSource().getConnection();
                        Statement statement = connection.createStatement()) {
                    connection.setAutoCommit(false);
                    statement.execute("INSERT INTO written VALUES (" + number + ")");
                    connection.clearWarnings();
                    connection.commit();
                    // With a warning it is not certain that a standby has it.
                    if (connection.getWarnings() == null) {
                        acknowledged.add(number);
                        long now = System.nanoTime();
                        gapNanos.accumulateAndGet(now - lastNanos.getAndSet(now), Math::max);
                    }
                } catch (SQLException e) {
                    // Not acknowledged: it may be there or not.
                }
            }
        }

        long lost() throws SQLException {
            Set<Long> there = new HashSet<>();
            try (Connection connection = database.dataSource().getConnection();
                    Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT number FROM written")) {
                while (rows.next()) {
                    there.add(rows.getLong(1));
                }
            }
            return acknowledged.stream()
                    .filter(number -> !there.contains(number))
                    .count();
        }

        @Override
        public void close() throws InterruptedException {
            stop.set(true);
            for (Thread thread : threads) {
                thread.join();
            }
        }
    }
}

package io.rialto.cells.move;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.cells.Fence;
import io.rialto.cells.failover.Keeper;
import io.rialto.cells.failover.Ledger;
import io.rialto.cells.failover.UnitServers;
import io.rialto.cells.move.MoveWatch.Step;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.PostgresGroup;
import io.rialto.node.postgres.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Moves between two units with a standby each, one of which fails over in the middle. */
@Timeout(180)
class MoveFailoverTest {
    private static final int SHARD = 7;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    static Path directory;

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Map<String, PostgresGroup> GROUPS = new LinkedHashMap<>();
    private static final Map<String, Memory> UNITS = new LinkedHashMap<>();
    private static final Map<String, Keeper> KEEPERS = new LinkedHashMap<>();
    private static final Map<String, Database> CELLS = new LinkedHashMap<>();
    private MemoryLedger ledger = new MemoryLedger(TestShop.TABLE);
    private int rows;

    /** Control's memory of one unit. */
    private static final class Memory implements Ledger {
        private UnitServers unit;

        Memory(UnitServers unit) {
            this.unit = unit;
        }

        @Override
        public synchronized UnitServers read() {
            return unit;
        }

        @Override
        public synchronized boolean replace(UnitServers before, UnitServers after) {
            boolean same = unit.equals(before);
            unit = same ? after : unit;
            return same;
        }
    }

    /** Stands for the death of a mover's process. */
    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    @BeforeAll
    static void start() throws Exception {
        for (String cell : List.of("east", "west")) {
            PostgresGroup group = PostgresGroup.start(
                    directory.resolve("binaries"),
                    directory.resolve(cell),
                    1,
                    1,
                    "shop",
                    PostgresServer.Options.standard(),
                    RANDOM);
            GROUPS.put(cell, group);
            Memory unit = new Memory(UnitServers.first("u-" + cell, cell, 1, group.members(), true));
            UNITS.put(cell, unit);
            Keeper keeper = new Keeper(unit, group);
            keeper.settle(PATIENCE);
            Database database = Database.open(group.address(), cell, 8, Duration.ofSeconds(20));
            CELLS.put(cell, database);
            Keeper.migrate(database);
            Fence.open(database);
            keeper.start();
            KEEPERS.put(cell, keeper);
        }
    }

    @AfterAll
    static void stop() {
        KEEPERS.values().forEach(Keeper::close);
        CELLS.values().forEach(Database::close);
        GROUPS.values().forEach(PostgresGroup::close);
    }

    @BeforeEach
    void fresh() throws Exception {
        ledger = new MemoryLedger(TestShop.TABLE);
        rows = 0;
        for (Map.Entry<String, Database> cell : CELLS.entrySet()) {
            run(
                    cell.getKey(),
                    "DROP SCHEMA IF EXISTS shop CASCADE",
                    "TRUNCATE rialto.fence, rialto.token",
                    "CREATE SCHEMA shop",
                    "CREATE TABLE shop.done (shard int, id int, PRIMARY KEY (shard, id))");
            await(() -> {
                Fence.open(cell.getValue()).seed(ledger.table(), cell.getKey());
                return true;
            });
        }
        write(100);
    }

    /** Again until it works: a unit that has failed over waits for a server to follow. */
    private static void run(String cell, String... statements) throws Exception {
        await(() -> {
            try (Connection connection = connect(cell)) {
                for (String sql : statements) {
                    Sql.run(connection, sql);
                }
                return true;
            }
        });
    }

    private static Connection connect(String cell) throws SQLException {
        Database database = CELLS.get(cell);
        if (database == null) {
            throw new AssertionError(cell);
        }
        return database.address().connect("test");
    }

    private void write(int more) throws Exception {
        run(
                "east",
                "INSERT INTO shop.done SELECT " + SHARD + ", n FROM generate_series(" + (rows + 1) + ", "
                        + (rows + more) + ") n");
        rows += more;
    }

    private static long count(String cell) throws SQLException {
        try (Connection connection = connect(cell)) {
            return Sql.number(connection, "SELECT count(*) FROM shop.done WHERE shard = ?", SHARD);
        }
    }

    private Mover mover(MoveWatch watch) {
        return new Mover(
                CELLS,
                ledger,
                watch,
                new Mover.Options("test", 0, Duration.ofSeconds(20), Duration.ofSeconds(5)),
                RANDOM);
    }

    private interface Act {
        void run() throws Exception;
    }

    /** Moves until a step, does something there, and dies of it. */
    private void moveUntil(Step last, Act act) {
        MoveWatch watch = new MoveWatch() {
            @Override
            public void begins(Grant grant, Step step) {
                if (step == last) {
                    try {
                        act.run();
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                    throw new Killed();
                }
            }
        };
        assertThatThrownBy(() -> mover(watch).move(SHARD, "west")).isInstanceOf(Killed.class);
    }

    /** As an operator does it: the same command again, until it ends. */
    private MoveReport again() throws Exception {
        List<MoveReport> reports = new ArrayList<>();
        await(() -> {
            reports.add(mover(MoveWatch.none()).move(SHARD, "west"));
            return true;
        });
        return reports.getFirst();
    }

    private static void failOver(String cell) throws Exception {
        Memory unit = unit(cell);
        long generation = unit.read().generation();
        PostgresServer primary = group(cell).server(unit.read().primary()).orElseThrow();
        signal("KILL", List.of(primary.postmasterPid()));
        await(() -> unit.read().generation() > generation && unit.read().phase() == UnitServers.Phase.OPEN);
    }

    private static Memory unit(String cell) {
        Memory unit = UNITS.get(cell);
        if (unit == null) {
            throw new AssertionError(cell);
        }
        return unit;
    }

    private static PostgresGroup group(String cell) {
        PostgresGroup group = GROUPS.get(cell);
        if (group == null) {
            throw new AssertionError(cell);
        }
        return group;
    }

    @Test
    void a_target_that_lacks_what_its_lost_server_had_applied_gets_a_new_copy() throws Exception {
        moveUntil(Step.GATE, () -> {
            // Its standby hears nothing of what the stream brings from here on, which does not wait for it.
            List<Long> standby = standbyProcesses("west");
            signal("STOP", standby);
            write(50);
            await(() -> count("west") == rows && confirmed());
            PostgresServer primary =
                    group("west").server(unit("west").read().primary()).orElseThrow();
            signal("KILL", List.of(primary.postmasterPid()));
            // What was sent meanwhile waits in its socket, where it might still read it.
            signal("TERM", List.of(receiver(standby)));
            signal("CONT", standby);
            await(() ->
                    unit("west").read().generation() > 1 && unit("west").read().phase() == UnitServers.Phase.OPEN);
            assertThat(await(() -> count("west"))).isLessThan(rows);
        });
        MoveReport report = again();
        assertThat(report.grant().state()).isEqualTo(Grant.State.MOVED);
        assertThat(report.compared()).isTrue();
        assertThat(count("west")).isEqualTo(rows);
    }

    @Test
    void a_move_whose_source_fails_over_begins_its_copy_anew() throws Exception {
        moveUntil(Step.GATE, () -> failOver("east"));
        write(10);
        assertThat(again().grant().state()).isEqualTo(Grant.State.MOVED);
        assertThat(count("west")).isEqualTo(rows);
    }

    @Test
    void a_shard_that_is_closed_when_its_source_fails_over_is_in_one_cell_in_the_end_with_all_its_rows()
            throws Exception {
        moveUntil(Step.DRAIN, () -> failOver("east"));
        ended(again());
    }

    @Test
    void a_shard_that_is_closed_when_its_target_fails_over_goes_on_in_the_source() throws Exception {
        moveUntil(Step.DRAIN, () -> failOver("west"));
        MoveReport report = again();
        assertThat(report.grant().state()).isEqualTo(Grant.State.CANCELLED);
        ended(report);
    }

    private void ended(MoveReport report) throws SQLException {
        boolean moved = report.grant().state() == Grant.State.MOVED;
        assertThat(report.grant().state()).isIn(Grant.State.MOVED, Grant.State.CANCELLED);
        String owner = ledger.table().place(SHARD).orElseThrow().cell().id();
        assertThat(owner).isEqualTo(moved ? "west" : "east");
        assertThat(count(owner)).isEqualTo(rows);
        for (String cell : CELLS.keySet()) {
            try (Connection connection = connect(cell)) {
                Fence.State state = FenceSteps.read(connection, SHARD).row().state();
                assertThat(state == Fence.State.OPEN).as(cell).isEqualTo(cell.equals(owner));
            }
        }
    }

    /** Whether the source will not send again what it has sent. */
    private static boolean confirmed() throws SQLException {
        try (Connection connection = connect("east")) {
            return Sql.is(
                    connection,
                    "SELECT coalesce(bool_and(confirmed_flush_lsn >= pg_current_wal_lsn() - 200), false)"
                            + " FROM pg_replication_slots WHERE slot_type = 'logical'");
        }
    }

    private static List<Long> standbyProcesses(String cell) {
        String standby = unit(cell).read().standbys().getFirst();
        long postmaster = group(cell).server(standby).orElseThrow().postmasterPid();
        List<Long> all = new ArrayList<>(List.of(postmaster));
        try (Stream<ProcessHandle> children =
                ProcessHandle.of(postmaster).orElseThrow().descendants()) {
            children.forEach(child -> all.add(child.pid()));
        }
        return all;
    }

    /** Of a standby's processes the one that the stream comes by. */
    private static long receiver(List<Long> standby) throws IOException {
        for (long process : standby) {
            if (Files.readString(Path.of("/proc/" + process + "/cmdline")).contains("walreceiver")) {
                return process;
            }
        }
        throw new AssertionError("no walreceiver among " + standby);
    }

    private static void signal(String name, List<Long> processes) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("kill", "-" + name));
        processes.forEach(process -> command.add(Long.toString(process)));
        new ProcessBuilder(command).start().waitFor();
    }

    /** What it gives, or true, once there is no exception any more: servers are on their way. */
    private static <T> T await(Callable<T> condition) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                T value = condition.call();
                if (!Boolean.FALSE.equals(value)) {
                    return value;
                }
                assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
            } catch (SQLException e) {
                if (System.nanoTime() > deadline) {
                    throw e;
                }
            }
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
    }
}

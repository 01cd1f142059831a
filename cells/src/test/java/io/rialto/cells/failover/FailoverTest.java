package io.rialto.cells.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.cells.failover.Failover.Outcome;
import io.rialto.cells.failover.Failover.Step;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresGroup;
import io.rialto.node.postgres.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A primary and two standbys, all real, of which one must have each write. */
@Timeout(120)
class FailoverTest {
    private static final Duration PATIENCE = Duration.ofSeconds(40);
    private static final AtomicLong NUMBERS = new AtomicLong();

    @TempDir
    static Path directory;

    private static PostgresGroup group;
    private static MemoryLedger ledger;
    private static Database database;

    @BeforeAll
    static void start() throws Exception {
        group = PostgresGroup.start(
                directory.resolve("binaries"),
                directory.resolve("east"),
                2,
                1,
                "rialto",
                PostgresServer.Options.standard(),
                new SecureRandom());
        ledger = new MemoryLedger(UnitServers.first("u-east", "east", 1, group.members(), true));
        new Keeper(ledger, group).settle(PATIENCE);
        database = Database.open(group.address(), "test", 8, Duration.ofSeconds(3));
        Keeper.migrate(database);
        execute(database, "CREATE TABLE written (number bigint)");
    }

    @AfterAll
    static void stop() throws Exception {
        database.close();
        group.close();
    }

    @BeforeEach
    void everyServerIsThere() throws Exception {
        Keeper keeper = new Keeper(ledger, group);
        await(() -> {
            keeper.settle(PATIENCE);
            return following() == 2;
        });
    }

    @Test
    void a_primary_that_is_killed_is_replaced_and_nothing_acknowledged_is_lost() throws Exception {
        long generation = ledger.read().generation();
        try (Keeper keeper = new Keeper(ledger, group)) {
            Writers writers = new Writers(database, NUMBERS, 4);
            try (writers) {
                keeper.start();
                await(() -> writers.count() > 100);
                kill("KILL", List.of(primary().postmasterPid()));
                await(() -> ledger.read().generation() > generation);
                long before = writers.count();
                await(() -> writers.count() > before + 100);
                // The killed one comes back as a primary of its own, and is made to follow.
                await(() -> following() == 2);
            }
            System.out.println("killed: longest time without an acknowledged write " + writers.longestGapMillis()
                    + " ms, acknowledged " + writers.count());
            assertThat(writers.wrong()).isEmpty();
            assertThat(ledger.read().generation()).isEqualTo(generation + 1);
            assertThat(writers.longestGapMillis()).isLessThan(5_000);
        }
    }

    @Test
    void a_primary_that_stood_still_and_comes_back_can_acknowledge_nothing() throws Exception {
        UnitServers before = ledger.read();
        DatabaseAddress old = group.address(before.primary()).orElseThrow();
        List<Long> processes = processes(primary().postmasterPid());
        try (Connection connection = DriverManager.getConnection(old.url(), old.user(), old.password());
                Statement statement = connection.createStatement()) {
            kill("STOP", processes);
            FutureTask<Boolean> lateWrite =
                    new FutureTask<>(() -> statement.execute("INSERT INTO written VALUES (-1)"));
            // It comes back at the worst time: the next one is promoted, and the third follows nobody.
            Consumer<Step> comesBack = step -> {
                if (step == Step.PROMOTED) {
                    kill("CONT", processes);
                    Thread.ofVirtual().start(lateWrite);
                    assertThatThrownBy(() -> lateWrite.get(1, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
                }
            };
            assertThat(failover(comesBack).run()).isInstanceOf(Outcome.Open.class);
            assertThat(lateWrite).isNotDone();
            // What still waits there is told so when the server becomes a standby.
            everyServerIsThere();
            assertThatThrownBy(lateWrite::get).hasRootCauseInstanceOf(IOException.class);
        } finally {
            kill("CONT", processes);
        }
        Path tail = group.folder(before.primary()).resolve("tail-of-generation-" + before.generation() + ".jsonl");
        assertThat(Files.readString(tail)).contains("\"table\" : \"rialto.written\", \"row\" : {\"number\":-1}");
        assertThat(count("number = -1")).isZero();
    }

    @Test
    void promotes_the_one_that_has_all_that_was_acknowledged() throws Exception {
        UnitServers before = ledger.read();
        String late = before.standbys().getFirst();
        group.server(late).orElseThrow().close();
        long number = NUMBERS.incrementAndGet();
        execute(database, "INSERT INTO written VALUES (" + number + ")");
        kill("KILL", List.of(primary().postmasterPid()));
        group.restartAsStandby(late, Map.of());
        assertThat(failover(step -> {}).run()).isInstanceOf(Outcome.Open.class);
        assertThat(count("number = " + number)).isEqualTo(1);
        assertThat(ledger.read().primary()).isNotIn(late, before.primary());
    }

    @ParameterizedTest
    @EnumSource(Step.class)
    void another_one_goes_on_where_a_failover_died(Step last) throws Exception {
        UnitServers before = ledger.read();
        long number = NUMBERS.incrementAndGet();
        execute(database, "INSERT INTO written VALUES (" + number + ")");
        assertThatThrownBy(() -> failover(step -> {
                            if (step == last) {
                                throw new IllegalStateException("dies");
                            }
                        })
                        .run())
                .hasMessage("dies");
        assertThat(failover(step -> {}).resume()).isInstanceOf(Outcome.Open.class);
        UnitServers after = ledger.read();
        assertThat(after.phase()).isEqualTo(UnitServers.Phase.OPEN);
        assertThat(after.generation()).isEqualTo(before.generation() + 1);
        assertThat(after.primary()).isNotEqualTo(before.primary());
        everyServerIsThere();
        assertThat(count("number = " + number)).isEqualTo(1);
    }

    @Test
    void stays_down_while_a_standby_that_is_needed_is_away() throws Exception {
        UnitServers before = ledger.read();
        List<String> standbys = before.standbys();
        group.server(standbys.getFirst()).orElseThrow().close();
        kill("KILL", List.of(primary().postmasterPid()));
        Outcome outcome = failover(step -> {}).run();
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        Outcome.Down.class,
                        down -> assertThat(down.why())
                                .contains("1 of 2 standbys promised (expected: 2 at least")
                                .contains(standbys.getFirst()));
        group.restartAsStandby(standbys.getFirst(), Map.of());
        assertThat(failover(step -> {}).resume()).isInstanceOf(Outcome.Open.class);
        assertThat(ledger.read().generation()).isEqualTo(before.generation() + 1);
    }

    @Test
    void a_former_primary_that_was_not_made_to_follow_yet_takes_part_in_the_next_failover() throws Exception {
        long generation = ledger.read().generation();
        assertThat(failover(step -> {}).run()).isInstanceOf(Outcome.Open.class);
        long number = NUMBERS.incrementAndGet();
        try (Connection connection = atPrimary();
                Statement statement = connection.createStatement()) {
            statement.execute("INSERT INTO written VALUES (" + number + ")");
        }
        kill("KILL", List.of(primary().postmasterPid()));
        assertThat(failover(step -> {}).run())
                .isInstanceOfSatisfying(
                        Outcome.Down.class, down -> assertThat(down.why()).contains("1 of 2 standbys promised"));
        new Keeper(ledger, group).settle(PATIENCE);
        assertThat(ledger.read().generation()).isEqualTo(generation + 2);
        assertThat(count("number = " + number)).isEqualTo(1);
    }

    @Test
    void a_late_request_of_an_earlier_failover_is_refused() throws Exception {
        UnitServers unit = ledger.read();
        String name = unit.standbys().getFirst();
        UnitServer standby = new UnitServer(name, group.address(name).orElseThrow());
        standby.promise(unit.generation() + 1);
        assertThatThrownBy(() -> standby.follow(unit.generation(), group.connectionTo(name, unit.primary())))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("has promised to generation " + (unit.generation() + 1));
        standby.follow(unit.generation() + 1, group.connectionTo(name, unit.primary()));
        assertThat(failover(step -> {}).run()).isInstanceOf(Outcome.Open.class);
    }

    private static Failover failover(Consumer<Step> watching) {
        return new Failover(ledger, group, watching);
    }

    private static PostgresServer primary() {
        return group.server(ledger.read().primary()).orElseThrow();
    }

    private static int following() throws SQLException {
        UnitServers unit = ledger.read();
        int port = group.server(unit.primary()).orElseThrow().port();
        int following = 0;
        for (String name : unit.standbys()) {
            DatabaseAddress address = group.address(name).orElse(null);
            if (address != null) {
                try {
                    UnitServer.Look look = new UnitServer(name, address).look(Duration.ofSeconds(1));
                    following += look.source().filter(source -> source == port).isPresent() ? 1 : 0;
                } catch (SQLException e) {
                    // starts again
                }
            }
        }
        return following;
    }

    private static List<Long> processes(long postmaster) {
        List<Long> all = new ArrayList<>(List.of(postmaster));
        try (Stream<ProcessHandle> children =
                ProcessHandle.of(postmaster).orElseThrow().descendants()) {
            children.forEach(child -> all.add(child.pid()));
        }
        return all;
    }

    /** Those that have ended meanwhile are none of its concern. */
    private static void kill(String signal, List<Long> processes) {
        List<String> command = new ArrayList<>(List.of("kill", "-" + signal));
        processes.stream()
                .filter(process -> ProcessHandle.of(process).isPresent())
                .forEach(process -> command.add(Long.toString(process)));
        try {
            if (command.size() > 2) {
                new ProcessBuilder(command).start().waitFor();
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void execute(Database database, String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static Connection atPrimary() throws SQLException {
        DatabaseAddress address = group.address(ledger.read().primary()).orElseThrow();
        return DriverManager.getConnection(address.url(), address.user(), address.password());
    }

    /** At the primary itself: a pool may still have a connection to the one before, until that has died of it. */
    private static long count(String condition) throws SQLException {
        try (Connection connection = atPrimary();
                Statement statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT count(*) FROM written WHERE " + condition)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private static void await(Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.call()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
    }
}

package io.rialto.cells.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.cells.Fence;
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
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A unit with a copy in another city that nobody waits for, all real. */
@Timeout(180)
@SuppressWarnings("NullAway.Init") // set by start
class RemoteCityTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String COPY = "east-remote";

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private PostgresGroup group;
    private MemoryLedger ledger;
    private Database database;

    @Test
    void what_a_lost_city_had_alone_is_listed_and_its_users_are_behind_until_released() throws Exception {
        start(1);
        try {
            for (int number = 1; number < 100; number++) {
                write(number, "u" + number % 10);
            }
            String before = marker();
            write(100, "u0");
            awaitCopy();
            // From here on the other city gets nothing any more.
            server(COPY).promise(1);
            for (int number = 101; number <= 150; number++) {
                write(number, number % 2 == 0 ? "u3" : "u4");
            }
            String after = marker();
            loseCity();
            declare();
            assertThat(failover().resume()).isInstanceOf(Outcome.Open.class);

            UnitServers unit = ledger.read();
            assertThat(unit.primary()).isEqualTo(COPY);
            assertThat(unit.generation()).isEqualTo(2);
            assertThat(unit.servers()).containsExactly(COPY);
            assertThat(unit.lost()).hasValueSatisfying(lost -> {
                assertThat(lost.servers()).containsExactly("east", "east-2");
                assertThat(lost.silent()).containsExactly("east", "east-2");
            });
            assertThat(text("SELECT string_agg(number::text, ',' ORDER BY number) FROM written"))
                    .isEqualTo(numbers(1, 100));
            assertThat(
                            text(
                                    "SELECT previous || ' ' || unit || ' ' || reason FROM rialto.takeover WHERE generation = 2"))
                    .isEqualTo("1 u-east flood");
            assertThat(text("SELECT position > '" + before + "' AND position <= '" + after + "' FROM rialto.takeover"))
                    .isEqualTo("t");

            assertThat(text("SELECT rialto.find_behind('u3', 'u-east;1;" + after + "')"))
                    .isEqualTo("t");
            assertThat(text("SELECT rialto.find_behind('u1', 'u-east;1;" + before + "')"))
                    .isEqualTo("f");
            write(1001, "u1");
            assertThatThrownBy(() -> write(1003, "u3")).hasMessageContaining("read-only");

            try (Keeper keeper = new Keeper(ledger, group)) {
                keeper.start();
                await(() -> ledger.read().servers().equals(List.of(COPY, COPY + "-2")));
                assertThat(ledger.read().quorum()).isEqualTo(1);
                assertThat(server(COPY).waitsForStandbys()).isTrue();
                theOldPrimaryComesBack();
                reconcile();
                // Only now its server is used, for a copy of what is in force.
                await(() -> ledger.read().remote().equals(Optional.of("east")));
                awaitCopy();
            }
            assertThat(tail("east", 2))
                    .contains("\"table\" : \"rialto.written\", \"user\" : \"u7\"")
                    .doesNotContain("\"number\":100,");
            assertThat(tail("east", 2).lines().filter(line -> line.contains("rialto.written")))
                    .hasSize(51);
            assertThat(text("SELECT string_agg(uid, ',' ORDER BY uid) FROM rialto.behind"))
                    .isEqualTo("u3,u4,u7");
            assertThatThrownBy(() -> write(1004, "u4")).hasMessageContaining("read-only");
            text("SELECT rialto.release('u4')");
            write(1004, "u4");
            assertThatThrownBy(() -> write(1007, "u7")).hasMessageContaining("read-only");
        } finally {
            stop();
        }
    }

    private void theOldPrimaryComesBack() throws Exception {
        PostgresServer old = PostgresServer.start(
                shared.resolve("binaries"),
                folder.resolve("east"),
                PostgresServer.Options.standard(),
                new SecureRandom());
        try {
            DatabaseAddress address = old.database("rialto");
            execute(address, "INSERT INTO written (number, uid) VALUES (-7, 'u7')");
            UnitServers before = ledger.read();
            staysSo(() -> ledger.read().equals(before)
                    && group.server("east").isEmpty()
                    && count(address, "SELECT count(*) FROM pg_stat_replication") == 0);
            assertThat(count(address, "SELECT count(*) FROM written WHERE number > 100"))
                    .isEqualTo(50);
            assertThat(text("SELECT count(*) FROM written WHERE number = -7")).isEqualTo("0");
        } finally {
            old.close();
        }
    }

    private void reconcile() throws Exception {
        UnitServers unit = ledger.read();
        assertThat(ledger.replace(unit, unit.withLost(unit.lost().orElseThrow().as(Lost.State.WANTED, ""))))
                .isTrue();
        await(() -> ledger.read().lost().orElseThrow().state() != Lost.State.WANTED);
        Lost lost = ledger.read().lost().orElseThrow();
        assertThat(lost.note()).contains("rows that east-remote lacks");
        assertThat(lost.state()).isEqualTo(Lost.State.READ);
    }

    @Test
    void a_copy_never_becomes_the_primary_unless_an_operator_says_so() throws Exception {
        start(1);
        try (Keeper keeper = new Keeper(ledger, group)) {
            keeper.start();
            write(1, "u1");
            kill(group.server("east").orElseThrow());
            await(() -> ledger.read().generation() == 2 && ledger.read().phase() == UnitServers.Phase.OPEN);
            assertThat(ledger.read().primary()).isEqualTo("east-2");
            awaitCopy();
            await(() -> follows("east", "east-2"));
            group.kill("east-2");
            group.kill("east");
            UnitServers lost = ledger.read();
            staysSo(() -> ledger.read().equals(lost)
                    && !server(COPY).look(Duration.ofSeconds(1)).primary());
        } finally {
            stop();
        }
    }

    @Test
    void a_city_that_is_alive_after_all_loses_nothing() throws Exception {
        start(1);
        Writers writers = new Writers(database, new AtomicLong(), 4);
        try (writers) {
            await(() -> writers.count() > 100);
            declare();
            assertThat(failover().resume()).isInstanceOf(Outcome.Open.class);
            assertThat(ledger.read().lost().orElseThrow().silent()).isEmpty();
            long before = writers.count();
            await(() -> writers.count() > before + 100);
        }
        try {
            assertThat(writers.wrong()).isEmpty();
        } finally {
            stop();
        }
    }

    @Test
    void another_one_goes_on_where_a_take_over_died() throws Exception {
        start(0);
        try {
            List<Step> steps = List.of(Step.PROMISED, Step.CHOSEN, Step.PROMOTED, Step.PUBLISHED, Step.JOINED);
            for (int turn = 0; turn < steps.size(); turn++) {
                Step last = steps.get(turn);
                UnitServers before = ledger.read();
                String copy = before.remote().orElseThrow();
                write(turn, "u1");
                awaitCopy();
                group.kill(before.primary());
                declare();
                assertThatThrownBy(() -> new Failover(ledger, group, step -> {
                                    if (step == last) {
                                        throw new IllegalStateException("dies");
                                    }
                                })
                                .resume())
                        .hasMessage("dies");
                new Keeper(ledger, group).settle(PATIENCE);
                assertThat(ledger.read().primary()).as("after %s", last).isEqualTo(copy);
                assertThat(ledger.read().generation()).isEqualTo(before.generation() + 1);
                write(100 + turn, "u2");
                assertThat(text("SELECT count(*) FROM written")).isEqualTo(Integer.toString(2 * turn + 2));
                UnitServers unit = ledger.read();
                // The city that is given up is where the next copy is.
                ledger.replace(unit, unit.withLost(unit.lost().orElseThrow().as(Lost.State.GIVEN_UP, "")));
                try (Keeper keeper = new Keeper(ledger, group)) {
                    keeper.start();
                    await(() -> ledger.read().remote().equals(Optional.of(before.primary())));
                    awaitCopy();
                }
            }
        } finally {
            stop();
        }
    }

    @Test
    void a_start_in_between_starts_no_server_of_the_lost_city() throws Exception {
        start(1);
        try {
            execute(
                    primary(),
                    "INSERT INTO rialto.fence (shard, epoch, state) SELECT s, s - 6, 'OPEN'"
                            + " FROM generate_series(7, 10) s");
            write(1, "u1");
            awaitCopy();
            // It stands still, and would go on where it stood.
            for (String name : ledger.read().servers()) {
                signal("STOP", group.server(name).orElseThrow());
            }
            // A failover within the city had begun.
            assertThat(ledger.replace(ledger.read(), ledger.read().begun())).isTrue();
            ledger.elsewhere(List.of(
                    new Ledger.Elsewhere(7, 2, "west", true),
                    new Ledger.Elsewhere(8, 3, "west", false),
                    new Ledger.Elsewhere(9, 3, "west", true)));
            declare();
            assertThatThrownBy(() -> new Failover(ledger, group, step -> {
                                throw new IllegalStateException("dies at " + step);
                            })
                            .resume())
                    .hasMessage("dies at PROMISED");
            database.close();
            group.close();
            group = group(1);
            assertThat(group.server("east")).isEmpty();
            assertThat(group.server("east-2")).isEmpty();
            database = Database.open(group.address(), "test", 8, Duration.ofSeconds(3));
            new Keeper(ledger, group).settle(PATIENCE);
            assertThat(ledger.read().primary()).isEqualTo(COPY);
            assertThat(ledger.read().generation()).isEqualTo(3);
            // What had gone, or may have, is not open a second time; what came back since is.
            assertThat(text("SELECT string_agg(shard || ' ' || state || ' ' || epoch, ', ' ORDER BY shard)"
                            + " FROM rialto.fence WHERE shard BETWEEN 7 AND 10"))
                    .isEqualTo("7 RETIRED 2, 8 CLOSED 3, 9 OPEN 3, 10 OPEN 4");
            // The log that was copied may have gone on where that of a generation it never heard of did not.
            execute(primary(), "INSERT INTO rialto.unit (name) VALUES ('u-east')");
            assertThat(text("SELECT rialto.find_behind('u5', 'u-east;2;0/1')")).isEqualTo("t");
            assertThat(text("SELECT rialto.find_behind('u6', 'u-east;1;0/1')")).isEqualTo("f");
            write(2, "u1");
            // Where the primary's disk is lost, what the standbys have is the next best.
            Files.move(group.folder("east").resolve("data"), folder.resolve("lost"));
            try (Keeper keeper = new Keeper(ledger, group)) {
                keeper.start();
                reconcile();
            }
            assertThat(ledger.read().lost().orElseThrow().files())
                    .containsExactly(group.folder("east-2")
                            .resolve("tail-before-generation-3.jsonl")
                            .toString());
        } finally {
            stop();
        }
    }

    private void start(int standbys) throws Exception {
        group = group(standbys);
        ledger = new MemoryLedger(UnitServers.first("u-east", "east", group.quorum(), group.members(), true)
                .withRemote(group.remote().orElseThrow()));
        new Keeper(ledger, group).settle(PATIENCE);
        database = Database.open(group.address(), "test", 8, Duration.ofSeconds(3));
        Fence.open(database);
        Keeper.migrate(database);
        execute(group.address(), "CREATE TABLE written (number bigint, uid text)");
        execute(group.address(), "SELECT rialto.owned_by_user('written', 'uid')");
        try (Keeper keeper = new Keeper(ledger, group)) {
            keeper.start();
            awaitCopy();
        }
    }

    private PostgresGroup group(int standbys) throws Exception {
        return PostgresGroup.start(
                shared.resolve("binaries"),
                folder.resolve("east"),
                new PostgresGroup.Plan(standbys, standbys, true),
                "rialto",
                PostgresServer.Options.standard(),
                new SecureRandom());
    }

    private void stop() {
        database.close();
        group.close();
    }

    private void declare() {
        UnitServers unit = ledger.read();
        assertThat(ledger.replace(unit, unit.declared("flood", Instant.now()))).isTrue();
    }

    private Failover failover() {
        return new Failover(ledger, group, step -> {});
    }

    private void loseCity() throws Exception {
        for (String name : ledger.read().servers()) {
            kill(group.server(name).orElseThrow());
        }
    }

    private static void kill(PostgresServer server) throws Exception {
        signal("KILL", server);
    }

    private static void signal(String signal, PostgresServer server) throws Exception {
        String pid = Long.toString(server.postmasterPid());
        assertThat(new ProcessBuilder("kill", "-" + signal, pid).start().waitFor())
                .isZero();
    }

    private UnitServer server(String name) {
        return new UnitServer(name, group.address(name).orElseThrow());
    }

    private boolean follows(String name, String source) {
        try {
            return group.address(name).isPresent()
                    && server(name)
                            .look(Duration.ofSeconds(1))
                            .source()
                            .equals(Optional.of(
                                    group.server(source).orElseThrow().port()));
        } catch (SQLException e) {
            // starts again
            return false;
        }
    }

    /** Waits until the copy follows, and has all that there is. */
    private void awaitCopy() throws Exception {
        await(() -> ledger.read()
                .remote()
                .filter(copy -> follows(copy, ledger.read().primary()))
                .isPresent());
        String copy = ledger.read().remote().orElseThrow();
        Position all =
                server(ledger.read().primary()).look(Duration.ofSeconds(1)).position();
        await(() -> server(copy).look(Duration.ofSeconds(1)).position().compareTo(all) >= 0);
    }

    private void write(long number, String user) throws SQLException {
        execute(primary(), "INSERT INTO written (number, uid) VALUES (" + number + ", '" + user + "')");
    }

    private String marker() throws SQLException {
        return text("SELECT pg_current_wal_insert_lsn()");
    }

    private DatabaseAddress primary() {
        return group.address(ledger.read().primary()).orElseThrow();
    }

    private static String numbers(int from, int to) {
        List<String> all = new ArrayList<>();
        for (int number = from; number <= to; number++) {
            all.add(Integer.toString(number));
        }
        return String.join(",", all);
    }

    private String tail(String name, long generation) throws IOException {
        return Files.readString(group.folder(name).resolve("tail-before-generation-" + generation + ".jsonl"));
    }

    private static void execute(DatabaseAddress address, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(address.url(), address.user(), address.password());
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static long count(DatabaseAddress address, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(address.url(), address.user(), address.password());
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    private String text(String sql) throws SQLException {
        DatabaseAddress address = primary();
        try (Connection connection = DriverManager.getConnection(address.url(), address.user(), address.password());
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return String.valueOf(row.getString(1));
        }
    }

    private static void staysSo(Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(3).toNanos();
        while (System.nanoTime() < deadline) {
            assertThat(condition.call()).isTrue();
            LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
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

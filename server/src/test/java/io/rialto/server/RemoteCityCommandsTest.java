package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.cells.Fence;
import io.rialto.cells.RoutingTable;
import io.rialto.cells.failover.UnitServers;
import io.rialto.control.ControlSettings;
import io.rialto.node.LogSettings;
import io.rialto.node.Logging;
import io.rialto.node.Size;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresServer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What an operator types when a city is lost, against real servers and control. */
@Timeout(180)
class RemoteCityCommandsTest {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    static {
        Logging.start(new LogSettings(LogSettings.Format.PLAIN, LogSettings.Level.WARN));
    }

    @TempDir
    Path folder;

    private record Result(int code, String text) {}

    /** What of {@code rialto up} the commands need. */
    private final class Machine implements AutoCloseable {
        final LocalDatabases databases;
        final ControlNode control;
        final LocalUnits units;

        Machine(boolean remote) throws Exception {
            DataDirectory data = new DataDirectory(folder);
            databases = LocalDatabases.start(
                    data,
                    Map.of("control", LocalDatabases.standard(), "east", LocalDatabases.standard()),
                    new LocalDatabases.Replicas(0, remote ? Set.of("east") : Set.of()),
                    RANDOM);
            control = ControlNode.start(settings(), databases.of("control"), RANDOM);
            if (control.store().version() == 0) {
                control.store().put(RoutingTable.SECTION, Topology.standard(0).table(), 0, "test");
            }
            units = LocalUnits.start(databases, control.store(), List.of("east"));
            UnitAddresses.write(data, databases.groups());
            Fence.open(databases.of("east"));
        }

        UnitServers unit() throws Exception {
            return new UnitLedger(control.store(), "u-east").read();
        }

        Result run(String... words) {
            List<String> all = new ArrayList<>(List.of(words));
            all.addAll(List.of("--data", folder.toString(), "--control", "http://127.0.0.1:" + control.port()));
            all.addAll(List.of("--token-file", folder.resolve("admin.token").toString()));
            StringWriter text = new StringWriter();
            CommandLine program =
                    Rialto.commandLine().setOut(new PrintWriter(text, true)).setErr(new PrintWriter(text, true));
            int code = program.execute(all.toArray(String[]::new));
            return new Result(code, text.toString());
        }

        @Override
        public void close() {
            units.close();
            control.close();
            databases.close();
        }
    }

    private ControlSettings settings() {
        return new ControlSettings(
                "127.0.0.1",
                0,
                folder.resolve("signing.key"),
                folder.resolve("admin.token"),
                folder.resolve("node.token"),
                10,
                Size.of("1m"));
    }

    @Test
    void an_operator_declares_a_city_lost_reconciles_and_releases() throws Exception {
        try (Machine machine = new Machine(true)) {
            execute(primary(machine), "CREATE TABLE rialto.item (uid text, number int)");
            execute(primary(machine), "SELECT rialto.owned_by_user('rialto.item', 'uid')");
            await(() -> machine.run("cells", "show").text().contains("remote copy east-remote follows"));
            refusesWithoutReasonAndYes(machine);

            Result declared =
                    machine.run("cells", "failover", "--unit", "u-east", "--to-remote", "--reason", "flood", "--yes");
            assertThat(declared.text()).contains("east answers; a failover within its city loses nothing");
            assertThat(declared.text()).contains("east-remote is the primary, generation 2");
            assertThat(declared.text()).contains("all servers of the lost city answered and stopped");
            assertThat(declared.code()).isZero();
            assertThat(generationOfTheTable(machine)).isEqualTo(2);

            theOldOneServesOnSomewhere();
            Result found = machine.run("cells", "reconcile", "--unit", "u-east");
            assertThat(found.text()).contains("user u7: 1 rows missing; found in the data of east");
            assertThat(machine.run("cells", "reconcile", "--unit", "u-east", "--user", "u7")
                            .text())
                    .contains("\"row\":{\"uid\":\"u7\",\"number\":7}");
            assertThat(machine.run("cells", "reconcile", "--unit", "u-east", "--user", "u7", "--release")
                            .text())
                    .contains("user u7: may write again");
            assertThat(machine.run("cells", "reconcile", "--unit", "u-east").text())
                    .contains("no user is read-only");
            assertThat(machine.run("cells", "reconcile", "--unit", "u-east", "--release-all")
                            .text())
                    .contains("users who may write again: 0");
            await(() -> machine.run("cells", "show").text().contains("remote copy east follows"));
        }
        // The next start knows who is what, and is told nothing of it.
        try (Machine machine = new Machine(false)) {
            assertThat(machine.unit().primary()).isEqualTo("east-remote");
            assertThat(machine.unit().remote()).contains("east");
            execute(primary(machine), "INSERT INTO rialto.item VALUES ('u7', 8)");
        }
    }

    private static void refusesWithoutReasonAndYes(Machine machine) throws Exception {
        UnitServers before = machine.unit();
        Result plain = machine.run("cells", "failover", "--unit", "u-east");
        assertThat(plain.text()).contains("has no standbys").contains("takes over by --to-remote only");
        Result silent = machine.run("cells", "failover", "--unit", "u-east", "--to-remote", "--yes");
        assertThat(silent.text()).contains("--reason: 0 characters");
        Result unsure = machine.run("cells", "failover", "--unit", "u-east", "--to-remote", "--reason", "flood");
        assertThat(unsure.text()).contains("not declared lost, since that loses acknowledged writes (expected: --yes");
        assertThat(List.of(plain.code(), silent.code(), unsure.code())).containsOnly(Rialto.FAILED);
        Result early = machine.run("cells", "reconcile", "--unit", "u-east");
        assertThat(early.text()).contains("nothing took over from it");
        assertThat(machine.unit()).isEqualTo(before);
    }

    /** As where nobody could stop it: it acknowledges a write that the new primary never sees. */
    private void theOldOneServesOnSomewhere() throws Exception {
        PostgresServer old = PostgresServer.start(
                folder.resolve("postgres"),
                folder.resolve("databases/east"),
                PostgresServer.Options.standard(),
                RANDOM);
        try {
            execute(old.database("rialto"), "INSERT INTO rialto.item VALUES ('u7', 7)");
        } finally {
            old.close();
        }
    }

    private static DatabaseAddress primary(Machine machine) {
        return machine.databases.of("east").address();
    }

    private static long generationOfTheTable(Machine machine) throws Exception {
        Optional<RoutingTable> table = Optional.of(RoutingTable.parse(
                machine.control.store().section(RoutingTable.SECTION).orElseThrow()));
        return table.get().unit("u-east").orElseThrow().generation();
    }

    private static void execute(DatabaseAddress address, String sql) throws SQLException {
        try (Connection connection = address.connect("test");
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static void await(Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.call()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
            LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
        }
    }
}

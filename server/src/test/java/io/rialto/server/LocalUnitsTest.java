package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.cells.RoutingTable;
import io.rialto.cells.failover.UnitServers;
import io.rialto.control.ControlSettings;
import io.rialto.node.LogSettings;
import io.rialto.node.Logging;
import io.rialto.node.Size;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.PostgresGroup;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class LocalUnitsTest {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    static {
        Logging.start(new LogSettings(LogSettings.Format.PLAIN, LogSettings.Level.WARN));
    }

    @TempDir
    Path folder;

    /** What of {@code rialto up} is below the edges. */
    private final class Machine implements AutoCloseable {
        final LocalDatabases databases;
        final ControlNode control;
        final LocalUnits units;

        Machine(int standbys) throws Exception {
            this(standbys, false);
        }

        Machine(int standbys, boolean remote) throws Exception {
            DataDirectory data = new DataDirectory(folder);
            databases = LocalDatabases.start(
                    data,
                    Map.of("control", LocalDatabases.standard(), "east", LocalDatabases.standard()),
                    new LocalDatabases.Replicas(standbys, remote ? Set.of("east") : Set.of()),
                    RANDOM);
            control = ControlNode.start(settings(), databases.of("control"), RANDOM);
            if (control.store().version() == 0) {
                control.store().put(RoutingTable.SECTION, Topology.standard(0).table(), 0, "test");
            }
            try {
                units = LocalUnits.start(databases, control.store(), List.of("east"));
            } catch (CommandFailure e) {
                control.close();
                databases.close();
                throw e;
            }
        }

        UnitServers unit() throws Exception {
            return new UnitLedger(control.store(), "u-east").read();
        }

        long generationOfTheTable() throws Exception {
            return RoutingTable.parse(
                            control.store().section(RoutingTable.SECTION).orElseThrow())
                    .unit("u-east")
                    .orElseThrow()
                    .generation();
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
    void a_lost_primary_is_replaced_and_a_later_start_knows_which_server_that_is() throws Exception {
        UnitServers after;
        try (Machine machine = new Machine(2)) {
            assertThat(machine.databases.group("control")).isEmpty();
            assertThat(machine.unit().primary()).isEqualTo("east");
            Database database = machine.databases.of("east");
            execute(database, "CREATE TABLE kept AS SELECT 42 AS n");
            PostgresGroup group = machine.databases.group("east").orElseThrow();
            long primary = group.server("east").orElseThrow().postmasterPid();
            ProcessHandle.of(primary).orElseThrow().destroyForcibly();
            await(() -> machine.unit().generation() == 2 && machine.unit().phase() == UnitServers.Phase.OPEN);
            after = machine.unit();
            assertThat(after.primary()).isIn("east-2", "east-3");
            assertThat(machine.generationOfTheTable()).isEqualTo(2);
            await(() -> kept(database) == 42);
        }
        // The old primary may be one on disk still; and nobody says how many there are.
        try (Machine machine = new Machine(0)) {
            assertThat(machine.unit()).isEqualTo(after);
            // The pool may have begun with the server that was one no more a moment later.
            await(() -> kept(machine.databases.of("east")) == 42);
            execute(machine.databases.of("east"), "CREATE TABLE more ()");
        }
        assertThatThrownBy(() -> new Machine(3)).hasMessageContaining("their number cannot be changed");
        new Machine(0).close();
    }

    private static void execute(Database database, String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static int kept(Database database) {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT n FROM kept")) {
            return rows.next() ? rows.getInt(1) : 0;
        } catch (SQLException e) {
            // a connection to the one before
            return 0;
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

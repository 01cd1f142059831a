package io.rialto.cells;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresServer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class FenceTest {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final String CLOSE = "UPDATE rialto.fence SET state = 'CLOSED', next = 'west' WHERE shard = 7";

    @TempDir
    static Path directory;

    private static PostgresServer server;
    private static int databases;

    private DatabaseAddress backend;
    private Database database;
    private Fence fence;

    @BeforeAll
    static void start() throws Exception {
        server = PostgresServer.start(
                directory.resolve("binaries"), directory.resolve("server"), PostgresServer.Options.standard(), RANDOM);
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @BeforeEach
    void open() throws Exception {
        database = Database.open(server.database("cell" + databases++), "cell", 4, Duration.ofSeconds(10));
        fence = Fence.open(database);
        fence.seed(table(), "east");
        backend = database.backendRole("wallet", "wallet", directory.resolve("wallet.password"), RANDOM);
        fence.allow("wallet");
        try (Connection connection = connect(backend);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE ledger (shard int, n int)");
        }
    }

    @AfterEach
    void close() {
        database.close();
    }

    private static RoutingTable table() throws TableException {
        return RoutingTable.parse(RoutingTableTest.json(RoutingTableTest.TABLE));
    }

    private static Connection connect(DatabaseAddress address) throws SQLException {
        return DriverManager.getConnection(address.url(), address.user(), address.password());
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String refusal(Connection connection, String sql) {
        SQLException thrown = catchThrowableOfType(SQLException.class, () -> execute(connection, sql));
        assertThat(thrown.getSQLState()).isEqualTo(Fence.REFUSED);
        return String.valueOf(thrown.getMessage());
    }

    private static void awaitBlocked(Connection admin) throws SQLException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (true) {
            try (Statement statement = admin.createStatement();
                    ResultSet row = statement.executeQuery(
                            "SELECT count(*) FROM pg_locks WHERE NOT granted AND database IS NOT DISTINCT FROM"
                                    + " (SELECT oid FROM pg_database WHERE datname = current_database())"
                                    + " OR NOT granted AND locktype = 'transactionid'")) {
                row.next();
                if (row.getInt(1) > 0) {
                    return;
                }
            }
            assertThat(System.nanoTime()).isLessThan(deadline);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    private FutureTask<Boolean> closeElsewhere() {
        FutureTask<Boolean> closing = new FutureTask<>(() -> {
            try (Connection connection = connect(database.address())) {
                execute(connection, CLOSE);
            }
            return true;
        });
        Thread.ofVirtual().start(closing);
        return closing;
    }

    @Test
    void seeds_a_new_database_with_what_the_cell_owns_and_leaves_it_so() throws Exception {
        assertThat(fence.row(7)).contains(new Fence.Row(7, 1, Fence.State.OPEN, Optional.empty()));
        assertThat(fence.row(70)).contains(new Fence.Row(70, 3, Fence.State.ABSENT, Optional.empty()));
        assertThat(fence.row(1000)).map(Fence.Row::state).contains(Fence.State.ABSENT);
        assertThat(fence.row(RoutingTable.GLOBAL_SHARD)).map(Fence.Row::state).contains(Fence.State.ABSENT);
        assertThat(fence.row(100)).isEmpty();
        assertThat(fence.seed(table(), "west")).isZero();
        assertThat(fence.row(70)).map(Fence.Row::state).contains(Fence.State.ABSENT);
    }

    @Test
    void does_not_open_a_moved_shard_that_a_used_database_has_not_known() throws Exception {
        String moved = RoutingTableTest.TABLE.replace(
                "\"overrides\": [",
                "\"overrides\": [{\"user\":\"m\",\"shard\":1001,\"unit\":\"u-east\",\"epoch\":2},"
                        + "{\"user\":\"n\",\"shard\":1002,\"unit\":\"u-east\",\"epoch\":1},");
        assertThat(fence.seed(RoutingTable.parse(RoutingTableTest.json(moved)), "east"))
                .isEqualTo(2);
        assertThat(fence.row(1001)).map(Fence.Row::state).contains(Fence.State.ABSENT);
        assertThat(fence.row(1002)).map(Fence.Row::state).contains(Fence.State.OPEN);
    }

    @Test
    void a_close_waits_for_the_write_in_flight_and_later_writes_are_refused() throws Exception {
        try (Connection writer = connect(backend);
                Connection admin = connect(database.address())) {
            writer.setAutoCommit(false);
            execute(writer, "SELECT rialto.fence(7, 1)");
            execute(writer, "INSERT INTO ledger VALUES (7, 1)");
            FutureTask<Boolean> closing = closeElsewhere();
            awaitBlocked(admin);
            assertThat(closing.isDone()).isFalse();
            writer.commit();
            assertThat(closing.get(20, TimeUnit.SECONDS)).isTrue();
            assertThat(refusal(writer, "SELECT rialto.fence(7, 1)"))
                    .contains("shard 7: CLOSED at epoch 1 (expected: OPEN at epoch 1)")
                    .contains("next=west;epoch=");
        }
    }

    @Test
    void a_write_that_waits_for_a_close_sees_it() throws Exception {
        try (Connection closer = connect(database.address());
                Connection admin = connect(database.address())) {
            closer.setAutoCommit(false);
            execute(closer, CLOSE);
            FutureTask<String> writing = new FutureTask<>(() -> {
                try (Connection writer = connect(backend)) {
                    return refusal(writer, "SELECT rialto.fence(7, 1)");
                }
            });
            Thread.ofVirtual().start(writing);
            awaitBlocked(admin);
            closer.commit();
            assertThat(writing.get(20, TimeUnit.SECONDS)).contains("shard 7: CLOSED");
        }
    }

    @Test
    void a_repeatable_read_transaction_from_before_the_close_cannot_write_after_it() throws Exception {
        try (Connection writer = connect(backend)) {
            writer.setAutoCommit(false);
            writer.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            // Takes its snapshot, in which the shard is open.
            execute(writer, "SELECT count(*) FROM ledger");
            assertThat(closeElsewhere().get(20, TimeUnit.SECONDS)).isTrue();
            SQLException thrown =
                    catchThrowableOfType(SQLException.class, () -> execute(writer, "SELECT rialto.fence(7, 1)"));
            // Serialization failure: the row has changed since the snapshot.
            assertThat(thrown.getSQLState()).isIn("40001", Fence.REFUSED);
        }
    }

    @Test
    void refuses_another_epoch_and_shards_that_are_not_here() throws Exception {
        try (Connection writer = connect(backend)) {
            execute(writer, "SELECT rialto.fence(7, 1)");
            assertThat(refusal(writer, "SELECT rialto.fence(7, 2)")).contains("expected: OPEN at epoch 2");
            assertThat(refusal(writer, "SELECT rialto.fence(70, 3)")).contains("ABSENT");
            assertThat(refusal(writer, "SELECT rialto.fence(500, 1)")).contains("unknown here");
        }
    }

    @Test
    void a_backend_can_pass_and_read_the_fence_but_not_touch_it() throws Exception {
        try (Connection writer = connect(backend)) {
            execute(writer, "SELECT shard, epoch, state FROM rialto.fence");
            for (String sql : new String[] {
                CLOSE,
                "DELETE FROM rialto.fence",
                "INSERT INTO rialto.fence VALUES (500, 1, 'OPEN')",
                "SELECT * FROM rialto.fence FOR UPDATE",
                "CREATE TABLE rialto.x (n int)"
            }) {
                assertThatThrownBy(() -> execute(writer, sql)).hasMessageContaining("permission denied");
            }
            // A table of the same name in the caller's schemas deceives nobody.
            execute(writer, "CREATE TABLE wallet.fence (shard int, epoch bigint, state text, next text)");
            execute(writer, "INSERT INTO wallet.fence VALUES (70, 3, 'OPEN', NULL)");
            refusal(writer, "SELECT rialto.fence(70, 3)");
        }
    }

    @Test
    void a_batch_may_write_to_the_shards_that_are_open_and_to_no_other() throws Exception {
        try (Connection writer = connect(backend)) {
            execute(writer, "SELECT rialto.guard()");
            writer.setAutoCommit(false);
            assertThat(texts(writer, "SELECT shard || '@' || epoch FROM rialto.open_shards('{70,8,7,500}') ORDER BY 1"))
                    .containsExactly("7@1", "8@1");
            assertThat(texts(writer, "SELECT s FROM unnest('{7,8,70,78,0,NULL}'::int[]) s WHERE rialto.unheld(s)"))
                    .containsExactly("70", "78", "0", null);
            execute(writer, "INSERT INTO ledger VALUES (7, 1), (8, 1)");
            execute(writer, "UPDATE ledger SET shard = 8 WHERE shard = 7");
            unfenced(writer, "INSERT INTO ledger VALUES (7, 1), (70, 1)");
            writer.rollback();
            assertThat(texts(writer, "SELECT shard FROM rialto.open_shards('{70}')"))
                    .isEmpty();
            unfenced(writer, "INSERT INTO ledger VALUES (70, 1)");
            writer.rollback();
        }
    }

    @Test
    void a_table_that_an_earlier_version_guarded_is_guarded_once_by_this_one() throws Exception {
        try (Connection writer = connect(backend)) {
            execute(
                    writer,
                    "CREATE TRIGGER rialto_guard_delete AFTER DELETE ON ledger FOR EACH ROW"
                            + " WHEN (OLD.shard > 0) EXECUTE FUNCTION rialto.refuse_unfenced()");
            execute(writer, "SELECT rialto.guard()");
            assertThat(texts(writer, "SELECT tgname FROM pg_trigger WHERE tgrelid = 'ledger'::regclass ORDER BY 1"))
                    .containsExactly("rialto_unheld_delete", "rialto_unheld_insert", "rialto_unheld_update");
            unfenced(writer, "INSERT INTO ledger VALUES (7, 1)");
        }
    }

    private static void unfenced(Connection connection, String sql) {
        assertThatThrownBy(() -> execute(connection, sql))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("RL002"));
    }

    private static List<String> texts(Connection connection, String sql) throws SQLException {
        List<String> texts = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                texts.add(rows.getString(1));
            }
        }
        return texts;
    }
}

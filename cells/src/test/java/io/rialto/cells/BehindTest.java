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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Users behind after a take-over, in a database where the record of one is written as the command writes it. */
@Timeout(60)
class BehindTest {
    private static final SecureRandom RANDOM = new SecureRandom();

    /** At the position, before it and after it. */
    private static final String AT = "u-east;3;0/1000";

    private static final String BEFORE = "u-east;3;0/FFF";
    private static final String AFTER = "u-east;3;1/0";

    @TempDir
    static Path directory;

    private static PostgresServer server;
    private static int databases;

    private Database database;
    private DatabaseAddress backendAddress;
    private Connection admin;
    private Connection backend;

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
        Fence fence = Fence.open(database);
        fence.seed(RoutingTable.parse(RoutingTableTest.json(RoutingTableTest.TABLE)), "east");
        backendAddress = database.backendRole("wallet", "wallet", directory.resolve("wallet.password"), RANDOM);
        fence.allow("wallet");
        admin = connect(database.address());
        backend = connect(backendAddress);
        execute(backend, "CREATE TABLE account (shard int, uid text, n int, PRIMARY KEY (shard, uid))");
        execute(backend, "CREATE TABLE other (shard int, uid text, PRIMARY KEY (shard, uid))");
        execute(backend, "SELECT rialto.owned_by_user('account', 'uid')");
    }

    @AfterEach
    void close() throws Exception {
        admin.close();
        backend.close();
        database.close();
    }

    private static Connection connect(DatabaseAddress address) throws SQLException {
        return DriverManager.getConnection(address.url(), address.user(), address.password());
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String text(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return String.valueOf(row.getString(1));
        }
    }

    private static void readOnly(Connection connection, String sql) {
        SQLException thrown = catchThrowableOfType(SQLException.class, () -> execute(connection, sql));
        assertThat(thrown == null ? "written" : thrown.getSQLState()).as(sql).isEqualTo(Fence.READ_ONLY);
    }

    /** From the third generation or earlier to the fourth; all up to 0/1000 was there. */
    private void takeOver() throws SQLException {
        admin.setAutoCommit(false);
        execute(
                admin,
                "INSERT INTO rialto.takeover (generation, previous, unit, position, declared, reason)"
                        + " VALUES (4, 3, 'u-east', '0/1000', now(), 'flood')");
        execute(admin, "SELECT rialto.hold_behind()");
        admin.commit();
        admin.setAutoCommit(true);
    }

    private boolean found(String user, String markers) throws SQLException {
        return text(backend, "SELECT rialto.find_behind('" + user + "', '" + markers + "')")
                .equals("t");
    }

    @Test
    void finds_a_user_whose_marker_is_at_or_beyond_the_position() throws Exception {
        takeOver();
        assertThat(found("before", BEFORE)).isFalse();
        assertThat(found("at", AT)).isTrue();
        assertThat(found("after", AFTER)).isTrue();
        assertThat(found("older generation", "u-east;2;0/1001")).isTrue();
        assertThat(found("of this generation", "u-east;4;9/0")).isFalse();
        assertThat(found("of another unit", "u-west;3;9/0")).isFalse();
        assertThat(found("of several units", "u-west;3;9/0, u-east;3;9/0,u-global;1;9/0"))
                .isTrue();
        assertThat(text(admin, "SELECT string_agg(uid || '=' || marker, ' ' ORDER BY uid) FROM rialto.behind"))
                .isEqualTo("after=" + AFTER + " at=" + AT + " of several units=u-east;3;9/0"
                        + " older generation=u-east;2;0/1001");
        assertThat(found("at", "")).isTrue();
    }

    @Test
    void takes_no_notice_of_what_is_no_marker() throws Exception {
        takeOver();
        for (String none : new String[] {
            "",
            ",",
            ";;",
            "u-east;3",
            "u-east;3;1/0;",
            "u-east;x;1/0",
            "u-east;3;1/00000000g",
            "u-east;3;1",
            "u-east;-3;1/0",
            "u-east;9999999999999999999;1/0",
            ("u-east;3;1/0," + "x".repeat(500))
        }) {
            assertThat(found("user", none)).as(none).isFalse();
        }
        assertThat(text(backend, "SELECT rialto.find_behind('user', NULL)")).isEqualTo("f");
    }

    @Test
    void finds_nobody_where_nothing_was_taken_over() throws Exception {
        assertThat(found("user", AFTER)).isFalse();
        execute(backend, "SELECT rialto.fence(7, 1, 'user', '" + AFTER + "')");
    }

    @Test
    void holds_a_marker_against_the_first_take_over_after_it() throws Exception {
        takeOver();
        execute(admin, "INSERT INTO rialto.takeover VALUES (6, 5, 'u-east', '0/3000', now(), 'fire')");
        assertThat(found("old", "u-east;3;0/2000")).isTrue();
        assertThat(found("between", "u-east;4;0/2000")).isFalse();
        assertThat(found("newer", "u-east;5;0/3000")).isTrue();
    }

    @Test
    void refuses_writes_for_users_behind_and_serves_all_others() throws Exception {
        execute(backend, "SELECT rialto.guard()");
        backend.setAutoCommit(false);
        execute(backend, "SELECT rialto.fence(7, 1)");
        execute(backend, "INSERT INTO account VALUES (7, 'lost', 1), (7, 'whole', 1)");
        backend.commit();
        takeOver();
        readOnly(backend, "SELECT rialto.fence(7, 1, 'lost', '" + AFTER + "')");
        backend.rollback();
        // The refusal of the fence notes nothing by itself: it is rolled back.
        execute(backend, "SELECT rialto.fence(7, 1), rialto.find_behind('lost', '" + AFTER + "')");
        backend.commit();
        for (String write : new String[] {
            "UPDATE account SET n = 2",
            "UPDATE account SET uid = 'lost' WHERE uid = 'whole'",
            "DELETE FROM account WHERE uid = 'lost'",
            "INSERT INTO account VALUES (7, 'lost', 2) ON CONFLICT DO NOTHING"
        }) {
            execute(backend, "SELECT rialto.fence(7, 1)");
            readOnly(backend, write);
            backend.rollback();
        }
        execute(backend, "SELECT rialto.fence(7, 1, 'whole', '" + BEFORE + "')");
        execute(backend, "UPDATE account SET n = 2 WHERE uid = 'whole'");
        execute(backend, "INSERT INTO other VALUES (7, 'lost')");
        backend.commit();
        assertThat(text(backend, "SELECT n FROM account WHERE uid = 'lost'")).isEqualTo("1");
        readOnly(backend, "SELECT rialto.fence(7, 1, 'lost', NULL)");
        backend.rollback();
        backend.setAutoCommit(true);
    }

    @Test
    void holds_tables_that_are_declared_while_users_are_behind() throws Exception {
        takeOver();
        assertThat(found("lost", AFTER)).isTrue();
        execute(backend, "INSERT INTO other VALUES (7, 'lost')");
        execute(backend, "SELECT rialto.owned_by_user('other', 'uid')");
        readOnly(backend, "INSERT INTO other VALUES (8, 'lost')");
        execute(backend, "SELECT rialto.owned_by_user('other', 'uid', NULL)");
    }

    @Test
    void a_released_user_writes_again_and_is_not_found_by_the_same_marker() throws Exception {
        takeOver();
        assertThat(found("lost", AFTER)).isTrue();
        assertThat(found("too", AFTER)).isTrue();
        assertThat(text(admin, "SELECT rialto.release('lost')")).isEqualTo("t");
        assertThat(text(admin, "SELECT rialto.release('nobody')")).isEqualTo("f");
        assertThat(found("lost", AFTER)).isFalse();
        execute(backend, "SELECT rialto.fence(7, 1, 'lost', '" + AFTER + "')");
        execute(backend, "INSERT INTO account VALUES (7, 'lost', 2)");
        readOnly(backend, "INSERT INTO account VALUES (7, 'too', 2)");
        // What a later take-over lacks is another matter.
        execute(admin, "INSERT INTO rialto.takeover VALUES (6, 5, 'u-east', '0/3000', now(), 'fire')");
        assertThat(found("lost", "u-east;5;0/3000")).isTrue();
    }

    @Test
    void ends_with_no_trigger_left() throws Exception {
        takeOver();
        assertThat(found("lost", AFTER)).isTrue();
        execute(admin, "INSERT INTO rialto.behind (uid, marker) VALUES ('of the tail', 'tail')");
        String triggers = "SELECT count(*) FROM pg_trigger WHERE tgname = 'rialto_behind'";
        assertThat(text(admin, triggers)).isEqualTo("1");
        assertThat(text(admin, "SELECT rialto.release_all()")).isEqualTo("2");
        assertThat(text(admin, triggers)).isEqualTo("0");
        assertThat(found("late", AFTER)).isFalse();
        execute(backend, "INSERT INTO account VALUES (7, 'lost', 2)");
    }

    @Test
    void no_shard_leaves_before_all_is_reconciled() throws Exception {
        takeOver();
        String close = "UPDATE rialto.fence SET state = 'CLOSED' WHERE shard = 7";
        readOnly(admin, close);
        execute(admin, "UPDATE rialto.fence SET epoch = 2 WHERE shard = 7");
        execute(admin, "SELECT rialto.release_all()");
        execute(admin, close);
    }

    @Test
    void an_edge_notes_a_user_only_while_a_take_over_is_open() throws Exception {
        String note = "SELECT rialto.note_behind('user', 'payments: 12')";
        assertThat(text(admin, note)).isEqualTo("f");
        takeOver();
        assertThat(text(admin, note)).isEqualTo("t");
        execute(admin, "SELECT rialto.release('user')");
        assertThat(text(admin, note)).isEqualTo("f");
        execute(admin, "SELECT rialto.release_all()");
        assertThat(text(admin, "SELECT rialto.note_behind('another', 'payments: 12')"))
                .isEqualTo("f");
    }

    @Test
    void a_marker_names_the_unit_its_generation_and_a_place_behind_the_commit() throws Exception {
        assertThat(text(backend, "SELECT rialto.written()")).isEqualTo("null");
        database.migrate("rialto", "failover", "io/rialto/cells/failover/migrations");
        execute(admin, "INSERT INTO rialto.generation (generation, server, fork) VALUES (5, 'east-2', '0/0')");
        execute(backend, "INSERT INTO account VALUES (7, 'user', 1)");
        String[] marker = text(backend, "SELECT rialto.written()").split(";", -1);
        assertThat(marker).hasSize(3).startsWith("u-east", "5");
        // The end of the commit's record is flushed: a server that has less lacks it.
        assertThat(text(admin, "SELECT '" + marker[2] + "'::pg_lsn >= pg_current_wal_flush_lsn()"))
                .isEqualTo("t");
        execute(
                admin,
                "INSERT INTO rialto.takeover (generation, previous, unit, position, reason)"
                        + " VALUES (6, 5, 'u-east', '" + marker[2] + "', '')");
        assertThat(found("user", String.join(";", marker))).isTrue();
    }

    @Test
    void a_backend_finds_users_and_can_change_nothing_else() throws Exception {
        takeOver();
        for (String sql : new String[] {
            "INSERT INTO rialto.behind (uid, marker) VALUES ('user', '')",
            "DELETE FROM rialto.behind",
            "SELECT marker FROM rialto.behind",
            "UPDATE rialto.takeover SET reconciled = now()",
            "INSERT INTO rialto.released VALUES ('user', 9)",
            "UPDATE rialto.unit SET name = 'u-west'",
            "SELECT rialto.note_behind('user', '')",
            "SELECT rialto.beyond('user', '')",
            "SELECT rialto.release('user')",
            "SELECT rialto.release_all()",
            "SELECT rialto.hold_behind()",
            "SELECT rialto.release_behind()"
        }) {
            assertThatThrownBy(() -> execute(backend, sql)).as(sql).hasMessageContaining("permission denied");
        }
        execute(backend, "SELECT uid FROM rialto.behind");
        assertThatThrownBy(() -> execute(backend, "SELECT rialto.owned_by_user('other', 'uid', 'rialto.fence')"))
                .isInstanceOf(SQLException.class);
    }
}

package io.rialto.cells.move;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.cells.Fence;
import io.rialto.cells.RoutingTable;
import io.rialto.node.Json;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A global cell and the copy of another one, each a PostgreSQL server. Each row's name is the version that it was written at. */
@Timeout(120)
class GlobalCopyTest {
    private static final SecureRandom RANDOM = new SecureRandom();

    @TempDir
    static Path directory;

    private static PostgresServer ownerServer;
    private static PostgresServer copyServer;
    private static Database owner;
    private static Database copy;
    private static GlobalCopy keeper;

    @BeforeAll
    static void start() throws Exception {
        ownerServer = server("global");
        copyServer = server("west");
        owner = database(ownerServer.database("shop"), "global");
        copy = database(copyServer.database("shop"), "west");
        keeper = new GlobalCopy("west", owner, copy, RANDOM);
    }

    private static PostgresServer server(String name) throws Exception {
        return PostgresServer.start(
                directory.resolve("binaries"), directory.resolve(name), PostgresServer.Options.standard(), RANDOM);
    }

    static Database database(DatabaseAddress address, String cell) throws Exception {
        Database database = Database.open(address, cell, 8, Duration.ofSeconds(20));
        Fence.open(database).seed(RoutingTable.parse(Json.mapper().readTree(TestShop.TABLE)), cell);
        try (Connection connection = database.dataSource().getConnection()) {
            Sql.run(connection, "CREATE SCHEMA IF NOT EXISTS shop");
            Sql.run(
                    connection,
                    "CREATE TABLE shop.handle (shard int CHECK (shard = -1), name text PRIMARY KEY, note text)");
            Sql.list(connection, row -> row.getInt(1), "SELECT rialto.guard()");
        }
        return database;
    }

    @AfterAll
    static void stop() throws Exception {
        owner.close();
        copy.close();
        ownerServer.close();
        copyServer.close();
    }

    @BeforeEach
    void follows() throws Exception {
        await(() -> keeper.keep().state() != GlobalCopy.State.WAITS);
    }

    /** One write of global data, as the starter makes it. */
    static long write(Database owner) throws SQLException {
        try (Connection connection = owner.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            try {
                Sql.list(connection, row -> true, "SELECT rialto.fence(-1, 1)");
                long version = Sql.number(connection, "SELECT rialto.next_global_version()");
                Sql.update(
                        connection,
                        "INSERT INTO shop.handle (shard, name) VALUES (-1, ?)",
                        String.format("%016x", version));
                connection.clearWarnings();
                connection.commit();
                if (connection.getWarnings() != null) {
                    throw new SQLException("a commit that no standby may have", connection.getWarnings());
                }
                return version;
            } finally {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
    }

    static long version(Database database) throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            return Sql.number(connection, "SELECT coalesce(rialto.global_version(), -1)");
        }
    }

    /** What a reader finds who asks for a version, and then for rows: none of them may be missing. */
    private static long read(Database database) throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            long version = Sql.number(connection, "SELECT coalesce(rialto.global_version(), -1)");
            long newest = Sql.list(
                            connection,
                            row -> Long.parseLong(row.getString(1), 16),
                            "SELECT coalesce(max(name), '0') FROM shop.handle")
                    .getFirst();
            assertThat(newest).isGreaterThanOrEqualTo(version);
            return version;
        }
    }

    static List<String> names(Database database) throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            return Sql.list(connection, row -> row.getString(1), "SELECT name FROM shop.handle ORDER BY name");
        }
    }

    static void await(Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.call()) {
            assertThat(System.nanoTime()).as("time for it to come true").isLessThan(end);
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
    }

    private static void kill(String name) throws Exception {
        Path file = directory.resolve(name).resolve("data/postmaster.pid");
        ProcessHandle.of(Long.parseLong(Files.readAllLines(file).getFirst().trim()))
                .orElseThrow()
                .destroyForcibly();
    }

    /** Writes, one after the other, and reads of the copy meanwhile; what was acknowledged must come to the copy. */
    private static final class Load implements AutoCloseable {
        private final AtomicBoolean over = new AtomicBoolean();
        private final AtomicLong acknowledged = new AtomicLong();
        private final List<Throwable> wrong = new ArrayList<>();
        private final Thread writer = Thread.ofVirtual()
                .start(() -> until(() -> {
                    long version = write(owner);
                    assertThat(version).isGreaterThan(acknowledged.get());
                    acknowledged.set(version);
                }));
        private final Thread reader = Thread.ofVirtual().start(() -> until(() -> read(copy)));

        private interface Work {
            void run() throws SQLException;
        }

        private void until(Work work) {
            while (!over.get()) {
                try {
                    work.run();
                } catch (SQLException killed) {
                    LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
                } catch (AssertionError e) {
                    synchronized (wrong) {
                        wrong.add(e);
                    }
                    return;
                }
            }
        }

        void awaitMore() throws Exception {
            long before = acknowledged.get();
            await(() -> acknowledged.get() > before + 50);
        }

        @Override
        public void close() throws InterruptedException {
            over.set(true);
            writer.join();
            reader.join();
            synchronized (wrong) {
                assertThat(wrong).isEmpty();
            }
        }
    }

    @Test
    void a_copy_follows_and_its_version_says_what_it_has() throws Exception {
        long first = write(owner);
        try (Load load = new Load()) {
            load.awaitMore();
        }
        long last = write(owner);
        assertThat(last).isGreaterThan(first);
        await(() -> version(copy) >= last);
        assertThat(names(copy)).isEqualTo(names(owner));
        assertThat(keeper.keep().state()).isEqualTo(GlobalCopy.State.FOLLOWS);
    }

    @Test
    void goes_on_after_either_server_was_killed() throws Exception {
        try (Load load = new Load()) {
            load.awaitMore();
            kill("west");
            load.awaitMore();
            kill("global");
            load.awaitMore();
        }
        long last = write(owner);
        await(() -> version(copy) >= last);
        assertThat(names(copy)).isEqualTo(names(owner));
        assertThat(keeper.keep().state()).isEqualTo(GlobalCopy.State.FOLLOWS);
    }

    @Test
    void is_made_anew_where_the_slot_is_gone_and_readers_see_no_step_back() throws Exception {
        write(owner);
        try (Load load = new Load()) {
            load.awaitMore();
            try (Connection connection = owner.dataSource().getConnection()) {
                await(() -> {
                    Sql.list(
                            connection,
                            row -> true,
                            "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active");
                    return !Sql.list(
                                    connection,
                                    row -> true,
                                    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                                            + " WHERE NOT active")
                            .isEmpty();
                });
            }
            GlobalCopy.Look look = keeper.keep();
            assertThat(look.state()).isEqualTo(GlobalCopy.State.MADE);
            assertThat(look.why()).contains("slot");
            load.awaitMore();
        }
        long last = write(owner);
        await(() -> version(copy) >= last);
        assertThat(names(copy)).isEqualTo(names(owner));
    }

    @Test
    void has_no_version_while_a_table_is_not_copied() throws Exception {
        write(owner);
        try (Connection from = owner.dataSource().getConnection();
                Connection to = copy.dataSource().getConnection()) {
            String table = "CREATE TABLE shop.later (shard int CHECK (shard = -1), name text PRIMARY KEY)";
            try {
                Sql.run(to, table);
                assertThat(version(copy)).isEqualTo(-1);
                assertThat(keeper.keep().state()).isEqualTo(GlobalCopy.State.FOLLOWS);
                Sql.run(from, table);
                Sql.run(from, "INSERT INTO shop.later VALUES (-1, 'before')");
                assertThat(version(copy)).isEqualTo(-1);
                assertThat(keeper.keep().state()).isEqualTo(GlobalCopy.State.MADE);
                assertThat(version(copy)).isEqualTo(version(owner));
                assertThat(Sql.number(to, "SELECT count(*) FROM shop.later")).isEqualTo(1);
            } finally {
                Sql.run(from, "DROP TABLE shop.later");
                Sql.run(to, "DROP TABLE shop.later");
            }
        }
    }

    @Test
    void waits_where_the_copy_lacks_a_table() throws Exception {
        try (Connection from = owner.dataSource().getConnection()) {
            Sql.run(from, "CREATE TABLE shop.later (shard int CHECK (shard = -1), name text PRIMARY KEY)");
            try {
                GlobalCopy.Look look = keeper.keep();
                assertThat(look.state()).isEqualTo(GlobalCopy.State.WAITS);
                assertThat(look.why()).contains("shop.later");
            } finally {
                Sql.run(from, "DROP TABLE shop.later");
            }
        }
    }

    @Test
    void is_made_anew_after_a_row_that_could_not_be_applied() throws Exception {
        try (Connection to = copy.dataSource().getConnection()) {
            Sql.run(to, "SET session_replication_role = replica");
            Sql.run(
                    to,
                    "INSERT INTO shop.handle (shard, name) SELECT -1, lpad(to_hex((version + 1)), 16, '0')"
                            + " FROM rialto.global_version");
            Sql.run(to, "RESET session_replication_role");
            await(() -> {
                write(owner);
                return keeper.keep().state() == GlobalCopy.State.MADE;
            });
        }
        long last = write(owner);
        await(() -> version(copy) >= last);
        assertThat(names(copy)).isEqualTo(names(owner));
    }

    @Test
    void a_version_is_given_behind_the_fence_only_and_nothing_is_written_to_a_copy() throws Exception {
        try (Connection from = owner.dataSource().getConnection()) {
            assertThatThrownBy(() -> Sql.number(from, "SELECT rialto.next_global_version()"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("RL002"));
        }
        assertThatThrownBy(() -> write(copy))
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("RL001"));
    }

    @Test
    void a_generation_starts_above_all_versions_of_the_one_before() throws Exception {
        long before = write(owner);
        try (Connection from = owner.dataSource().getConnection()) {
            Sql.run(from, "CREATE TABLE rialto.generation (generation bigint)");
            try {
                Sql.run(from, "INSERT INTO rialto.generation VALUES (1)");
                assertThat(write(owner)).isEqualTo(before + 1);
                Sql.run(from, "INSERT INTO rialto.generation VALUES (2)");
                assertThat(write(owner)).isEqualTo(2L << 40);
                assertThat(write(owner)).isEqualTo((2L << 40) + 1);
            } finally {
                Sql.run(from, "DROP TABLE rialto.generation");
            }
        }
    }
}

package io.rialto.cells.move;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.cells.Fence;
import io.rialto.cells.RoutingTable;
import io.rialto.cells.move.MoveWatch.Step;
import io.rialto.node.postgres.SlotSnapshot;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class MoverTest {
    private static final int SHARD = TestShop.SHARD;
    private static final long POLL_NANOS = 5_000_000;

    @TempDir
    static Path directory;

    private static TestShop shop;

    @BeforeAll
    static void start() throws Exception {
        shop = TestShop.start(directory);
    }

    @AfterAll
    static void stop() throws Exception {
        shop.close();
    }

    @AfterEach
    void leftovers() throws SQLException {
        nothingIsLeft();
    }

    @BeforeEach
    void fresh() throws SQLException {
        shop.fresh();
    }

    /** Stands for the death of a mover's process. */
    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private static MoveWatch killedAt(Step step) {
        return new MoveWatch() {
            @Override
            public void begins(Grant grant, Step next) {
                if (next == step) {
                    throw new Killed();
                }
            }
        };
    }

    private static void write(String cell, long epoch, UUID id) throws SQLException {
        try (Connection connection = shop.connect(cell)) {
            FenceSteps.step(connection, () -> {
                Sql.list(connection, row -> true, "SELECT rialto.fence(?, ?)", SHARD, epoch);
                Writers.operation(connection, SHARD, "u0", id);
                return true;
            });
        }
    }

    private static void nothingIsLeft() throws SQLException {
        for (String cell : shop.cells.keySet()) {
            assertThat(shop.count(
                            cell,
                            "pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname ="
                                    + " current_database())"))
                    .as(cell)
                    .isZero();
            assertThat(shop.count(cell, "pg_replication_slots WHERE database = current_database()"))
                    .as(cell)
                    .isZero();
            assertThat(shop.count(cell, "pg_publication")).as(cell).isZero();
            assertThat(shop.count(cell, "pg_roles WHERE starts_with(rolname, 'rialto_move')"))
                    .as(cell)
                    .isZero();
        }
    }

    @Test
    void a_mover_that_stands_still_in_the_middle_of_a_step_has_its_locks_taken_away() throws Exception {
        AtomicBoolean taken = new AtomicBoolean();
        try (Connection still = shop.connect("east");
                Connection other = shop.connect("east")) {
            assertThatThrownBy(() -> FenceSteps.step(still, () -> {
                        FenceSteps.lock(still, SHARD);
                        taken.set(FenceSteps.step(other, Duration.ofSeconds(30), () -> {
                                    FenceSteps.lock(other, SHARD);
                                    return true;
                                })
                                .orElse(false));
                        return true;
                    }))
                    .isInstanceOf(SQLException.class);
        }
        assertThat(taken).isTrue();
    }

    @Test
    void a_move_that_waits_for_its_source_holds_off_no_move_the_other_way() throws Exception {
        int other = SHARD + 1;
        shop.mover(MoveWatch.none()).move(other, "west");
        try (Connection writer = shop.connect("east");
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            writer.setAutoCommit(false);
            Sql.run(writer, "INSERT INTO shop.local (name) VALUES ('under way')");
            Future<MoveReport> waiting =
                    threads.submit(() -> shop.mover(MoveWatch.none()).move(SHARD, "west"));
            while (shop.count(
                            "east",
                            "pg_stat_activity WHERE application_name = 'rialto-slot' AND wait_event_type = 'Lock'")
                    == 0) {
                assertThat(waiting).isNotDone();
                LockSupport.parkNanos(POLL_NANOS);
            }
            try (SlotSnapshot slot = SlotSnapshot.create(shop.database("west").address(), "the_other_way")) {
                assertThat(slot.name()).isNotEmpty();
            }
            try (Connection west = shop.connect("west")) {
                Sql.list(west, row -> true, "SELECT pg_drop_replication_slot('the_other_way')");
            }
            writer.commit();
            assertThat(waiting.get().grant().state()).isEqualTo(Grant.State.MOVED);
            writer.setAutoCommit(true);
        }
        assertThat(shop.mover(MoveWatch.none()).move(other, "east").compared()).isTrue();
    }

    @Test
    void moves_a_shard_with_all_its_rows_and_leaves_nothing_behind() throws Exception {
        UUID id = UUID.randomUUID();
        write("east", 1, id);
        MoveReport report = shop.mover(MoveWatch.none()).move(SHARD, "west");
        assertThat(report.grant()).isEqualTo(new Grant(SHARD, 2, "u-east", "u-west", Grant.State.MOVED));
        assertThat(report.compared()).isTrue();
        assertThat(report.rows()).isEqualTo(2);
        assertThat(shop.row("west")).isEqualTo(new Fence.Row(SHARD, 2, Fence.State.OPEN, Optional.empty()));
        assertThat(shop.row("east")).isEqualTo(new Fence.Row(SHARD, 2, Fence.State.RETIRED, Optional.of("west")));
        assertThat(shop.count("west", "shop.done WHERE shard = 7 AND id = '" + id + "'"))
                .isEqualTo(1);
        assertThat(shop.count("east", "shop.done WHERE shard = 7")).isZero();
        assertThat(shop.owner()).isEqualTo("west");
        assertThat(shop.ledger.table().place(6).orElseThrow().cell().id()).isEqualTo("east");
        assertThat(shop.ledger.table().place(8).orElseThrow().cell().id()).isEqualTo("east");
        nothingIsLeft();
        // What was written there before the move is refused now, and says where to go.
        assertThatThrownBy(() -> write("east", 1, UUID.randomUUID())).hasMessageContaining("next=west");
        write("west", 2, UUID.randomUUID());
    }

    @Test
    void rows_of_other_shards_and_of_everyone_stay() throws Exception {
        try (Connection connection = shop.connect("east")) {
            FenceSteps.step(connection, () -> {
                Sql.list(connection, row -> true, "SELECT rialto.fence(6, 1)");
                Writers.operation(connection, 6, "u6", UUID.randomUUID());
                Writers.operation(connection, -1, "everyone", UUID.randomUUID());
                Sql.run(connection, "INSERT INTO shop.local VALUES ('here')");
                return true;
            });
        }
        shop.mover(MoveWatch.none()).move(SHARD, "west");
        assertThat(shop.count("east", "shop.done")).isEqualTo(2);
        assertThat(shop.count("west", "shop.done")).isZero();
        assertThat(shop.count("west", "shop.local")).isZero();
    }

    @Test
    void loses_and_doubles_nothing_in_moves_to_and_fro_under_load() throws Exception {
        List<Duration> freezes = new ArrayList<>();
        try (Writers writers = new Writers(shop, 16, 0, 1)) {
            for (int i = 0; i < 20; i++) {
                MoveReport report = shop.mover(MoveWatch.none()).move(SHARD, i % 2 == 0 ? "west" : "east");
                assertThat(report.grant().state()).isEqualTo(Grant.State.MOVED);
                assertThat(report.compared()).isTrue();
                freezes.add(report.freeze());
            }
            assertThat(writers.check()).isEmpty();
            assertThat(writers.acknowledged()).isGreaterThan(100);
            freezes.sort(null);
            // A bound for a busy machine; what is to be reached on a quiet one is measured apart.
            assertThat(freezes.get(freezes.size() / 2)).isLessThan(Duration.ofSeconds(1));
        }
        nothingIsLeft();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void loses_nothing_when_writers_pause_and_movers_die(long seed) throws Exception {
        Random random = new Random(seed);
        Step[] steps = Step.values();
        try (Writers writers = new Writers(shop, 8, 5, seed)) {
            for (int i = 0; i < 4; i++) {
                String to = shop.owner().equals("east") ? "west" : "east";
                boolean done = false;
                for (int deaths = random.nextInt(4); !done && deaths > 0; deaths--) {
                    try {
                        shop.mover(killedAt(steps[random.nextInt(steps.length)]))
                                .move(SHARD, to);
                        done = true;
                    } catch (Killed expected) {
                        // The next one goes on, or takes it back.
                        if (random.nextInt(4) == 0) {
                            done = cancelled();
                        }
                    }
                }
                if (!done) {
                    shop.mover(MoveWatch.none()).move(SHARD, to);
                }
            }
            assertThat(writers.check()).as("seed " + seed).isEmpty();
        }
        nothingIsLeft();
    }

    private static boolean cancelled() throws Exception {
        try {
            shop.mover(MoveWatch.none()).cancel(SHARD);
            return true;
        } catch (MoveException tooLate) {
            return false;
        }
    }

    @ParameterizedTest
    @EnumSource(
            names = {"REFUSE", "REOPEN"},
            mode = EnumSource.Mode.EXCLUDE)
    void another_mover_goes_on_after_one_that_died(Step step) throws Exception {
        UUID id = UUID.randomUUID();
        write("east", 1, id);
        assertThatThrownBy(() -> shop.mover(killedAt(step)).move(SHARD, "west")).isInstanceOf(Killed.class);
        MoveReport report = shop.mover(MoveWatch.none()).move(SHARD, "west");
        assertThat(report.grant().state()).isEqualTo(Grant.State.MOVED);
        assertThat(shop.count("west", "shop.done WHERE id = '" + id + "'")).isEqualTo(1);
        assertThat(shop.row("west").state()).isEqualTo(Fence.State.OPEN);
        nothingIsLeft();
    }

    @ParameterizedTest
    @EnumSource(names = {"GATE", "DRAIN"})
    void a_stream_that_the_source_has_cut_is_made_anew(Step step) throws Exception {
        assertThatThrownBy(() -> shop.mover(killedAt(step)).move(SHARD, "west")).isInstanceOf(Killed.class);
        try (Connection from = shop.connect("east");
                Connection to = shop.connect("west")) {
            String name = Sql.list(
                            to,
                            row -> row.getString(1),
                            "SELECT subname FROM pg_subscription WHERE subdbid ="
                                    + " (SELECT oid FROM pg_database WHERE datname = current_database())")
                    .getFirst();
            Sql.run(to, "ALTER SUBSCRIPTION " + name + " DISABLE");
            // Cut for having been idle; cut for its log it would be after 16 GB, and look the same.
            Sql.run(from, "ALTER SYSTEM SET idle_replication_slot_timeout = '1s'");
            Sql.run(from, "SELECT pg_reload_conf()");
            long began = System.nanoTime();
            while (ShardStream.isUsable(from, name)) {
                assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(30));
                Sql.run(from, "CHECKPOINT");
            }
            Sql.run(from, "ALTER SYSTEM RESET idle_replication_slot_timeout");
            Sql.run(from, "SELECT pg_reload_conf()");
        }
        MoveReport report = shop.mover(MoveWatch.none()).move(SHARD, "west");
        assertThat(report.grant().state()).isEqualTo(Grant.State.MOVED);
        assertThat(shop.row("west").state()).isEqualTo(Fence.State.OPEN);
        nothingIsLeft();
    }

    @ParameterizedTest
    @EnumSource(names = {"PREPARE", "GATE", "CLOSE", "DRAIN", "OPEN"})
    void a_move_is_taken_back_until_the_target_has_opened(Step step) throws Exception {
        UUID id = UUID.randomUUID();
        write("east", 1, id);
        assertThatThrownBy(() -> shop.mover(killedAt(step)).move(SHARD, "west")).isInstanceOf(Killed.class);
        MoveReport report = shop.mover(MoveWatch.none()).cancel(SHARD);
        assertThat(report.grant().state()).isEqualTo(Grant.State.CANCELLED);
        assertThat(shop.owner()).isEqualTo("east");
        assertThat(shop.row("east").state()).isEqualTo(Fence.State.OPEN);
        assertThat(shop.row("west").state()).isEqualTo(Fence.State.REFUSED);
        write("east", shop.place().epoch(), UUID.randomUUID());
        nothingIsLeft();
        // A later move has an epoch of its own.
        assertThat(shop.mover(MoveWatch.none()).move(SHARD, "west").grant().epoch())
                .isEqualTo(3);
        assertThat(shop.count("west", "shop.done WHERE shard = 7")).isEqualTo(2);
    }

    @Test
    void a_move_that_has_opened_is_not_taken_back() throws Exception {
        assertThatThrownBy(() -> shop.mover(killedAt(Step.PUBLISH)).move(SHARD, "west"))
                .isInstanceOf(Killed.class);
        assertThatThrownBy(() -> shop.mover(MoveWatch.none()).cancel(SHARD))
                .isInstanceOf(MoveException.class)
                .hasMessageContaining("cell west has opened it");
        shop.mover(MoveWatch.none()).resume(SHARD);
        assertThat(shop.owner()).isEqualTo("west");
    }

    @ParameterizedTest
    @EnumSource(names = {"PREPARE", "CLOSE", "OPEN"})
    void a_mover_that_slept_over_a_cancel_changes_nothing(Step step) throws Exception {
        write("east", 1, UUID.randomUUID());
        AtomicBoolean slept = new AtomicBoolean();
        Mover zombie = shop.mover(new MoveWatch() {
            @Override
            public void begins(Grant grant, Step next) {
                if (next == step && slept.compareAndSet(false, true)) {
                    try {
                        shop.mover(MoveWatch.none()).cancel(SHARD);
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                }
            }
        });
        assertThat(zombie.move(SHARD, "west").grant().state()).isEqualTo(Grant.State.CANCELLED);
        assertThat(slept).isTrue();
        assertThat(shop.row("east").state()).isEqualTo(Fence.State.OPEN);
        write("east", shop.place().epoch(), UUID.randomUUID());
        assertThat(shop.count("east", "shop.done WHERE shard = 7")).isEqualTo(2);
    }

    @Test
    void a_mover_that_slept_before_it_deletes_the_old_copy_deletes_nothing_of_the_next_move() throws Exception {
        write("east", 1, UUID.randomUUID());
        AtomicBoolean slept = new AtomicBoolean();
        Mover zombie = shop.mover(new MoveWatch() {
            @Override
            public void begins(Grant grant, Step next) {
                if (next == Step.PURGE && slept.compareAndSet(false, true)) {
                    try {
                        shop.mover(MoveWatch.none()).resume(SHARD);
                        assertThatThrownBy(() -> shop.mover(killedAt(Step.GATE)).move(SHARD, "east"))
                                .isInstanceOf(Killed.class);
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                }
            }
        });
        zombie.move(SHARD, "west");
        assertThat(slept).isTrue();
        assertThat(shop.count("east", "shop.done WHERE shard = 7")).isEqualTo(1);
        assertThat(shop.mover(MoveWatch.none()).move(SHARD, "east").compared()).isTrue();
        assertThat(shop.count("east", "shop.done WHERE shard = 7")).isEqualTo(1);
    }

    @Test
    void a_write_that_holds_no_lock_is_lost_and_the_check_says_so() throws Exception {
        UUID id = UUID.randomUUID();
        try (Connection careless = shop.connect("east")) {
            careless.setAutoCommit(false);
            // Looks, but does not hold: as the fence would be without FOR SHARE.
            assertThat(Sql.is(careless, "SELECT state = 'OPEN' FROM rialto.fence WHERE shard = 7"))
                    .isTrue();
            Sql.run(careless, "SET LOCAL session_replication_role = replica");
            AtomicBoolean written = new AtomicBoolean();
            shop.mover(new MoveWatch() {
                        @Override
                        public void begins(Grant grant, Step step) {
                            if (step == Step.OPEN && written.compareAndSet(false, true)) {
                                try {
                                    Writers.operation(careless, SHARD, "u0", id);
                                } catch (SQLException e) {
                                    throw new AssertionError(e);
                                }
                            }
                            if (step == Step.RETIRE) {
                                try {
                                    // After the copies were compared, and when no stream brings it over any more.
                                    careless.commit();
                                } catch (SQLException e) {
                                    throw new AssertionError(e);
                                }
                            }
                        }
                    })
                    .move(SHARD, "west");
        }
        try (Connection owner = shop.connect("west")) {
            assertThat(Writers.check(Writers.stored(owner), Set.of(id), Set.of()))
                    .contains("lost: 1 of 1");
        }
    }

    @Test
    void a_write_outside_the_fence_is_refused() throws Exception {
        try (Connection connection = shop.connect("east")) {
            assertThatThrownBy(() -> Writers.operation(connection, SHARD, "u0", UUID.randomUUID()))
                    .hasMessageContaining("a write for shard 7 outside its fence");
            // The fence of another shard is none, and one that was held is not held any more.
            assertThatThrownBy(() -> FenceSteps.step(connection, () -> {
                        Sql.list(connection, row -> true, "SELECT rialto.fence(6, 1)");
                        Writers.operation(connection, SHARD, "u0", UUID.randomUUID());
                        return true;
                    }))
                    .hasMessageContaining("outside its fence");
            write("east", 1, UUID.randomUUID());
            assertThatThrownBy(() -> Sql.run(connection, "DELETE FROM shop.done"))
                    .hasMessageContaining("a write for shard 7 outside its fence");
            FenceSteps.step(connection, () -> {
                assertThat(Sql.list(connection, row -> row.getInt(1), "SELECT shard FROM rialto.open_shards('{6,7}')"))
                        .containsExactly(6, 7);
                Writers.operation(connection, SHARD, "u0", UUID.randomUUID());
                return true;
            });
        }
    }

    @Test
    void refuses_a_table_whose_identity_lacks_the_shard() throws Exception {
        try (Connection connection = shop.connect("east")) {
            Sql.run(connection, "CREATE TABLE shop.loose (shard int, id int PRIMARY KEY)");
        }
        assertThatThrownBy(() -> shop.mover(MoveWatch.none()).move(SHARD, "west"))
                .isInstanceOf(MoveException.class)
                .hasMessageContaining("shop.loose")
                .hasMessageContaining("primary key");
    }

    @Test
    void reads_snapshots_that_begin_behind_their_end() {
        assertThat(ShardStream.readable("1607:1613:1608,1610")).isEqualTo("1607:1613:1608,1610");
        assertThat(ShardStream.readable("1613:1607:")).isEqualTo("1613:1613:");
    }

    @Test
    void moves_a_single_users_shard() throws Exception {
        shop.mover(MoveWatch.none()).move(1000, "west");
        assertThat(shop.ledger.table().locate("42").cell().id()).isEqualTo("west");
    }

    @Test
    void refuses_moves_that_make_no_sense() {
        assertThatThrownBy(() -> shop.mover(MoveWatch.none()).move(SHARD, "east"))
                .hasMessageContaining("shard 7: is in cell east");
        assertThatThrownBy(() -> shop.mover(MoveWatch.none()).move(SHARD, "north"))
                .hasMessageContaining("cell north: has no unit");
        assertThatThrownBy(() -> shop.mover(MoveWatch.none()).move(11, "west")).hasMessageContaining("shard: 11");
        assertThatThrownBy(() -> shop.mover(MoveWatch.none()).move(RoutingTable.GLOBAL_SHARD, "west"))
                .hasMessageContaining("shard: -1");
        assertThatThrownBy(() -> shop.mover(MoveWatch.none()).cancel(SHARD)).hasMessageContaining("it has never moved");
    }
}

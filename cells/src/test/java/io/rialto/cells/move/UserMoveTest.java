package io.rialto.cells.move;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.cells.Fence;
import io.rialto.cells.move.MoveWatch.Step;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(120)
class UserMoveTest {
    private static final int SHARD = TestShop.SHARD;
    /** The number after that of the only user who has a shard in the beginning. */
    private static final int OWN = 1001;

    private static final String USER = TestShop.USERS.get(0);
    private static final String OTHER = TestShop.USERS.get(1);

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

    @BeforeEach
    void fresh() throws SQLException {
        shop.fresh();
    }

    /** Stands for the death of a mover's process. */
    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private static Mover mover() {
        return shop.mover(MoveWatch.none());
    }

    private static Mover killedAt(Split.State state, Step step) {
        return shop.mover(new MoveWatch() {
            @Override
            public void begins(Split split, Step next) {
                if (split.state() == state && next == step) {
                    throw new Killed();
                }
            }
        });
    }

    private static void write(String cell, int shard, long epoch, String user) throws SQLException {
        try (Connection connection = shop.connect(cell)) {
            FenceSteps.step(connection, () -> {
                Sql.list(connection, row -> true, "SELECT rialto.fence(?, ?)", shard, epoch);
                Writers.operation(connection, shard, user, UUID.randomUUID());
                return true;
            });
        }
    }

    private static long rows(String cell, int shard, String user) throws SQLException {
        return shop.count(cell, "shop.done WHERE shard = " + shard + " AND uid = '" + user + "'");
    }

    @Test
    void a_user_of_a_common_shard_moves_alone() throws Exception {
        write("east", SHARD, 1, USER);
        write("east", SHARD, 1, USER);
        write("east", SHARD, 1, OTHER);
        MoveReport report = mover().move(USER, "west");
        assertThat(report.grant()).isEqualTo(new Grant(OWN, 3, "u-east", "u-west", Grant.State.MOVED));
        assertThat(shop.ledger.table().locate(USER).cell().id()).isEqualTo("west");
        assertThat(shop.ledger.table().locate(USER).shard()).isEqualTo(OWN);
        assertThat(shop.ledger.table().locate(OTHER).cell().id()).isEqualTo("east");
        assertThat(rows("west", OWN, USER)).isEqualTo(2);
        assertThat(rows("east", SHARD, USER)).isZero();
        assertThat(rows("east", SHARD, OTHER)).isEqualTo(1);
        assertThat(shop.count("west", "shop.account WHERE uid = '" + USER + "' AND operations = 2"))
                .isEqualTo(1);
        // Who has the table of before is refused, rather than that the user's row is written where nobody looks for it.
        assertThatThrownBy(() -> write("east", SHARD, 1, USER)).hasMessageContaining("OPEN at epoch 2");
        write("east", SHARD, shop.place().epoch(), OTHER);
        write("west", OWN, 3, USER);
    }

    @Test
    void a_user_comes_home_with_all_that_was_written_elsewhere() throws Exception {
        write("east", SHARD, 1, USER);
        mover().move(USER, "west");
        write("west", OWN, 3, USER);
        Split split = mover().home(USER);
        assertThat(split.state()).isEqualTo(Split.State.HOME);
        assertThat(shop.ledger.table().locate(USER)).isEqualTo(shop.place());
        assertThat(rows("east", SHARD, USER)).isEqualTo(2);
        assertThat(shop.row("east", OWN).state()).isEqualTo(Fence.State.RETIRED);
        assertThatThrownBy(() -> write("east", OWN, 4, USER)).hasMessageContaining("RETIRED");
        // The number stays theirs.
        mover().move(USER, "west");
        assertThat(shop.ledger.table().locate(USER).shard()).isEqualTo(OWN);
        assertThat(rows("west", OWN, USER)).isEqualTo(2);
    }

    @Test
    void loses_and_doubles_nothing_under_load() throws Exception {
        try (Writers writers = new Writers(shop, 10, 2, 1)) {
            for (int i = 0; i < 3; i++) {
                String other = shop.owner().equals("east") ? "west" : "east";
                for (String user : TestShop.USERS.subList(0, 2)) {
                    assertThat(mover().move(user, other).compared()).isTrue();
                }
                if (i < 2) {
                    mover().move(SHARD, other);
                }
                for (String user : TestShop.USERS.subList(0, 2)) {
                    mover().home(user);
                }
            }
            assertThat(writers.check()).isEmpty();
            assertThat(writers.acknowledged()).isGreaterThan(100);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"GRANT", "OPEN", "PUBLISH"})
    void another_mover_goes_on_after_one_that_died(Step step) throws Exception {
        write("east", SHARD, 1, USER);
        assertThatThrownBy(() -> killedAt(Split.State.PARTING, step).move(USER, "west"))
                .isInstanceOf(Killed.class);
        if (step != Step.GRANT) {
            assertThatThrownBy(() -> mover().move(SHARD, "west"))
                    .isInstanceOf(MoveException.class)
                    .hasMessageContaining("PARTING");
        }
        mover().move(USER, "west");
        assertThatThrownBy(() -> killedAt(Split.State.RETURNING, step).home(USER))
                .isInstanceOf(Killed.class);
        mover().home(USER);
        assertThat(rows("east", SHARD, USER)).isEqualTo(1);
        assertThat(shop.ledger.table().overrides()).doesNotContainKey(USER);
        mover().move(SHARD, "west");
        assertThat(rows("west", SHARD, USER)).isEqualTo(1);
    }

    @Test
    void what_was_taken_back_is_not_done_by_one_who_slept() throws Exception {
        write("east", SHARD, 1, USER);
        Mover sleeper = shop.mover(new MoveWatch() {
            @Override
            public void begins(Split split, Step step) {
                if (step == Step.OPEN) {
                    try {
                        assertThat(mover().cancel(USER)).isTrue();
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                }
            }
        });
        assertThatThrownBy(() -> sleeper.move(USER, "west"))
                .isInstanceOf(MoveException.class)
                .hasMessageContaining("as control has it");
        assertThat(rows("east", SHARD, USER)).isEqualTo(1);
        write("east", SHARD, 1, USER);
        assertThatThrownBy(() -> mover().cancel(USER)).hasMessageContaining("is not on the way");
        // Epochs go on above those that were barred.
        mover().move(SHARD, "west");
        mover().move(USER, "east");
        assertThat(rows("east", OWN, USER)).isEqualTo(2);
        assertThatThrownBy(() -> killedAt(Split.State.RETURNING, Step.OPEN).home(USER))
                .isInstanceOf(Killed.class);
        assertThat(mover().cancel(USER)).isTrue();
        assertThat(shop.ledger.table().locate(USER).shard()).isEqualTo(OWN);
        mover().move(USER, "east");
    }

    @Test
    void what_is_done_is_not_taken_back() throws Exception {
        assertThatThrownBy(() -> killedAt(Split.State.PARTING, Step.PUBLISH).move(USER, "west"))
                .isInstanceOf(Killed.class);
        assertThat(mover().cancel(USER)).isFalse();
        mover().move(USER, "west");
    }

    @Test
    void a_user_is_not_parted_for_nothing() throws Exception {
        assertThatThrownBy(() -> mover().move(USER, "east")).hasMessageContaining("is in cell east");
        assertThatThrownBy(() -> mover().move(USER, "north")).hasMessageContaining("cannot be in cell north");
        assertThatThrownBy(() -> mover().home(USER)).hasMessageContaining("has no shard of their own");
        assertThat(shop.row("east").epoch()).isEqualTo(1);
    }

    @Test
    void refuses_a_table_of_which_nobody_has_said_whose_its_rows_are() throws Exception {
        try (Connection connection = shop.connect("east")) {
            Sql.run(connection, "CREATE TABLE shop.basket (shard int, uid text, PRIMARY KEY (shard, uid))");
            assertThatThrownBy(() -> mover().move(USER, "west"))
                    .isInstanceOf(MoveException.class)
                    .hasMessageContaining("shop.basket")
                    .hasMessageContaining("owned_by_user");
            assertThatThrownBy(() -> Sql.run(connection, "SELECT rialto.owned_by_user('shop.basket', 'shard')"))
                    .hasMessageContaining("has no column shard (expected: one of type text");
            Sql.run(connection, "SELECT rialto.owned_by_user('shop.basket', 'uid')");
            Sql.run(
                    connection,
                    "CREATE TABLE shop.item (shard int, uid text, PRIMARY KEY (shard, uid), FOREIGN KEY (shard, uid)"
                            + " REFERENCES shop.basket)");
            Sql.run(connection, "SELECT rialto.owned_by_user('shop.item', 'uid')");
            assertThatThrownBy(() -> mover().move(USER, "west")).hasMessageContaining("item_shard_uid_fkey");
        }
        assertThat(shop.row("east").epoch()).isEqualTo(1);
        assertThat(Moves.parse(shop.ledger.read().moves()).splits()).isEmpty();
    }

    @Test
    void nobody_is_copied_out_of_their_jurisdiction() throws Exception {
        shop.ledger = new MemoryLedger(TestShop.TABLE
                .replace("{\"id\":\"east\",", "{\"id\":\"east\",\"jurisdiction\":\"eu\",")
                .replace(
                        "\"overrides\"",
                        "\"pins\": [{\"from\":7,\"to\":7,\"jurisdiction\":\"eu\"},"
                                + " {\"user\":\"42\",\"jurisdiction\":\"eu\"}], \"overrides\""));
        write("east", SHARD, 1, USER);
        assertThatThrownBy(() -> mover().move(SHARD, "west"))
                .isInstanceOf(MoveException.class)
                .hasMessageContaining("jurisdiction eu");
        assertThatThrownBy(() -> mover().move(1000, "west")).hasMessageContaining("jurisdiction eu");
        assertThatThrownBy(() -> mover().move("42", "west")).hasMessageContaining("in jurisdiction eu");
        assertThatThrownBy(() -> mover().move(USER, "west")).hasMessageContaining("in jurisdiction eu");
        assertThat(shop.row("west")).isEqualTo(new Fence.Row(SHARD, 1, Fence.State.ABSENT, Optional.empty()));
        assertThat(Moves.parse(shop.ledger.read().moves()).grants()).isEmpty();
        assertThat(shop.count("west", "shop.done")).isZero();
    }
}

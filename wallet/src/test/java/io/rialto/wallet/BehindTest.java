package io.rialto.wallet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.cells.move.MoveWatch;
import io.rialto.cells.move.Mover;
import io.rialto.node.postgres.Database;
import io.rialto.wallet.LedgerCheck.Books;
import io.rialto.wallet.api.TransferAnswer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;

/** Wallets in a city that took over from one that is lost, by a copy that lacks the newest writes. */
@Timeout(120)
final class BehindTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private TestCells cells;
    private List<ConfigurableApplicationContext> wallets = List.of();

    @BeforeEach
    void start(@TempDir Path directory) throws Exception {
        cells = new TestCells(directory);
        try (Database east = cells.owned("east")) {
            east.migrate("rialto", "failover", "io/rialto/cells/failover/migrations");
        }
        wallets = WalletApplication.start(cells.arguments(TestCells.CELLS));
        cells.awaitWallets();
    }

    @AfterEach
    void stop() throws Exception {
        wallets.forEach(ConfigurableApplicationContext::close);
        cells.close();
    }

    private TestPhone phone(String cell, String name) throws Exception {
        for (int i = 0; ; i++) {
            TestPhone phone = TestPhone.claim(cells, name + i);
            if (phone.cell().equals(cell)) {
                phone.open(phone.uid);
                return phone;
            }
        }
    }

    /** A release may meet a writer half-way, as triggers of many tables go: the command tries again, too. */
    private String east(String sql) throws SQLException {
        for (int tries = 1; ; tries++) {
            try {
                return eastOnce(sql);
            } catch (SQLException e) {
                if (!"40P01".equals(e.getSQLState()) || tries == 5) {
                    throw e;
                }
            }
        }
    }

    private String eastOnce(String sql) throws SQLException {
        try (Connection connection = cells.connection("east");
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return String.valueOf(row.getString(1));
        }
    }

    /** As the command does; what the copy had ended where the given device's last write began to be missing. */
    private void takeOverWithout(TestPhone phone) throws SQLException {
        String place = cells.marker(phone.device).split(";", -1)[2];
        try (Connection connection = cells.connection("east");
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute(
                    "INSERT INTO rialto.generation (generation, server, fork) VALUES (2, 'remote', '" + place + "')");
            statement.execute("INSERT INTO rialto.takeover (generation, previous, unit, position, reason)"
                    + " VALUES (2, 1, 'u-east', '" + place + "', 'flood')");
            statement.execute("SELECT rialto.hold_behind()");
            connection.commit();
        }
    }

    private static void refused(TestPhone payer, String payee, String key) {
        assertThatThrownBy(() -> payer.pay(payee, 1, key))
                .isInstanceOf(TestCells.Refused.class)
                .hasMessageContaining("read_only")
                .hasMessageContaining("failed_precondition");
    }

    private void awaitBalance(TestPhone phone, long balance) throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (phone.balance() != balance) {
            assertThat(System.nanoTime()).as("balance of " + phone.uid).isLessThan(end);
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
    }

    @Test
    void a_user_behind_reads_and_pays_when_released_and_holds_up_nobody() throws Exception {
        TestPhone early = phone("east", "early");
        TestPhone lost = phone("east", "lost");
        TestPhone west = phone("west", "west");
        early.pay(west.uid, 100, "early");
        TransferAnswer told = lost.pay(west.uid, 100, "lost");
        awaitBalance(west, 100_200);
        assertThat(cells.marker(lost.device)).startsWith("u-east;1;");
        takeOverWithout(lost);

        refused(lost, west.uid, "more");
        assertThat(east("SELECT uid || ' ' || split_part(marker, ';', 2) FROM rialto.behind"))
                .isEqualTo(lost.uid + " 1");
        assertThat(lost.balance()).isEqualTo(99_900);
        lost.login(TestPhone.PIN);
        refused(lost, west.uid, "after a login");
        assertThat(lost.cells.marker(lost.device)).startsWith("u-east;");
        early.pay(west.uid, 100, "goes on");
        assertThat(cells.marker(early.device)).startsWith("u-east;2;");

        // Credits to the user stay in transit, and others of the same payer and the same cell arrive meanwhile.
        TransferAnswer waiting = west.pay(lost.uid, 7, "to a user behind");
        west.pay(early.uid, 5, "to another");
        awaitBalance(early, 99_805);
        TransferAnswer near = early.pay(lost.uid, 2, "to a user behind in the same cell");
        early.pay(west.uid, 3, "after it");
        awaitBalance(west, 100_291);
        assertThat(lost.balance()).isEqualTo(99_900);
        assertThat(east("SELECT count(*) FROM wallet.outbox")).isEqualTo("1");

        assertThat(east("SELECT rialto.release('" + lost.uid + "')")).isEqualTo("t");
        awaitBalance(lost, 99_909);
        TransferAnswer last = lost.pay(west.uid, 1, "more");
        assertThat(east("SELECT rialto.release_all()")).isEqualTo("0");
        Books books = LedgerCheck.settled(
                cells.books(), List.of(told.getId(), waiting.getId(), near.getId(), last.getId()), PATIENCE);
        assertThat(books.findings()).isEmpty();
    }

    @Test
    void what_lies_in_an_outbox_of_a_user_behind_waits_and_what_is_of_others_does_not() throws Exception {
        TestPhone lost = phone("east", "lost");
        TestPhone early = phone("east", "early");
        TestPhone west = phone("west", "west");
        cells.away("west", true);
        lost.pay(west.uid, 3, "stays");
        early.pay(west.uid, 4, "goes");
        takeOverWithout(lost);
        refused(lost, west.uid, "more");
        cells.away("west", false);
        awaitBalance(west, 100_004);
        assertThat(east("SELECT string_agg(payer, ' ') FROM wallet.outbox")).isEqualTo(lost.uid);
        east("SELECT rialto.release_all()");
        awaitBalance(west, 100_007);
    }

    @Test
    void no_shard_leaves_the_city_that_took_over_before_all_is_reconciled() throws Exception {
        TestPhone lost = phone("east", "lost");
        lost.pay(phone("west", "west").uid, 1, "lost");
        takeOverWithout(lost);
        int shard = cells.ledger().table().locate(lost.uid).shard();
        try (Database east = cells.owned("east");
                Database west = cells.owned("west")) {
            Mover mover = new Mover(
                    Map.of("east", east, "west", west),
                    cells.ledger(),
                    MoveWatch.none(),
                    Mover.Options.standard("test"),
                    new SecureRandom());
            assertThatThrownBy(() -> mover.move(shard, "west")).hasMessageContaining("not reconciled");
            assertThat(east("SELECT state FROM rialto.fence WHERE shard = " + shard))
                    .isEqualTo("OPEN");
            east("SELECT rialto.release_all()");
            mover.move(shard, "west");
            assertThat(lost.cell()).isEqualTo("west");
            assertThat(lost.pay(phone("east", "other").uid, 1, "from there")).isNotNull();
        }
    }
}

package io.rialto.wallet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.starter.FencedTransactions;
import io.rialto.wallet.LedgerCheck.Books;
import io.rialto.wallet.api.ChargeRequest;
import io.rialto.wallet.api.CreditAnswer;
import io.rialto.wallet.api.CreditRequest;
import io.rialto.wallet.api.HistoryAnswer;
import io.rialto.wallet.api.HistoryRequest;
import io.rialto.wallet.api.ShowAnswer;
import io.rialto.wallet.api.ShowRequest;
import io.rialto.wallet.api.TransferAnswer;
import io.rialto.wallet.api.TransferState;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;

/** The wallet of three cells in one process, on a real PostgreSQL. */
final class WalletTest {
    private static TestCells cells;
    private static List<ConfigurableApplicationContext> wallets = List.of();
    private static int next;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        cells = new TestCells(directory);
        wallets = WalletApplication.start(cells.arguments(TestCells.CELLS));
        cells.awaitWallets();
    }

    @AfterAll
    static void stop() throws Exception {
        wallets.forEach(ConfigurableApplicationContext::close);
        cells.close();
    }

    private static TestPhone phone() throws Exception {
        return TestPhone.open(cells, "user" + next++);
    }

    private static TestPhone phoneIn(String cell) throws Exception {
        TestPhone phone = phone();
        while (!phone.cell().equals(cell)) {
            phone = phone();
        }
        return phone;
    }

    private static Books settled() throws Exception {
        return LedgerCheck.settled(cells.books(), List.of(), Duration.ofSeconds(10));
    }

    @Test
    void moves_money_within_a_cell_and_between_cells_exactly() throws Exception {
        TestPhone payer = phoneIn("east");
        TestPhone near = phoneIn("east");
        TestPhone far = phoneIn("west");
        assertThat(payer.pay(near.uid, 300, "a").getState()).isEqualTo(TransferState.DONE);
        assertThat(near.pay(payer.uid, 100, "a").getState()).isEqualTo(TransferState.DONE);
        assertThat(payer.pay(far.uid, 500, "b").getState()).isEqualTo(TransferState.IN_TRANSIT);
        assertThat(settled().findings()).isEmpty();
        assertThat(payer.balance()).isEqualTo(99_300);
        assertThat(near.balance()).isEqualTo(100_200);
        assertThat(far.balance()).isEqualTo(100_500);
        HistoryAnswer page = cells.call(
                "wallet.History/List",
                payer.device,
                payer.uid,
                payer.uid,
                null,
                HistoryRequest.newBuilder().setPageSize(3).build(),
                HistoryAnswer.getDefaultInstance());
        assertThat(page.getEntriesList())
                .extracting(entry -> entry.getLeg() + " " + entry.getAmountMinor())
                .containsExactly("debit -500", "credit 100", "debit -300");
        assertThat(page.getNext()).isEqualTo(2);
    }

    @Test
    void gives_the_first_answer_to_the_same_key_and_refuses_it_for_another_request() throws Exception {
        TestPhone payer = phone();
        TestPhone payee = phone();
        TransferAnswer first = payer.pay(payee.uid, 10, "key");
        assertThat(payer.pay(payee.uid, 10, "key")).isEqualTo(first);
        assertThatThrownBy(() -> payer.pay(payee.uid, 11, "key")).hasMessageContaining("idempotency_key_reused");
        assertThat(payer.balance()).isEqualTo(99_990);
    }

    @Test
    void forgets_old_keys_in_batches_and_keeps_the_others() throws Exception {
        TestPhone payer = phoneIn("east");
        TestPhone payee = phoneIn("east");
        TransferAnswer first = payer.pay(payee.uid, 10, "kept");
        try (Connection east = cells.forger("east");
                Statement statement = east.createStatement()) {
            statement.execute("INSERT INTO wallet.idempotency SELECT shard, uid, 'old' || n, '', 'x', now() - interval"
                    + " '8 days' FROM wallet.account, generate_series(1, 700) n WHERE uid = '" + payer.uid + "'");
            KeySweep sweep = new KeySweep(wallets.getFirst().getBean(FencedTransactions.class), Duration.ofDays(7));
            assertThat(sweep.round()).isTrue();
            assertThat(sweep.round()).isFalse();
            try (ResultSet rows =
                    statement.executeQuery("SELECT key FROM wallet.idempotency WHERE uid = '" + payer.uid + "'")) {
                assertThat(rows.next()).isTrue();
                assertThat(rows.getString(1)).isEqualTo("kept");
                assertThat(rows.next()).isFalse();
            }
        }
        assertThat(payer.pay(payee.uid, 10, "kept")).isEqualTo(first);
    }

    @Test
    void a_write_past_the_fence_is_refused_by_the_database() throws Exception {
        TestPhone phone = phoneIn("east");
        try (Connection east = cells.connection("east");
                Statement statement = east.createStatement()) {
            assertThatThrownBy(() ->
                            statement.execute("UPDATE wallet.account SET balance = 0 WHERE uid = '" + phone.uid + "'"))
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            refused -> assertThat(refused.getSQLState()).isEqualTo("RL002"));
        }
        assertThat(phone.balance()).isEqualTo(100_000);
    }

    @Test
    void refuses_more_than_the_balance() throws Exception {
        TestPhone payer = phone();
        TestPhone payee = phone();
        assertThatThrownBy(() -> payer.pay(payee.uid, 100_001, "key")).hasMessageContaining("insufficient_funds");
        assertThat(payer.balance()).isEqualTo(100_000);
    }

    @Test
    void gives_the_money_back_when_there_is_no_payee() throws Exception {
        TestPhone payer = phone();
        assertThat(payer.pay("999999999999", 10, "key").getState()).isEqualTo(TransferState.IN_TRANSIT);
        Books books = settled();
        assertThat(books.findings()).isEmpty();
        assertThat(books.refunds()).isPositive();
        assertThat(payer.balance()).isEqualTo(100_000);
    }

    @Test
    void credits_once_however_often_it_is_brought() throws Exception {
        TestPhone payer = phoneIn("east");
        TestPhone payee = phoneIn("west");
        TransferAnswer transfer = payer.pay(payee.uid, 70, "key");
        assertThat(settled().findings()).isEmpty();
        CreditRequest again = CreditRequest.newBuilder()
                .setTransfer(transfer.getId())
                .setPayer(payer.uid)
                .setPayee(payee.uid)
                .setAmountMinor(70)
                .setCurrency("EUR")
                .build();
        assertThatThrownBy(() -> cells.call(
                        "wallet.Transfer/Credit",
                        payee.device,
                        payee.uid,
                        payee.uid,
                        null,
                        again,
                        CreditAnswer.getDefaultInstance()))
                .hasMessageContaining("backend_only");
        CreditAnswer answer = cells.call(
                "wallet.Transfer/Credit", "", payee.uid, payee.uid, null, again, CreditAnswer.getDefaultInstance());
        assertThat(answer.getOutcome()).isEqualTo(CreditAnswer.Outcome.CREDITED);
        assertThat(payee.balance()).isEqualTo(100_070);
    }

    @Test
    void redeems_a_payment_code_once() throws Exception {
        TestPhone payer = phone();
        TestPhone payee = phone();
        String code = cells.call(
                        "wallet.PaymentCode/Show",
                        payer.device,
                        payer.uid,
                        payer.uid,
                        null,
                        ShowRequest.getDefaultInstance(),
                        ShowAnswer.getDefaultInstance())
                .getCode();
        ChargeRequest charge = ChargeRequest.newBuilder()
                .setCode(code)
                .setAmountMinor(25)
                .setCurrency("EUR")
                .build();
        cells.call(
                "wallet.PaymentCode/Charge",
                payee.device,
                payee.uid,
                payer.uid,
                "key",
                charge,
                TransferAnswer.getDefaultInstance());
        assertThatThrownBy(() -> cells.call(
                        "wallet.PaymentCode/Charge",
                        payee.device,
                        payee.uid,
                        payer.uid,
                        "other",
                        charge,
                        TransferAnswer.getDefaultInstance()))
                .hasMessageContaining("wrong_code");
        assertThat(payer.balance()).isEqualTo(99_975);
    }

    @Test
    void locks_a_pin_after_five_failures() throws Exception {
        TestPhone phone = phone();
        assertThat(phone.login(TestPhone.PIN).getUid()).isEqualTo(phone.uid);
        for (int i = 0; i < 5; i++) {
            assertThatThrownBy(() -> phone.login("000000")).hasMessageContaining("wrong_pin");
        }
        assertThatThrownBy(() -> phone.login(TestPhone.PIN)).hasMessageContaining("pin_locked");
    }

    @Test
    void lets_only_the_claimer_open_an_account() throws Exception {
        TestPhone owner = phone();
        assertThatThrownBy(() -> cells.call(
                        "wallet.Account/Open",
                        "device-thief",
                        null,
                        owner.uid,
                        null,
                        io.rialto.wallet.api.OpenRequest.newBuilder()
                                .setUid(owner.uid)
                                .setPin("111111")
                                .build(),
                        io.rialto.wallet.api.OpenAnswer.getDefaultInstance()))
                .hasMessageContaining("not_the_claimer");
    }

    @Test
    void opens_an_account_in_the_shard_that_the_table_has_for_its_user() throws Exception {
        TestPhone moved = TestPhone.claim(cells, "user" + next++);
        cells.override(moved.uid);
        moved.open(moved.uid);
        TestPhone payer = phoneIn("east");
        payer.pay(moved.uid, 30, "key");
        assertThat(settled().findings()).isEmpty();
        assertThat(moved.cell()).isEqualTo("west");
        assertThat(moved.balance()).isEqualTo(100_030);
    }

    @Test
    void refuses_to_open_an_account_by_the_route_of_another_user() throws Exception {
        TestPhone other = phone();
        TestPhone phone = TestPhone.claim(cells, "user" + next++);
        assertThatThrownBy(() -> phone.open(other.uid)).hasMessageContaining("rialto-route");
    }

    @Test
    void finds_a_credit_that_was_applied_twice() throws Exception {
        TestPhone payer = phoneIn("east");
        TestPhone payee = phoneIn("west");
        TransferAnswer transfer = payer.pay(payee.uid, 40, "key");
        assertThat(settled().findings()).isEmpty();
        String forged =
                "INSERT INTO wallet.entry SELECT shard, uid, sequence + 1, transfer, 'refund', against, other_uid,"
                        + " amount, balance + amount, note, now() FROM wallet.entry WHERE leg = 'credit' AND transfer = '"
                        + transfer.getId() + "'";
        try (Connection west = cells.forger("west");
                Statement statement = west.createStatement()) {
            statement.execute(forged);
            statement.execute("UPDATE wallet.account SET balance = balance + 40, sequence = sequence + 1 WHERE uid = '"
                    + payee.uid + "'");
            assertThat(LedgerCheck.read(cells.books(), List.of()).findings())
                    .anyMatch(finding -> finding.contains(transfer.getId()))
                    .anyMatch(finding -> finding.startsWith("money:"));
            statement.execute("DELETE FROM wallet.entry WHERE leg = 'refund' AND transfer = '" + transfer.getId()
                    + "' AND uid = '" + payee.uid + "'");
            statement.execute("UPDATE wallet.account SET balance = balance - 40, sequence = sequence - 1 WHERE uid = '"
                    + payee.uid + "'");
        }
        assertThat(LedgerCheck.read(cells.books(), List.of("00000000-0000-0000-0000-000000000000"))
                        .findings())
                .anyMatch(finding -> finding.contains("acknowledged, but debited 0 times"));
    }
}

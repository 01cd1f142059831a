package io.rialto.wallet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.wallet.api.TransferAnswer;
import io.rialto.wallet.api.TransferRequest;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;

/** Wallets that find handles in the copies of their cells. */
@Timeout(120)
final class GlobalDirectoryTest {
    private static TestCells cells;
    private static List<ConfigurableApplicationContext> wallets = List.of();

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        cells = new TestCells(directory);
        wallets = WalletApplication.start(cells.arguments(TestCells.CELLS));
        cells.awaitWallets();
        cells.copyGlobalData();
    }

    @AfterAll
    static void stop() throws Exception {
        wallets.forEach(ConfigurableApplicationContext::close);
        cells.close();
    }

    private static TransferAnswer payHandle(TestPhone payer, String handle, String key) throws Exception {
        TransferRequest request = TransferRequest.newBuilder()
                .setToHandle(handle)
                .setAmountMinor(10)
                .setCurrency("EUR")
                .build();
        return cells.call(
                "wallet.Transfer/Create",
                payer.device,
                payer.uid,
                payer.uid,
                key,
                request,
                TransferAnswer.getDefaultInstance());
    }

    @Test
    void who_has_claimed_a_handle_opens_its_account_at_once_and_mostly_by_the_copy() throws Exception {
        int phones = 30;
        for (int i = 0; i < phones; i++) {
            TestPhone.open(cells, "opener" + i);
        }
        assertThat(cells.passed("wallet.Directory/Owner")).isLessThan(phones);
    }

    @Test
    void what_a_device_has_claimed_is_found_by_that_device() throws Exception {
        TestPhone payer = TestPhone.open(cells, "payer");
        for (int i = 0; i < 20; i++) {
            String handle = "later" + i;
            // By another device, which tells this one the version, as its next claim would.
            TestPhone payee = TestPhone.open(cells, handle);
            cells.tell(payer.device, payee.device);
            assertThat(payHandle(payer, handle, "key" + i).getPayee()).isEqualTo(payee.uid);
        }
        assertThat(cells.passed("wallet.Directory/FindAtOwner")).isLessThan(20);
    }

    @Test
    void handles_are_found_while_the_global_cell_is_away() throws Exception {
        TestPhone payer = TestPhone.open(cells, "alone");
        TestPhone payee = TestPhone.open(cells, "known");
        cells.tell(payer.device, payee.device);
        payHandle(payer, "known", "before");
        cells.away("global", true);
        try {
            assertThat(payHandle(payer, "known", "away").getPayee()).isEqualTo(payee.uid);
            assertThatThrownBy(() -> payHandle(payer, "unknown", "unknown")).hasMessageContaining("no_such_handle");
        } finally {
            cells.away("global", false);
        }
    }
}

package io.rialto.wallet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.rialto.wallet.api.TransferState;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;

/** The disk below a cell's PostgreSQL fills up, and gets space again. */
@Timeout(180)
final class FullDiskTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** PostgreSQL's empty data, its log and what some thousand payments write fit into it. */
    private static final String SIZE = "size=160m,mode=0700";

    /** Many times the payments that fit into the pages that are there already. */
    private static final int MAX_PAYMENTS = 20_000;

    @TempDir
    private Path directory = Path.of("");

    @Test
    void writes_fail_clearly_lose_nothing_and_go_on_when_there_is_space_again() throws Exception {
        Path disk = Files.createDirectories(directory.resolve("east"));
        assumeTrue(run("mount", "-t", "tmpfs", "-o", SIZE, "tmpfs", disk.toString()), "a mount takes root");
        try (TestCells cells = new TestCells(directory)) {
            List<ConfigurableApplicationContext> wallets = WalletApplication.start(cells.arguments(TestCells.CELLS));
            try {
                cells.awaitWallets();
                fillAndGoOn(cells, disk);
            } finally {
                wallets.forEach(ConfigurableApplicationContext::close);
            }
        } finally {
            run("umount", disk.toString());
        }
    }

    private static void fillAndGoOn(TestCells cells, Path disk) throws Exception {
        TestPhone payer = east(cells, "payer");
        TestPhone payee = east(cells, "payee");
        fill(disk.resolve("filler"));
        int paid = 0;
        String refused = "";
        while (refused.isEmpty()) {
            assertThat(paid).as("payments on a full disk").isLessThan(MAX_PAYMENTS);
            try {
                payer.pay(payee.uid, 1, "key" + paid);
                paid++;
            } catch (TestCells.Refused e) {
                refused = String.valueOf(e.getMessage());
            }
        }
        assertThat(refused).containsAnyOf("database_full", "database_unavailable");
        Files.delete(disk.resolve("filler"));
        String key = "key" + paid;
        assertThat(eventually(payer, payee, key)).isEqualTo(TransferState.DONE);
        // The key of the refused payment was used up by nothing: it was done once now.
        assertThat(eventually(payer, payee, key)).isEqualTo(TransferState.DONE);
        paid++;
        assertThat(payer.balance()).isEqualTo(100_000 - paid);
        assertThat(payee.balance()).isEqualTo(100_000 + paid);
        assertThat(LedgerCheck.settled(cells.books(), List.of(), Duration.ofSeconds(10))
                        .findings())
                .isEmpty();
    }

    private static TestPhone east(TestCells cells, String name) throws Exception {
        TestPhone phone = TestPhone.claim(cells, name);
        for (int i = 0; !phone.cell().equals("east"); i++) {
            phone = TestPhone.claim(cells, name + i);
        }
        phone.open(phone.uid);
        return phone;
    }

    /** Leaves not a byte. */
    private static void fill(Path filler) throws IOException {
        byte[] block = new byte[4096];
        try (OutputStream out = Files.newOutputStream(filler)) {
            while (true) {
                out.write(block);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space left");
        }
    }

    /** A server that ended for want of space is started again with pauses. */
    private static TransferState eventually(TestPhone payer, TestPhone payee, String key) throws Exception {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            try {
                return payer.pay(payee.uid, 1, key).getState();
            } catch (TestCells.Refused e) {
                assertThat(System.nanoTime()).as(e.getMessage()).isLessThan(end);
                LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
            }
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false; // no such program
        }
    }
}

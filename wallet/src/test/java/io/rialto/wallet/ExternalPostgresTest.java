package io.rialto.wallet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.rialto.cells.Fence;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.wallet.api.TransferState;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;

/** Fence, roles and ledger on a server that is not Rialto's own, as an owner that is no superuser. */
@Timeout(120)
final class ExternalPostgresTest {
    @Test
    void the_fence_and_the_ledger_hold_on_the_systems_own_postgresql(@TempDir Path directory) throws Exception {
        Optional<Path> programs = ExternalPostgres.programs();
        assumeTrue(programs.isPresent(), "needs Debian's package postgresql, which ./rialto test installs");
        Map<String, DatabaseAddress> addresses = new ConcurrentHashMap<>();
        try (ExternalPostgres server = ExternalPostgres.start(programs.orElseThrow())) {
            TestCells.Databases databases = cell -> {
                DatabaseAddress address = server.create(cell);
                addresses.put(cell, address);
                return address;
            };
            try (TestCells cells = new TestCells(directory, databases)) {
                List<ConfigurableApplicationContext> wallets =
                        WalletApplication.start(cells.arguments(TestCells.CELLS));
                try {
                    cells.awaitWallets();
                    movesMoney(cells);
                } finally {
                    wallets.forEach(ConfigurableApplicationContext::close);
                }
            }
            closesTheFence(Objects.requireNonNull(addresses.get("east")));
        }
    }

    private static void movesMoney(TestCells cells) throws Exception {
        TestPhone payer = phoneIn(cells, "east");
        TestPhone near = phoneIn(cells, "east");
        TestPhone far = phoneIn(cells, "west");
        assertThat(payer.pay(near.uid, 300, "a").getState()).isEqualTo(TransferState.DONE);
        assertThat(payer.pay(far.uid, 500, "b").getState()).isEqualTo(TransferState.IN_TRANSIT);
        assertThat(LedgerCheck.settled(cells.books(), List.of(), Duration.ofSeconds(20))
                        .findings())
                .isEmpty();
        assertThat(payer.balance()).isEqualTo(99_200);
        assertThat(far.balance()).isEqualTo(100_500);
    }

    private static int next;

    private static TestPhone phoneIn(TestCells cells, String cell) throws Exception {
        TestPhone phone = TestPhone.claim(cells, "user" + next++);
        while (!phone.cell().equals(cell)) {
            phone = TestPhone.claim(cells, "user" + next++);
        }
        phone.open(phone.uid);
        return phone;
    }

    private static void closesTheFence(DatabaseAddress address) throws Exception {
        try (Database database = Database.open(address, "check", 2, Duration.ofSeconds(10))) {
            assertThat(Fence.open(database).row(0).orElseThrow().state()).isEqualTo(Fence.State.OPEN);
            execute(database, "SELECT rialto.fence(0, 1)");
            execute(database, "UPDATE rialto.fence SET state = 'CLOSED', next = 'west' WHERE shard = 0");
            assertThatThrownBy(() -> execute(database, "SELECT rialto.fence(0, 1)"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(Fence.REFUSED));
        }
    }

    private static void execute(Database database, String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}

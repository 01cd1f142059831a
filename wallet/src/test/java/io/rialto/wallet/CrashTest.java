package io.rialto.wallet;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.wallet.LedgerCheck.Books;
import io.rialto.wallet.Payer.Promise;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * Money moves within and between two cells while their wallets and their PostgreSQL servers are killed (SIGKILL) at random
 * moments and answers are lost on the way; then all books are compared with what the payers were promised.
 * {@code -Dcrash.seed=N} repeats the choices of a run, though not its timing.
 */
final class CrashTest {
    private static final long SEED = Long.getLong("crash.seed", System.currentTimeMillis());

    /** How often each fault happens. */
    private static final int ROUNDS = 2;

    private static final int PHONES = 8;
    private static final long OPENING = 100_000;
    private static final int LOST_IN = 20;
    private static final int MAX_PAUSE_MILLIS = 800;
    private static final int MAX_TRANSFERS_BETWEEN = 60;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private enum Fault {
        WALLET_OF_EAST("east"),
        WALLET_OF_WEST("west"),
        DATABASE_OF_EAST("east"),
        DATABASE_OF_WEST("west");

        private final String cell;

        Fault(String cell) {
            this.cell = cell;
        }
    }

    private final Random random = new Random(SEED);
    private final AtomicInteger acknowledged = new AtomicInteger();
    private final AtomicBoolean moving = new AtomicBoolean(true);
    private final Map<String, WalletProcess> wallets = new HashMap<>();

    @Test
    @Timeout(240)
    void loses_and_doubles_nothing_when_wallets_and_databases_are_killed(@TempDir Path directory) throws Exception {
        System.out.println("crash.seed=" + SEED);
        try (TestCells cells = new TestCells(directory);
                WalletProcess east = new WalletProcess(cells, "east", directory);
                WalletProcess west = new WalletProcess(cells, "west", directory);
                ConfigurableApplicationContext global = WalletApplication.start(cells.arguments(List.of("global")))
                        .getFirst()) {
            assertThat(global.isRunning()).isTrue();
            wallets.put("east", east);
            wallets.put("west", west);
            await(() -> east.serves() && west.serves() && cells.serves("global"));
            List<TestPhone> phones = phones(cells);
            List<Promise> promises = new ArrayList<>();
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                List<Future<List<Promise>>> payers = begin(cells, phones, threads);
                try {
                    disturb(cells);
                } finally {
                    moving.set(false);
                }
                for (Future<List<Promise>> payer : payers) {
                    promises.addAll(payer.get());
                }
            }
            await(() -> east.serves() && west.serves());
            prove(cells, phones, promises);
        }
    }

    private static List<TestPhone> phones(TestCells cells) throws Exception {
        List<TestPhone> phones = new ArrayList<>();
        for (int i = 0; phones.size() < PHONES; i++) {
            TestPhone phone = TestPhone.claim(cells, "crash" + i);
            String wanted = phones.size() % 2 == 0 ? "east" : "west";
            if (phone.cell().equals(wanted)) {
                phone.open(phone.uid);
                phones.add(phone);
            }
        }
        return phones;
    }

    /** Everybody pays everybody, and now and then somebody whom no cell knows. */
    private List<Future<List<Promise>>> begin(TestCells cells, List<TestPhone> phones, ExecutorService threads) {
        Random losing = new Random(SEED + 1);
        cells.loseAnswers(() -> moving.get() && losing.nextInt(LOST_IN) == 0);
        List<String> payees =
                new ArrayList<>(phones.stream().map(phone -> phone.uid).toList());
        payees.add(nobody(cells, "east"));
        payees.add(nobody(cells, "west"));
        List<Future<List<Promise>>> payers = new ArrayList<>();
        for (TestPhone phone : phones) {
            Payer payer = new Payer(phone, payees, new Random(random.nextLong()), acknowledged);
            payers.add(threads.submit(() -> payer.pay(moving::get)));
        }
        return payers;
    }

    private static String nobody(TestCells cells, String cell) {
        long uid = 999_999_999_999L;
        while (!cells.cellOf(Long.toString(uid)).equals(cell)) {
            uid--;
        }
        return Long.toString(uid);
    }

    private void disturb(TestCells cells) throws Exception {
        List<Fault> faults = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            faults.addAll(List.of(Fault.values()));
        }
        Collections.shuffle(faults, random);
        for (Fault fault : faults) {
            WalletProcess wallet = Objects.requireNonNull(wallets.get(fault.cell));
            // What is killed works, and so does something: the others may still be on their way back.
            await(() -> wallet.serves() && cells.databaseServes(fault.cell));
            int enough = acknowledged.get() + random.nextInt(MAX_TRANSFERS_BETWEEN);
            long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(random.nextInt(MAX_PAUSE_MILLIS));
            await(() -> acknowledged.get() >= enough && System.nanoTime() - end >= 0);
            switch (fault) {
                case WALLET_OF_EAST, WALLET_OF_WEST -> wallet.kill();
                case DATABASE_OF_EAST, DATABASE_OF_WEST -> cells.killDatabase(fault.cell);
            }
        }
        for (Map.Entry<String, WalletProcess> wallet : wallets.entrySet()) {
            await(() ->
                    cells.databaseServes(wallet.getKey()) && wallet.getValue().serves());
        }
        int enough = acknowledged.get() + MAX_TRANSFERS_BETWEEN;
        await(() -> acknowledged.get() >= enough);
    }

    private void prove(TestCells cells, List<TestPhone> phones, List<Promise> promises) throws Exception {
        List<String> ids = promises.stream().map(Promise::id).toList();
        Books books = LedgerCheck.settled(cells.books(), ids, Duration.ofSeconds(20));
        System.out.println("crash.seed=" + SEED + ": " + books.summary());
        assertThat(books.findings()).as("crash.seed=" + SEED).isEmpty();
        assertThat(ids).as("every order has a transfer of its own").doesNotHaveDuplicates();
        assertThat(books.transfers()).as("no order was done twice").isEqualTo(promises.size());
        Map<String, Long> balances = new HashMap<>();
        phones.forEach(phone -> balances.put(phone.uid, OPENING));
        long refunds = 0;
        for (Promise promise : promises) {
            if (balances.containsKey(promise.payee())) {
                balances.merge(promise.payer(), -promise.amount(), Long::sum);
                balances.merge(promise.payee(), promise.amount(), Long::sum);
            } else {
                refunds++;
            }
        }
        assertThat(books.refunds()).isEqualTo(refunds).isPositive();
        for (TestPhone phone : phones) {
            assertThat(phone.balance()).as("balance of " + phone.uid).isEqualTo(balances.get(phone.uid));
        }
        proveMessages(cells, phones);
    }

    /** Each entry but the opening has told its owner, once and in the order of the entries. */
    private void proveMessages(TestCells cells, List<TestPhone> phones) throws Exception {
        await(() -> {
            try {
                return cells.unpublished() == 0;
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
        for (TestPhone phone : phones) {
            List<Long> told = cells.inbox(phone.uid).stream()
                    .map(message -> message.path("sequence").longValue())
                    .toList();
            List<Long> entries = new ArrayList<>();
            for (long sequence = 2; sequence <= entries(cells, phone); sequence++) {
                entries.add(sequence);
            }
            assertThat(told)
                    .as("messages of " + phone.uid + ", crash.seed=" + SEED)
                    .isEqualTo(entries);
        }
    }

    private static long entries(TestCells cells, TestPhone phone) throws SQLException {
        try (Connection connection = cells.connection(phone.cell());
                PreparedStatement statement =
                        connection.prepareStatement("SELECT sequence FROM wallet.account WHERE uid = ?")) {
            statement.setString(1, phone.uid);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }

    private void await(BooleanSupplier condition) throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end >= 0) {
                StringBuilder told = new StringBuilder("not within " + PATIENCE + ", crash.seed=" + SEED + "\n");
                for (WalletProcess wallet : wallets.values()) {
                    told.append(wallet.told()).append('\n');
                }
                throw new AssertionError(told);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }
}

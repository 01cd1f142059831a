package io.rialto.wallet;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.cells.move.Grant;
import io.rialto.cells.move.MoveWatch;
import io.rialto.cells.move.Mover;
import io.rialto.node.postgres.Database;
import io.rialto.wallet.LedgerCheck.Books;
import io.rialto.wallet.Payer.Promise;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;

/** Single users and shards of the wallet move between cells while everybody pays everybody. */
final class UserMoveTest {
    private static final int PHONES = 6;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final AtomicInteger acknowledged = new AtomicInteger();
    private final AtomicBoolean paying = new AtomicBoolean(true);

    @Test
    @Timeout(180)
    void loses_and_doubles_nothing_while_users_move(@TempDir Path directory) throws Exception {
        try (TestCells cells = new TestCells(directory);
                Database east = cells.owned("east");
                Database west = cells.owned("west")) {
            List<ConfigurableApplicationContext> wallets = WalletApplication.start(cells.arguments(TestCells.CELLS));
            try {
                cells.awaitWallets();
                everyTableSaysWhoseItsRowsAre(cells);
                List<TestPhone> phones = phones(cells);
                Mover mover = new Mover(
                        Map.of("east", east, "west", west),
                        cells.ledger(),
                        MoveWatch.none(),
                        Mover.Options.standard("test"),
                        new SecureRandom());
                List<Promise> promises = whilePaying(phones, () -> move(cells, mover, phones));
                assertThat(cells.cellOf(phones.get(0).uid)).isEqualTo("east");
                assertThat(cells.cellOf(phones.get(1).uid)).isEqualTo("east");
                prove(cells, phones, promises);
            } finally {
                wallets.forEach(ConfigurableApplicationContext::close);
            }
        }
    }

    private static void prove(TestCells cells, List<TestPhone> phones, List<Promise> promises) throws Exception {
        List<String> ids = promises.stream().map(Promise::id).toList();
        assertThat(ids).as("every order has a transfer of its own").doesNotHaveDuplicates();
        Books books = LedgerCheck.settled(cells.books(), ids, PATIENCE);
        assertThat(books.findings()).isEmpty();
        assertThat(books.transfers()).as("no order was done twice").isEqualTo(promises.size());
        Map<String, Long> balances = new HashMap<>();
        phones.forEach(phone -> balances.put(phone.uid, 100_000L));
        for (Promise promise : promises) {
            balances.merge(promise.payer(), -promise.amount(), Long::sum);
            balances.merge(promise.payee(), promise.amount(), Long::sum);
        }
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (cells.unpublished() > 0) {
            assertThat(System.nanoTime()).as("messages are published").isLessThan(end);
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
        for (TestPhone phone : phones) {
            assertThat(phone.balance()).as("balance of " + phone.uid).isEqualTo(balances.get(phone.uid));
            // Each entry but the opening has told its owner, once and in the order of the entries.
            List<Long> told = cells.inbox(phone.uid).stream()
                    .map(message -> message.path("sequence").longValue())
                    .toList();
            assertThat(told)
                    .as("messages of " + phone.uid)
                    .isEqualTo(
                            LongStream.rangeClosed(2, told.size() + 1).boxed().toList());
        }
    }

    private interface Moving {
        void run() throws Exception;
    }

    private List<Promise> whilePaying(List<TestPhone> phones, Moving moving) throws Exception {
        List<String> uids = phones.stream().map(phone -> phone.uid).toList();
        List<Promise> promises = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<List<Promise>>> payers = new ArrayList<>();
            for (TestPhone phone : phones) {
                Payer payer = new Payer(phone, uids, new Random(payers.size()), acknowledged);
                payers.add(threads.submit(() -> payer.pay(paying::get)));
            }
            try {
                moving.run();
            } finally {
                paying.set(false);
            }
            for (Future<List<Promise>> payer : payers) {
                promises.addAll(payer.get());
            }
        }
        return promises;
    }

    /** The first user of the east to the west and home; the second, of the west, to the east, where they stay. */
    private void move(TestCells cells, Mover mover, List<TestPhone> phones) throws Exception {
        TestPhone here = phones.get(0);
        TestPhone there = phones.get(1);
        for (int i = 0; i < 2; i++) {
            more();
            assertThat(mover.move(here.uid, "west").grant().state()).isEqualTo(Grant.State.MOVED);
            more();
            assertThat(cells.cellOf(here.uid)).isEqualTo("west");
            mover.home(here.uid);
        }
        assertThat(mover.move(there.uid, "east").compared()).isTrue();
        more();
        int shard = cells.ledger().table().locate(here.uid).shard();
        assertThat(shard).isLessThan(100);
        mover.move(shard, "west");
        more();
        mover.move(shard, "east");
        more();
    }

    private void more() {
        int before = acknowledged.get();
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (acknowledged.get() < before + 30) {
            assertThat(System.nanoTime()).as("payments go on").isLessThan(end);
            LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
        }
    }

    private static List<TestPhone> phones(TestCells cells) throws Exception {
        List<TestPhone> phones = new ArrayList<>();
        for (int i = 0; phones.size() < PHONES; i++) {
            TestPhone phone = TestPhone.claim(cells, "moving" + i);
            if (phone.cell().equals(phones.size() % 2 == 0 ? "east" : "west")) {
                phone.open(phone.uid);
                phones.add(phone);
            }
        }
        return phones;
    }

    private static void everyTableSaysWhoseItsRowsAre(TestCells cells) throws Exception {
        try (Connection connection = cells.connection("east");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT count(*), count(o.user_column) FROM rialto.carried c"
                        + " LEFT JOIN rialto.owned o ON o.schema = c.schema AND o.\"table\" = c.\"table\""
                        + " WHERE c.schema = 'wallet' AND NOT c.global")) {
            rows.next();
            assertThat(rows.getInt(1)).isEqualTo(9);
            assertThat(rows.getInt(2)).isEqualTo(9);
        }
    }
}

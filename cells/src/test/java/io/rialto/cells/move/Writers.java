package io.rialto.cells.move;

import io.rialto.cells.Fence;
import io.rialto.cells.Place;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/** Backends that write for the users of one common shard, each operation with an id of its own, and who then check what became of them. */
final class Writers implements AutoCloseable {
    private static final long PAUSE_MILLIS = 300;
    private static final String OPEN = " JOIN rialto.fence USING (shard) WHERE state = 'OPEN'";

    private final TestShop shop;
    private final AtomicBoolean stop = new AtomicBoolean();
    private final List<Thread> threads = new ArrayList<>();
    private final Queue<UUID> acknowledged = new ConcurrentLinkedQueue<>();
    private final Queue<UUID> refused = new ConcurrentLinkedQueue<>();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    /** Of a thousand transactions, so many pause before they commit. */
    private final int pauses;

    Writers(TestShop shop, int count, int pauses, long seed) {
        this.shop = shop;
        this.pauses = pauses;
        for (int i = 0; i < count; i++) {
            String uid = TestShop.USERS.get(i % TestShop.USERS.size());
            Random random = new Random(seed + i);
            threads.add(Thread.ofPlatform().name("writer-" + i).start(() -> write(uid, random)));
        }
    }

    private void write(String uid, Random random) {
        while (!stop.get()) {
            UUID id = new UUID(random.nextLong(), random.nextLong());
            Place place = shop.ledger.table().locate(uid);
            try (Connection connection = shop.connect(place.cell().id())) {
                connection.setAutoCommit(false);
                try {
                    Sql.list(connection, row -> true, "SELECT rialto.fence(?, ?)", place.shard(), place.epoch());
                    operation(connection, place.shard(), uid, id);
                    if (random.nextInt(1000) < pauses) {
                        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(PAUSE_MILLIS));
                    }
                    connection.commit();
                    acknowledged.add(id);
                } catch (SQLException e) {
                    connection.rollback();
                    if (Fence.REFUSED.equals(e.getSQLState())) {
                        refused.add(id);
                        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
                    } else if (!"40P01".equals(e.getSQLState())) {
                        throw e;
                    }
                } finally {
                    connection.setAutoCommit(true);
                }
            } catch (SQLException | RuntimeException e) {
                failure.compareAndSet(null, e);
                return;
            }
        }
    }

    static void operation(Connection connection, int shard, String uid, UUID id) throws SQLException {
        Sql.update(connection, "INSERT INTO shop.done (shard, id, uid) VALUES (?, ?, ?)", shard, id, uid);
        Sql.update(
                connection,
                "INSERT INTO shop.account (shard, uid, operations, note) VALUES (?, ?, 1, 'é')"
                        + " ON CONFLICT (uid, shard) DO UPDATE SET operations = account.operations + 1",
                shard,
                uid);
    }

    int acknowledged() {
        return acknowledged.size();
    }

    /** Ends the writers, and compares what they were told with what the owner of the shard has. */
    List<String> check() throws SQLException {
        close();
        List<String> wrong = new ArrayList<>();
        if (failure.get() != null) {
            throw new AssertionError("a writer failed", failure.get());
        }
        List<UUID> stored = new ArrayList<>();
        for (String cell : shop.cells.keySet()) {
            try (Connection connection = shop.connect(cell)) {
                stored.addAll(stored(connection));
                wrong.addAll(unsound(connection));
            }
        }
        wrong.addAll(check(stored, Set.copyOf(acknowledged), Set.copyOf(refused)));
        return wrong;
    }

    static List<String> check(List<UUID> stored, Set<UUID> acknowledged, Set<UUID> refused) {
        List<String> wrong = new ArrayList<>();
        Set<UUID> once = new HashSet<>(stored);
        if (once.size() != stored.size()) {
            wrong.add("doubled: " + (stored.size() - once.size()));
        }
        long lost = acknowledged.stream().filter(id -> !once.contains(id)).count();
        if (lost > 0) {
            wrong.add("lost: " + lost + " of " + acknowledged.size());
        }
        long risen = refused.stream().filter(once::contains).count();
        if (risen > 0) {
            wrong.add("refused and yet stored: " + risen);
        }
        return wrong;
    }

    /** What a cell has of the shards that are its own. */
    static List<UUID> stored(Connection cell) throws SQLException {
        return Sql.list(cell, row -> row.getObject(1, UUID.class), "SELECT id FROM shop.done" + OPEN);
    }

    private static List<String> unsound(Connection cell) throws SQLException {
        List<String> wrong = new ArrayList<>();
        long unbalanced = Sql.number(
                cell,
                "SELECT count(*) FROM (SELECT shard, uid, count(*) AS n FROM shop.done" + OPEN
                        + " GROUP BY shard, uid) d"
                        + " FULL JOIN (SELECT shard, uid, operations, twice FROM shop.account" + OPEN
                        + ") a USING (shard, uid) WHERE n IS DISTINCT FROM operations OR twice IS DISTINCT FROM 2 * n");
        if (unbalanced > 0) {
            wrong.add("accounts that are not the sum of their operations: " + unbalanced);
        }
        long ties = Sql.number(cell, "SELECT count(*) - count(DISTINCT (shard, number)) FROM shop.done" + OPEN);
        if (ties > 0) {
            wrong.add("numbers given twice: " + ties);
        }
        return wrong;
    }

    @Override
    public void close() {
        stop.set(true);
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

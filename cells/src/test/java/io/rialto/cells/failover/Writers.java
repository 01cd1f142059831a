package io.rialto.cells.failover;

import io.rialto.node.postgres.Database;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Writers of unique numbers, each written once, that remember which were acknowledged. */
final class Writers implements AutoCloseable {
    private static final long PAUSE_MILLIS = 5;

    private final Database database;
    private final AtomicLong numbers;
    private final ConcurrentLinkedQueue<Long> acknowledged = new ConcurrentLinkedQueue<>();
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicLong lastAcknowledged = new AtomicLong(System.nanoTime());
    private final AtomicLong longestGap = new AtomicLong();

    Writers(Database database, AtomicLong numbers, int count) {
        this.database = database;
        this.numbers = numbers;
        for (int i = 0; i < count; i++) {
            threads.add(Thread.ofVirtual().start(this::write));
        }
    }

    private void write() {
        try {
            while (!stopping.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS)) {
                long number = numbers.incrementAndGet();
                try (Connection connection = database.dataSource().getConnection();
                        Statement statement = connection.createStatement()) {
                    connection.setAutoCommit(false);
                    statement.execute("INSERT INTO written VALUES (" + number + ")");
                    connection.clearWarnings();
                    connection.commit();
                    if (connection.getWarnings() == null) {
                        acknowledged.add(number);
                        long now = System.nanoTime();
                        longestGap.accumulateAndGet(now - lastAcknowledged.getAndSet(now), Math::max);
                    }
                } catch (SQLException e) {
                    // Not acknowledged; it may be there or not.
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    long count() {
        return acknowledged.size();
    }

    long longestGapMillis() {
        return TimeUnit.NANOSECONDS.toMillis(longestGap.get());
    }

    /** Acknowledged numbers that are not there exactly once, with how often they are. */
    Map<Long, Integer> wrong() throws SQLException {
        Map<Long, Integer> times = new TreeMap<>();
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT number, count(*) FROM written GROUP BY number")) {
            while (rows.next()) {
                times.put(rows.getLong(1), rows.getInt(2));
            }
        }
        Map<Long, Integer> wrong = new TreeMap<>();
        for (long number : acknowledged) {
            int found = times.getOrDefault(number, 0);
            if (found != 1) {
                wrong.put(number, found);
            }
        }
        times.forEach((number, found) -> {
            if (found > 1) {
                wrong.put(number, found);
            }
        });
        return wrong;
    }

    @Override
    public void close() throws InterruptedException {
        stopping.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
    }
}

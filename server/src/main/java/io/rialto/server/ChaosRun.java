package io.rialto.server;

import io.rialto.node.postgres.Database;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Publishers and devices of one cell, while faults are made; then what the history and the inbox say. */
final class ChaosRun {
    private static final Duration SETTLE = Duration.ofSeconds(60);
    private static final int POLL_MILLIS = 100;
    private static final int LONGEST_BETWEEN_RESTARTS_MILLIS = 3_000;
    private static final long FIRST_USER = 100_000_000_001L;

    /** How much goes on. */
    record Load(int users, int devicesPerUser, int publishers) {}

    /**
     * What came out.
     *
     * @param late devices that were not current in time, and publishers without an answer
     */
    record Result(List<ChaosEvent> history, List<String> findings, List<String> late) {}

    private final ChaosCell cell;
    private final ChaosFaults faults;
    private final Load load;
    private final long seed;
    private final ChaosHistory history;
    private final Consumer<String> report;
    private final List<ChaosDevice> devices = new ArrayList<>();
    private final List<String> users = new ArrayList<>();
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final CountDownLatch over = new CountDownLatch(1);

    ChaosRun(ChaosCell cell, ChaosFaults faults, Load load, long seed, ChaosHistory history, Consumer<String> report) {
        this.cell = cell;
        this.faults = faults;
        this.load = load;
        this.seed = seed;
        this.history = history;
        this.report = report;
    }

    Result run(List<ChaosFault.Step> steps, Path phones)
            throws IOException, InterruptedException, ExecutionException, SQLException {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                HttpClient http = HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(Duration.ofSeconds(1))
                        .build()) {
            try {
                begin(threads, phones);
                List<Future<Boolean>> publishers = publish(threads, http);
                Future<?> restarts = threads.submit(this::restartDevices);
                make(steps);
                stopping.countDown();
                restarts.get();
                List<String> late = new ArrayList<>();
                settle(publishers, late);
                ChaosCheck.Inbox inbox = inbox();
                Map<String, String> owners = new TreeMap<>();
                devices.forEach(device -> owners.put(device.name(), device.user()));
                List<ChaosEvent> events = history.read();
                return new Result(events, ChaosCheck.findings(events, inbox, owners), late);
            } finally {
                stopping.countDown();
                over.countDown();
                devices.forEach(ChaosDevice::close);
            }
        }
    }

    private void begin(ExecutorService threads, Path phones) throws InterruptedException, ExecutionException {
        List<Future<?>> starting = new ArrayList<>();
        for (int i = 0; i < load.users(); i++) {
            String user = Long.toString(FIRST_USER + i);
            users.add(user);
            for (int j = 0; j < load.devicesPerUser(); j++) {
                int number = devices.size();
                ChaosDevice device =
                        new ChaosDevice(cell, number, user, phones.resolve(Integer.toString(number)), history);
                devices.add(device);
                starting.add(threads.submit(device::start));
            }
        }
        for (Future<?> one : starting) {
            one.get();
        }
        report.accept(users.size() + " users with " + devices.size() + " devices, " + load.publishers()
                + " publishers, seed " + seed);
    }

    private List<Future<Boolean>> publish(ExecutorService threads, HttpClient http) {
        ChaosPublisher.Scene scene =
                new ChaosPublisher.Scene(http, cell.callerTokens(), cell.internal(), users, history, stopping, over);
        List<Future<Boolean>> publishers = new ArrayList<>();
        for (int i = 0; i < load.publishers(); i++) {
            ChaosPublisher publisher = new ChaosPublisher(scene, "p" + i, new Random(seed * 31 + i));
            publishers.add(threads.submit(publisher::run));
        }
        return publishers;
    }

    /** Ends and starts the apps of some devices, one after the other, while the rest goes on. */
    private void restartDevices() {
        Random random = new Random(~seed);
        try {
            while (!stopping.await(random.nextInt(LONGEST_BETWEEN_RESTARTS_MILLIS), TimeUnit.MILLISECONDS)) {
                devices.get(random.nextInt(devices.size())).restart();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void make(List<ChaosFault.Step> steps) throws IOException, InterruptedException {
        // Something to lose, before the first fault.
        over.await(1, TimeUnit.SECONDS);
        for (ChaosFault.Step step : steps) {
            report.accept("fault: " + step);
            history.add(new ChaosEvent.Fault(System.currentTimeMillis(), step.toString()));
            faults.make(step);
            try {
                over.await(step.length().toMillis(), TimeUnit.MILLISECONDS);
            } finally {
                faults.end(step);
            }
            over.await(step.pause().toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    /** All is whole again: publishers get their last answers, and devices what they miss. */
    private void settle(List<Future<Boolean>> publishers, List<String> late)
            throws InterruptedException, ExecutionException, SQLException {
        long end = System.nanoTime() + SETTLE.toNanos();
        while (publishers.stream().anyMatch(one -> !one.isDone()) && System.nanoTime() < end) {
            over.await(POLL_MILLIS, TimeUnit.MILLISECONDS);
        }
        over.countDown();
        int number = 0;
        for (Future<Boolean> publisher : publishers) {
            if (!publisher.get()) {
                late.add("publisher p" + number + " had no answer to its last message " + SETTLE.toSeconds()
                        + " s after the last fault");
            }
            number++;
        }
        Map<String, Long> heads = heads();
        List<ChaosDevice> behind = behind(heads);
        end = System.nanoTime() + SETTLE.toNanos();
        while (!behind.isEmpty() && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            behind = behind(heads);
        }
        for (ChaosDevice device : behind) {
            late.add("device " + device.name() + " of " + device.user() + " is at " + device.applied() + " of "
                    + heads.getOrDefault(device.user(), 0L) + ", " + SETTLE.toSeconds() + " s after the last fault");
        }
    }

    private List<ChaosDevice> behind(Map<String, Long> heads) {
        return devices.stream()
                .filter(device -> device.applied() < heads.getOrDefault(device.user(), 0L))
                .toList();
    }

    private Map<String, Long> heads() throws SQLException {
        Map<String, Long> heads = new HashMap<>();
        query("SELECT uid, last FROM inbox.head WHERE topic = ?", row -> heads.put(row.getString(1), row.getLong(2)));
        return heads;
    }

    private ChaosCheck.Inbox inbox() throws SQLException {
        List<ChaosCheck.Message> messages = new ArrayList<>();
        query(
                "SELECT uid, sequence, key FROM inbox.message WHERE topic = ?",
                row -> messages.add(new ChaosCheck.Message(row.getString(1), row.getLong(2), row.getString(3))));
        return new ChaosCheck.Inbox(messages, heads());
    }

    @FunctionalInterface
    private interface Row {
        void take(ResultSet row) throws SQLException;
    }

    private void query(String sql, Row each) throws SQLException {
        Database database = cell.database();
        try (Connection connection = database.dataSource().getConnection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, ChaosCell.TOPIC);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    each.take(rows);
                }
            }
        }
    }
}

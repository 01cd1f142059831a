package io.rialto.server;

import io.rialto.node.postgres.Database;
import io.rialto.server.ChaosFinding.Kind;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Users who pay each other in cells whose shards move, while faults are made; then what the history and the ledgers say. */
final class ChaosCellsRun {
    private static final Duration BEGIN = Duration.ofMinutes(2);
    private static final Duration SETTLE = Duration.ofSeconds(60);
    private static final int POLL_MILLIS = 100;

    /** How much goes on. */
    record Load(int users, int movers) {}

    /** What came out. */
    record Result(
            List<ChaosEvent> history, List<ChaosFinding> findings, Map<ChaosMover.Fate, Integer> moves, long looks) {}

    /**
     * What the run is.
     *
     * @param controlDown whether control is killed before the first fault, and stays away; then no shard moves
     */
    record Plan(Load load, List<ChaosCellsFault.Step> steps, long seed, boolean controlDown) {}

    private final ChaosCells cells;
    private final ChaosCellsFaults faults;
    private final ChaosTransactions transactions;
    private final Plan plan;
    private final ChaosHistory history;
    private final Consumer<String> report;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final CountDownLatch over = new CountDownLatch(1);
    private final List<ChaosPayer> payers = new ArrayList<>();
    private final List<ChaosMover> movers = new ArrayList<>();

    ChaosCellsRun(ChaosCells cells, Plan plan, ChaosHistory history, Consumer<String> report) {
        this.cells = cells;
        this.plan = plan;
        this.history = history;
        this.report = report;
        this.transactions = new ChaosTransactions(databases());
        this.faults = new ChaosCellsFaults(cells, transactions);
    }

    private List<Database> databases() {
        return cells.cells().stream().map(cells::database).toList();
    }

    Result run() throws IOException, InterruptedException, ExecutionException, SQLException {
        Map<String, Database> regional = new LinkedHashMap<>();
        cells.regional().forEach(cell -> regional.put(cell, cells.database(cell)));
        ChaosFences fences = new ChaosFences(regional);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            try {
                List<String> users = begin(threads);
                Future<?> watch = threads.submit(() -> {
                    fences.watch(over);
                    return null;
                });
                List<Future<Boolean>> paying = new ArrayList<>();
                payers.forEach(payer -> paying.add(threads.submit(() -> payer.run(users))));
                List<Future<?>> moving = new ArrayList<>();
                movers.forEach(mover -> moving.add(threads.submit(() -> {
                    mover.run(stopping);
                    return null;
                })));
                make();
                stopping.countDown();
                List<ChaosFinding> findings = settle(paying, moving);
                over.countDown();
                watch.get();
                fences.twice().forEach(text -> findings.add(new ChaosFinding(Kind.OPEN_TWICE, text)));
                List<ChaosEvent> events = history.read();
                findings.addAll(ChaosCellsCheck.findings(events, ChaosBooks.read(databases()), users));
                return new Result(events, findings, moves(), fences.looks());
            } finally {
                stopping.countDown();
                over.countDown();
                movers.forEach(ChaosMover::close);
                payers.forEach(ChaosPayer::close);
            }
        }
    }

    private List<String> begin(ExecutorService threads) throws InterruptedException, ExecutionException, SQLException {
        ChaosPayer.Scene scene = new ChaosPayer.Scene(cells, history, stopping, over);
        List<Future<?>> beginning = new ArrayList<>();
        for (int i = 0; i < plan.load().users(); i++) {
            ChaosPayer payer = new ChaosPayer(scene, i, new Random(plan.seed() * 31 + i));
            payers.add(payer);
            beginning.add(threads.submit(() -> {
                payer.begin(BEGIN);
                return null;
            }));
        }
        for (Future<?> one : beginning) {
            one.get();
        }
        int count = plan.load().movers();
        for (int i = 0; i < count; i++) {
            int own = i;
            List<Integer> shards = IntStream.range(0, ChaosCells.SHARDS)
                    .filter(shard -> shard % count == own)
                    .boxed()
                    .toList();
            movers.add(new ChaosMover(cells, history, "mover " + i, shards, new Random(~plan.seed() * 31 + i)));
        }
        transactions.prepare();
        List<String> users = payers.stream().map(ChaosPayer::user).toList();
        report.accept(users.size() + " users of " + ChaosCells.SHARDS + " shards pay each other, " + count
                + " movers move the shards to and fro, seed " + plan.seed());
        return users;
    }

    private void make() throws IOException, InterruptedException, SQLException {
        if (plan.controlDown()) {
            report.accept("control is killed, and stays away");
            cells.control().kill();
        }
        // Something to lose, before the first fault.
        over.await(1, TimeUnit.SECONDS);
        for (ChaosCellsFault.Step step : plan.steps()) {
            String what = step.describe(cells.cells());
            report.accept("fault: " + what);
            history.add(new ChaosEvent.Fault(System.currentTimeMillis(), what));
            faults.make(step);
            try {
                over.await(step.length().toMillis(), TimeUnit.MILLISECONDS);
            } finally {
                faults.end(step);
            }
            over.await(step.pause().toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    /** All is whole again: moves come to their end, payers get their last answers, and money arrives. */
    private List<ChaosFinding> settle(List<Future<Boolean>> paying, List<Future<?>> moving)
            throws InterruptedException, ExecutionException, IOException, SQLException {
        List<ChaosFinding> findings = new ArrayList<>();
        for (Future<?> one : moving) {
            one.get();
        }
        for (ChaosMover mover : movers) {
            mover.settle(SETTLE).forEach(text -> findings.add(new ChaosFinding(Kind.STUCK, text)));
            mover.differing().forEach(text -> findings.add(new ChaosFinding(Kind.LOST, text)));
        }
        long end = System.nanoTime() + SETTLE.toNanos();
        while (paying.stream().anyMatch(one -> !one.isDone()) && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
        over.countDown();
        for (int i = 0; i < paying.size(); i++) {
            if (!paying.get(i).get()) {
                findings.add(new ChaosFinding(Kind.STUCK, "phone " + i + " has no answer to its last payment"));
            }
        }
        end = System.nanoTime() + SETTLE.toNanos();
        long left = ChaosBooks.underWay(databases());
        while (left > 0 && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            left = ChaosBooks.underWay(databases());
        }
        if (left > 0) {
            findings.add(new ChaosFinding(Kind.STUCK, left + " payments or messages are still on their way"));
        }
        settleDevices(findings);
        return findings;
    }

    /** Every device gets every message of its user, in their order. */
    private void settleDevices(List<ChaosFinding> findings) throws SQLException, InterruptedException {
        Map<String, Long> stored = ChaosBooks.read(databases()).messages().stream()
                .collect(Collectors.groupingBy(ChaosBooks.Message::user, Collectors.counting()));
        long end = System.nanoTime() + SETTLE.toNanos();
        for (ChaosPayer payer : payers) {
            long expected = stored.getOrDefault(payer.user(), 0L);
            while (payer.received().size() < expected && System.nanoTime() < end) {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            }
            List<Long> received = payer.received();
            int right = 0;
            while (right < received.size() && received.get(right) == right + 1) {
                right++;
            }
            if (right < received.size()) {
                findings.add(new ChaosFinding(
                        Kind.GAPS,
                        "the device of " + payer.user() + " received message " + received.get(right) + " after " + right
                                + " in order (expected: each once, in order)"));
            } else if (received.size() != expected) {
                findings.add(new ChaosFinding(
                        Kind.STUCK,
                        "the device of " + payer.user() + " received " + received.size() + " messages (expected: "
                                + expected + ")"));
            }
        }
    }

    private Map<ChaosMover.Fate, Integer> moves() {
        Map<ChaosMover.Fate, Integer> all = new EnumMap<>(ChaosMover.Fate.class);
        movers.forEach(mover -> mover.fates().forEach((fate, count) -> all.merge(fate, count, Integer::sum)));
        return all;
    }
}

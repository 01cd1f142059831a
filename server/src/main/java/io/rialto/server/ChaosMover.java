package io.rialto.server;

import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.cells.move.Grant;
import io.rialto.cells.move.Moves;
import java.io.BufferedReader;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Moves shards to and fro between the regional cells without end, each by a process of {@code rialto cells move} of its own,
 * of which many are killed, stopped or cancelled in the middle; then another one goes on.
 */
final class ChaosMover {
    private static final int PAUSE_MILLIS = 300;
    private static final int LEFT = 3;
    private static final int SOMEWHEN_MILLIS = 2_500;
    private static final int CLOSE_MILLIS = 40;
    private static final Duration STOPPED = Duration.ofSeconds(5);
    /** Longer than a move takes whose databases are away for the time of a fault. */
    private static final Duration LONGEST = Duration.ofSeconds(90);

    /** What becomes of a mover's process. */
    enum Fate {
        FINISH,
        /** kill -9 when it says that it copies. */
        KILL_AT_PREPARE,
        /** kill -9 some milliseconds after it says that it closes: with luck, before the other cell has opened. */
        KILL_AT_CLOSE,
        /** kill -9 at any time. */
        KILL_SOMEWHEN,
        /** SIGSTOP when it says that it closes; another one goes on meanwhile, and then it wakes up. */
        STOP_AT_CLOSE,
        /** kill -9 when it says that it copies, and then a cancel. */
        CANCEL_AT_PREPARE,
        /** kill -9 some milliseconds after it says that it closes, and then a cancel. */
        CANCEL_AT_CLOSE
    }

    private final ChaosCells cells;
    private final ChaosHistory history;
    private final String name;
    private final List<Integer> shards;
    private final Random random;
    private final Map<Fate, Integer> fates = new EnumMap<>(Fate.class);
    private volatile @Nullable Process running;

    /** @param shards that no other one moves */
    ChaosMover(ChaosCells cells, ChaosHistory history, String name, List<Integer> shards, Random random) {
        this.cells = cells;
        this.history = history;
        this.name = name;
        this.shards = List.copyOf(shards);
        this.random = random;
    }

    /** Moves until it is told to stop. */
    void run(CountDownLatch stopping) throws InterruptedException, IOException {
        do {
            try {
                // Most of those that were left in the middle are gone on with at once.
                List<Integer> left = random.nextInt(LEFT) == 0 ? List.of() : underWay();
                List<Integer> among = left.isEmpty() ? shards : left;
                int shard = among.get(random.nextInt(among.size()));
                Fate fate = Fate.values()[random.nextInt(Fate.values().length)];
                // As many moves come to their end as not.
                move(shard, random.nextBoolean() ? Fate.FINISH : fate);
            } catch (CommandFailure e) {
                say("control is away: " + e.getMessage());
            }
        } while (!stopping.await(random.nextInt(PAUSE_MILLIS), TimeUnit.MILLISECONDS));
    }

    /** Brings every move that is under way to its end; those that did not end in time. */
    List<String> settle(Duration patience) throws InterruptedException, IOException {
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            try {
                List<Grant> left = grants().grants().stream()
                        .filter(grant -> shards.contains(grant.shard()) && grant.state() == Grant.State.GRANTED)
                        .toList();
                if (left.isEmpty() || System.nanoTime() > end) {
                    return left.stream()
                            .map(grant -> "the move of shard " + grant.shard() + " to " + cellOf(grant.to()))
                            .toList();
                }
                for (Grant grant : left) {
                    execute("move", grant.shard(), cellOf(grant.to()), Fate.FINISH);
                }
            } catch (CommandFailure e) {
                if (System.nanoTime() > end) {
                    return List.of("control does not answer: " + e.getMessage());
                }
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            }
        }
    }

    /** Shards whose copies a mover found to differ. */
    List<String> differing() throws InterruptedException {
        return grants().grants().stream()
                .filter(grant -> shards.contains(grant.shard()) && grant.state() == Grant.State.DIFFERS)
                .map(grant -> "shard " + grant.shard() + ": the copies in " + cellOf(grant.from()) + " and "
                        + cellOf(grant.to()) + " differ, as the mover found")
                .toList();
    }

    /** How often each fate came. */
    synchronized Map<Fate, Integer> fates() {
        return new EnumMap<>(fates);
    }

    private void move(int shard, Fate fate) throws InterruptedException, IOException {
        Optional<Grant> last = grants().of(shard);
        if (last.isPresent() && last.get().state() == Grant.State.DIFFERS) {
            return;
        }
        boolean underWay = last.isPresent() && last.get().state() == Grant.State.GRANTED;
        String target = underWay ? cellOf(last.get().to()) : other(cellOf(shard));
        synchronized (this) {
            fates.merge(fate, 1, Integer::sum);
        }
        execute("move", shard, target, fate);
        if (fate == Fate.CANCEL_AT_PREPARE || fate == Fate.CANCEL_AT_CLOSE) {
            execute("cancel", shard, "", Fate.FINISH);
        }
    }

    private List<Integer> underWay() throws InterruptedException {
        Moves moves = grants();
        return shards.stream()
                .filter(shard -> moves.of(shard)
                        .filter(grant -> grant.state() == Grant.State.GRANTED)
                        .isPresent())
                .toList();
    }

    private Moves grants() throws InterruptedException {
        return Moves.parse(cells.admin().section(Moves.SECTION).value());
    }

    private String cellOf(int shard) throws InterruptedException {
        try {
            return RoutingTable.parse(
                            cells.admin().required(RoutingTable.SECTION).value())
                    .place(shard)
                    .orElseThrow()
                    .cell()
                    .id();
        } catch (TableException e) {
            throw new IllegalStateException("the routing table of the fault test", e);
        }
    }

    private static String cellOf(String unit) {
        return unit.substring("u-".length());
    }

    private String other(String cell) {
        return cells.regional().get(1 - cells.regional().indexOf(cell));
    }

    /** Runs one mover, which meets its fate. */
    private void execute(String command, int shard, String target, Fate fate) throws IOException, InterruptedException {
        List<String> where = target.isEmpty() ? List.of() : List.of("--to=" + target);
        List<String> all = ChaosProcess.rialto(
                List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
                Stream.concat(
                                Stream.of(
                                        "cells",
                                        command,
                                        "--data=" + cells.data().root(),
                                        "--shard=" + shard),
                                where.stream())
                        .toList());
        String what = command + " shard " + shard + (target.isEmpty() ? "" : " to " + target);
        say(what + ", " + fate.name().toLowerCase(Locale.ROOT).replace('_', ' '));
        Process process = new ProcessBuilder(all).redirectErrorStream(true).start();
        running = process;
        if (fate == Fate.KILL_SOMEWHEN) {
            killAfter(process, random.nextInt(SOMEWHEN_MILLIS));
        }
        killAfter(process, LONGEST.toMillis());
        try (BufferedReader lines = process.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                say(line);
                meet(process, line, fate, () -> execute("move", shard, target, Fate.FINISH));
            }
        }
        say(what + " ended with " + process.waitFor());
    }

    private interface Meanwhile {
        void run() throws IOException, InterruptedException;
    }

    private void meet(Process process, String line, Fate fate, Meanwhile another)
            throws IOException, InterruptedException {
        boolean prepares = line.endsWith(": prepare");
        boolean closes = line.endsWith(": close");
        switch (fate) {
            case FINISH, KILL_SOMEWHEN -> {}
            case KILL_AT_PREPARE, CANCEL_AT_PREPARE -> {
                if (prepares) {
                    killAfter(process, random.nextInt(CLOSE_MILLIS));
                }
            }
            case KILL_AT_CLOSE, CANCEL_AT_CLOSE -> {
                if (closes) {
                    killAfter(process, random.nextInt(CLOSE_MILLIS));
                }
            }
            case STOP_AT_CLOSE -> {
                if (closes) {
                    TimeUnit.MILLISECONDS.sleep(random.nextInt(CLOSE_MILLIS));
                    ChaosFaults.signal("STOP", List.of(process.toHandle()));
                    long end = System.nanoTime() + STOPPED.toNanos();
                    another.run();
                    TimeUnit.NANOSECONDS.sleep(end - System.nanoTime());
                    ChaosFaults.signal("CONT", List.of(process.toHandle()));
                }
            }
        }
    }

    /** By its handle, which leaves what the process has said to be read to its end. */
    private static void killAfter(Process process, long millis) {
        ProcessHandle handle = process.toHandle();
        CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS).execute(handle::destroyForcibly);
    }

    private void say(String what) {
        history.add(new ChaosEvent.Mover(System.currentTimeMillis(), name + ": " + what));
    }

    /** Ends what runs. */
    void close() {
        Process process = running;
        if (process != null) {
            process.toHandle().destroyForcibly();
        }
    }
}

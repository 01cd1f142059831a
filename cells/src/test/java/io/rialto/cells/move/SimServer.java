package io.rialto.cells.move;

import io.rialto.cells.move.SimState.Change;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One PostgreSQL server: a log, of which what is flushed survives, and what it shows. A commit is seen, and its locks go,
 * when enough standbys have flushed it; after a start all that is flushed is seen, whoever has it.
 */
final class SimServer {
    private static final double LOCK_POLL = 0.5;
    private static final double SHIP_TICK = 50;
    private static final double LAZY_FLUSH = 200;

    final String name;
    final SimUnit unit;
    boolean up = true;
    boolean primary;
    /** Counts its starts, and its being taken out of service. */
    int life;

    long promised = 1;

    @Nullable
    SimServer follows;

    List<Entry> log = new ArrayList<>();
    int flushed;
    SimState state = new SimState();
    /** Replication slots, files of this server alone, with the position up to which nothing is sent again. */
    final Map<String, Integer> slots = new TreeMap<>();

    private final SimClock clock;
    private final Map<SimServer, Integer> reports = new HashMap<>();
    private final Deque<Pending> pending = new ArrayDeque<>();
    private final Map<Integer, Lock> locks = new HashMap<>();
    private final Set<Txn> open = new LinkedHashSet<>();

    /**
     * A commit. Logs that have the same one at the same place have the same ones before it.
     *
     * @param generation of the primary that wrote it
     */
    @SuppressWarnings("ReferenceEquality") // it is itself, whatever it changes
    record Entry(long generation, List<Change> changes) {
        static boolean begins(List<Entry> shorter, List<Entry> longer, int length) {
            int last = shorter.size() - 1;
            return length > last && (last < 0 || shorter.get(last) == longer.get(last));
        }
    }

    private record Pending(int length, Txn txn, List<Change> changes, Runnable done) {}

    /** The fence's row of a shard, and the lock by which movers keep out of each other's way. */
    private static final class Lock {
        int sharers;
        boolean taken;
        boolean movers;
    }

    SimServer(String name, SimUnit unit, SimClock clock) {
        this.name = name;
        this.unit = unit;
        this.clock = clock;
    }

    /** A transaction, which ends with the server's life at the latest. */
    final class Txn {
        private final Runnable lost;
        private final List<Runnable> releases = new ArrayList<>();
        private boolean committing;

        private Txn(Runnable lost) {
            this.lost = lost;
        }

        private boolean isOpen() {
            return open.contains(this);
        }

        void share(int shard, Runnable then) {
            if (isOpen()) {
                Lock lock = lock(shard);
                if (lock.taken) {
                    clock.in(LOCK_POLL, () -> share(shard, then));
                    return;
                }
                lock.sharers++;
                releases.add(() -> lock.sharers--);
                then.run();
            }
        }

        /** Keeps movers away, not writers. */
        void keep(int shard, double patience, Consumer<Boolean> then) {
            if (isOpen()) {
                Lock lock = lock(shard);
                if (lock.movers) {
                    waitFor(patience, then, left -> keep(shard, left, then));
                    return;
                }
                lock.movers = true;
                releases.add(() -> lock.movers = false);
                then.accept(true);
            }
        }

        /** Keeps everybody away. */
        void take(int shard, double patience, Consumer<Boolean> then) {
            keep(shard, patience, kept -> {
                if (kept) {
                    exclude(shard, patience, then);
                } else {
                    then.accept(false);
                }
            });
        }

        private void exclude(int shard, double patience, Consumer<Boolean> then) {
            if (isOpen()) {
                Lock lock = lock(shard);
                if (lock.taken || lock.sharers > 0) {
                    waitFor(patience, then, left -> exclude(shard, left, then));
                    return;
                }
                lock.taken = true;
                releases.add(() -> lock.taken = false);
                then.accept(true);
            }
        }

        private void waitFor(double patience, Consumer<Boolean> then, Consumer<Double> again) {
            if (patience <= 0) {
                then.accept(false);
            } else {
                clock.in(LOCK_POLL, () -> again.accept(patience - LOCK_POLL));
            }
        }

        /** Gives the locks up although the transaction goes on, which no sound one does. */
        void forgetLocks() {
            releases.forEach(Runnable::run);
            releases.clear();
        }

        void abort() {
            if (!committing && open.remove(this)) {
                forgetLocks();
            }
        }

        void commit(List<Change> changes, Runnable done) {
            if (isOpen()) {
                committing = true;
                tell("commits " + changes);
                log.add(new Entry(generation(), changes));
                flushed = log.size();
                pending.add(new Pending(log.size(), this, changes, done));
                flushedMore();
            }
        }

        private void end() {
            open.remove(this);
            forgetLocks();
        }
    }

    private void tell(String what) {
        unit.simulation.tell(name + " at " + log.size() + ": " + what);
    }

    private Lock lock(int shard) {
        return locks.computeIfAbsent(shard, key -> new Lock());
    }

    /** @param lost runs some time after the server has died under the transaction */
    Txn begin(Runnable lost) {
        Txn txn = new Txn(lost);
        open.add(txn);
        return txn;
    }

    /**
     * A commit that waits for no disk, and is seen at once.
     *
     * @param onDisk that whoever sent it is told, though no standby may have it
     */
    void commitLazily(List<Change> changes, Runnable onDisk) {
        tell("applies " + changes);
        log.add(new Entry(generation(), changes));
        state.apply(changes);
        int length = log.size();
        int since = life;
        clock.in(LAZY_FLUSH, () -> {
            if (life == since) {
                if (flushed < length) {
                    flushed = length;
                    flushedMore();
                }
                onDisk.run();
            }
        });
    }

    private void flushedMore() {
        acknowledge();
        unit.servers.stream().filter(one -> one.follows == this).forEach(one -> one.ship(clock.span(0.1, 3)));
    }

    private void acknowledge() {
        int durable = flushed;
        if (unit.quorum > 0) {
            List<Integer> told = new ArrayList<>(reports.values());
            told.sort(null);
            durable = told.size() < unit.quorum ? 0 : told.get(told.size() - unit.quorum);
        }
        while (!pending.isEmpty() && pending.getFirst().length() <= durable) {
            Pending first = pending.removeFirst();
            state.apply(first.changes());
            first.txn().end();
            for (Change change : first.changes()) {
                if (change instanceof SimState.Fenced one) {
                    unit.simulation.seen(one.held());
                } else if (change instanceof SimState.Replaced) {
                    unit.simulation.followStreams(this);
                }
            }
            first.done().run();
        }
    }

    boolean isSeen(int length) {
        return pending.isEmpty() || pending.getFirst().length() > length;
    }

    // as a standby

    void tick() {
        clock.in(SHIP_TICK, () -> {
            ship(0);
            tick();
        });
    }

    private void ship(double delay) {
        clock.in(delay * unit.simulation.slowness, () -> {
            SimServer from = follows;
            if (up
                    && !primary
                    && from != null
                    && from.isPrimaryAt(promised)
                    && !unit.simulation.isCut(from.name, name)) {
                int length = from.flushed;
                if (Entry.begins(log, from.log, length)) {
                    log.addAll(from.log.subList(log.size(), length));
                    flushed = log.size();
                    report(from, from.life, length);
                }
            }
        });
    }

    private void report(SimServer from, int since, int length) {
        clock.in(clock.span(0.1, 2) * unit.simulation.slowness, () -> {
            if (from.isPrimaryAt(from.generation()) && from.life == since && !unit.simulation.isCut(name, from.name)) {
                from.reports.merge(this, length, Math::max);
                from.acknowledge();
            }
        });
    }

    private boolean isPrimaryAt(long generation) {
        return up && primary && generation() == generation;
    }

    long generation() {
        return log.isEmpty() ? 1 : log.getLast().generation();
    }

    // what may happen to it

    void crash() {
        if (up) {
            tell("dies with " + flushed);
            up = false;
            log = new ArrayList<>(log.subList(0, flushed));
            endAll();
        }
    }

    private void endAll() {
        life++;
        reports.clear();
        pending.clear();
        locks.clear();
        List<Txn> lost = List.copyOf(open);
        open.clear();
        lost.forEach(txn -> clock.in(clock.span(0.1, 20), txn.lost));
    }

    void start() {
        if (!up) {
            tell("starts");
            up = true;
            life++;
            state = SimState.of(log, log.size());
            unit.simulation.followStreams(this);
            state.helds().forEach(unit.simulation::seen);
        }
    }

    /**
     * Takes nothing from any primary of an earlier generation; false where it promised later. A primary of an earlier one,
     * which came back, is made a standby for it.
     */
    boolean promise(long generation) {
        if (promised > generation || primary && generation() >= generation) {
            return false;
        }
        if (primary) {
            endAll();
            primary = false;
            slots.clear();
        }
        promised = generation;
        follows = null;
        tell("promises to " + generation);
        return true;
    }

    void promote(long generation) {
        if (!primary && promised == generation) {
            tell("is primary of " + generation);
            primary = true;
            life++;
            reports.clear();
            state = SimState.of(log, log.size());
            log.add(new Entry(generation, List.of()));
            flushed = log.size();
            unit.simulation.followStreams(this);
        }
    }

    /** Takes the log of a new primary, from the beginning where it has something else. */
    void join(SimServer from, long generation) {
        if (from == this || !from.isPrimaryAt(generation) || promised > generation) {
            return;
        }
        promised = generation;
        boolean begins = Entry.begins(log, from.log, from.flushed);
        if (primary || !begins) {
            endAll();
            primary = false;
            slots.clear();
            log = new ArrayList<>(from.log.subList(0, from.flushed));
            flushed = log.size();
        }
        follows = from;
        tell("follows " + from.name);
        ship(0);
    }

    Set<String> slotsOf(int shard) {
        Set<String> own = new HashSet<>();
        slots.keySet().stream().filter(slot -> slot.startsWith(shard + "_")).forEach(own::add);
        return own;
    }
}

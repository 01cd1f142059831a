package io.rialto.cells.move;

import io.rialto.cells.move.CellsSimulation.Mutant;
import io.rialto.cells.move.SimServer.Txn;
import io.rialto.cells.move.SimState.Change;
import io.rialto.cells.move.SimState.Fenced;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A process that gives one user a shard of their own, or takes them back, as real ones do. */
final class SimSplit {
    private static final double PATIENCE = 50;
    private static final int TRIES = 20;

    /** What it is for; whatever is under way is gone on with first. */
    enum Task {
        LEAVE,
        COME_HOME,
        TAKE_BACK
    }

    private final CellsSimulation simulation;
    private final SimClock clock;
    private final String name;
    private final int user;
    private final Task task;
    private boolean dead;
    private @Nullable Txn transaction;
    private @Nullable SimServer server;
    private int life;
    private @Nullable Split split;
    private int tries;

    SimSplit(CellsSimulation simulation, String name, int user, Task task) {
        this.simulation = simulation;
        this.clock = simulation.clock;
        this.name = name;
        this.user = user;
        this.task = task;
        control(this::begin);
    }

    boolean isDead() {
        return dead;
    }

    private void die() {
        dead = true;
        if (transaction != null) {
            transaction.abort();
        }
    }

    private double pause() {
        return simulation.chaotic && clock.chance(0.04) ? clock.span(5, 1_500) : clock.span(0.1, 2);
    }

    private void control(Runnable work) {
        clock.in(pause(), () -> {
            if (!dead) {
                if (simulation.isCut(name, "control")) {
                    die();
                } else {
                    work.run();
                }
            }
        });
    }

    private void at(Runnable work) {
        clock.in(pause(), () -> {
            if (dead) {
                return;
            }
            SimServer at = server();
            boolean same = at.up && at.primary && at.life == life;
            if (!same || simulation.isCut(name, at.name) || simulation.chaotic && clock.chance(0.03)) {
                die();
            } else {
                work.run();
            }
        });
    }

    private SimServer server() {
        return Objects.requireNonNull(server);
    }

    private Split split() {
        return Objects.requireNonNull(split);
    }

    private void begin() {
        long version = simulation.version;
        Split last = simulation.splits.get(user);
        if (last != null && last.isUnderWay()) {
            connect(last.unit(), () -> {
                split = last;
                if (task == Task.TAKE_BACK) {
                    bar();
                } else {
                    look();
                }
            });
            return;
        }
        int own = CellsSimulation.ownShard(user);
        int common = CellsSimulation.commonShard(user);
        CellsSimulation.Placement where = CellsSimulation.place(simulation.table, common);
        CellsSimulation.Placement there = simulation.table.get(own);
        boolean leaves = task == Task.LEAVE && there == null;
        boolean returns =
                task == Task.COME_HOME && there != null && there.unit().equals(where.unit());
        if (!leaves && !returns || isMoving(own) || isMoving(common)) {
            die();
            return;
        }
        connect(
                where.unit(),
                () -> at(() -> {
                    long ownEpoch = highest(own, there == null ? 1 : there.epoch());
                    long commonEpoch = highest(common, where.epoch());
                    Split next = new Split(
                            String.valueOf(user),
                            own,
                            ownEpoch + 1,
                            common,
                            leaves ? commonEpoch + 1 : where.epoch(),
                            where.unit(),
                            leaves ? Split.State.PARTING : Split.State.RETURNING);
                    control(() -> {
                        if (simulation.version != version) {
                            die();
                            return;
                        }
                        simulation.put(next);
                        split = next;
                        look();
                    });
                }));
    }

    private boolean isMoving(int shard) {
        Grant grant = simulation.grants.get(shard);
        return grant != null && grant.state() == Grant.State.GRANTED || simulation.isSplitting(shard);
    }

    private long highest(int shard, long known) {
        Grant grant = simulation.grants.get(shard);
        long epoch = Math.max(known, grant == null ? 0 : grant.epoch());
        for (Split one : simulation.splits.values()) {
            if (one.shard() == shard) {
                epoch = Math.max(epoch, one.epoch());
            } else if (one.common() == shard) {
                epoch = Math.max(epoch, one.commonEpoch());
            }
        }
        return Math.max(epoch, server().state.held(shard).highest());
    }

    private void connect(String unit, Runnable then) {
        server = simulation.unit(unit).find(name);
        if (server == null) {
            die();
        } else {
            life = server.life;
            clock.in(pause(), then);
        }
    }

    private void look() {
        at(() -> {
            Held own = server().state.held(split().shard());
            boolean parting = split().state() == Split.State.PARTING;
            if (parting ? MoveRules.isApart(split(), own) : MoveRules.isHome(split(), own)) {
                begun(txn -> commit(txn, List.of(), this::publish));
            } else if (tries++ == TRIES) {
                die();
            } else {
                relabel(parting);
            }
        });
    }

    private void relabel(boolean parting) {
        holding((txn, held) -> {
            Optional<MoveRules.Both> changed =
                    parting ? MoveRules.part(split(), held) : MoveRules.comeHome(split(), held);
            if (changed.isEmpty()) {
                txn.abort();
                look();
                return;
            }
            Held common = parting && simulation.mutant == Mutant.SPLIT_AT_THE_SAME_EPOCH
                    ? held.common()
                    : changed.get().common();
            commit(txn, changes(parting, common, changed.get().own()), this::publish);
        });
    }

    private List<Change> changes(boolean parting, Held common, Held own) {
        List<Change> changes = new ArrayList<>();
        SimState state = server().state;
        if (parting) {
            changes.add(new SimState.Purged(split().shard()));
            List<Integer> rows = state.operations(split().common()).stream()
                    .filter(operation -> CellsSimulation.userOf(operation) == user)
                    .toList();
            changes.add(new SimState.Relabelled(split().common(), split().shard(), rows));
        } else {
            List<Integer> rows = List.copyOf(state.operations(split().shard()));
            changes.add(new SimState.Relabelled(split().shard(), split().common(), rows));
        }
        changes.add(new Fenced(common));
        changes.add(new Fenced(own));
        return changes;
    }

    private void bar() {
        holding((txn, held) -> {
            Optional<MoveRules.Both> barred = MoveRules.bar(split(), held);
            if (barred.isEmpty()) {
                die();
                return;
            }
            List<Change> changes = List.of(
                    new Fenced(barred.get().common()), new Fenced(barred.get().own()));
            commit(
                    txn,
                    changes,
                    () -> control(() -> {
                        if (split().equals(simulation.splits.get(user))) {
                            boolean parting = split().state() == Split.State.PARTING;
                            simulation.put(split().as(parting ? Split.State.HOME : Split.State.APART));
                        }
                        die();
                    }));
        });
    }

    private void publish() {
        control(() -> {
            if (split().equals(simulation.splits.get(user))) {
                boolean parting = split().state() == Split.State.PARTING;
                simulation.publish(split().as(parting ? Split.State.APART : Split.State.HOME));
            }
            die();
        });
    }

    // its transactions

    private interface Holding {
        void run(Txn txn, MoveRules.Both held);
    }

    private void begun(Consumer<Txn> work) {
        Txn txn = server().begin(this::die);
        transaction = txn;
        work.accept(txn);
    }

    private void holding(Holding work) {
        at(() -> begun(txn -> txn.take(split().common(), PATIENCE, first -> {
            if (!first) {
                txn.abort();
                look();
                return;
            }
            txn.take(split().shard(), PATIENCE, second -> {
                if (second) {
                    SimState state = server().state;
                    work.run(txn, new MoveRules.Both(state.held(split().common()), state.held(split().shard())));
                } else {
                    txn.abort();
                    look();
                }
            });
        })));
    }

    private void commit(Txn txn, List<Change> changes, Runnable then) {
        txn.commit(changes, () -> at(then));
    }
}

package io.rialto.cells.move;

import io.rialto.cells.Fence;
import io.rialto.cells.move.CellsSimulation.Mutant;
import io.rialto.cells.move.SimServer.Txn;
import io.rialto.cells.move.SimState.Change;
import io.rialto.cells.move.SimState.Fenced;
import io.rialto.cells.move.SimState.Subscription;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A process that moves one shard, or takes its move back: the rules are those of real movers, and each step is one
 * transaction. It may sleep or die before any of them, and ends for good when it loses a connection.
 */
final class SimMover {
    private static final double PATIENCE = 50;
    private static final double DRAIN = 300;
    private static final double GATE = 400;
    private static final int NEAR = 5;
    private static final double POLL = 3;

    private final CellsSimulation simulation;
    private final SimClock clock;
    private final String name;
    private final int shard;
    private final @Nullable SimUnit to;
    private final List<Txn> transactions = new ArrayList<>();
    private boolean dead;
    private boolean closedIt;

    private @Nullable Grant grant;
    private @Nullable SimServer source;
    private @Nullable SimServer target;
    private int sourceLife;
    private int targetLife;

    /** @param to where it moves the shard; null for one that takes a move back */
    SimMover(CellsSimulation simulation, String name, int shard, @Nullable SimUnit to) {
        this.simulation = simulation;
        this.clock = simulation.clock;
        this.name = name;
        this.shard = shard;
        this.to = to;
        control(this::begin);
    }

    boolean isDead() {
        return dead;
    }

    void die() {
        dead = true;
        transactions.forEach(Txn::abort);
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

    private double pause() {
        return simulation.chaotic && clock.chance(0.03) ? clock.span(5, 1_500) : clock.span(0.1, 2);
    }

    private void at(SimServer server, Runnable work) {
        clock.in(pause(), () -> {
            if (dead) {
                return;
            }
            boolean same = server.up && server.primary && server.life == (server == source ? sourceLife : targetLife);
            if (!same || simulation.isCut(name, server.name) || simulation.chaotic && clock.chance(0.02)) {
                die();
            } else {
                work.run();
            }
        });
    }

    // the move

    private void begin() {
        long version = simulation.version;
        Grant last = simulation.grants.get(shard);
        if (last != null && last.state() == Grant.State.GRANTED) {
            connect(last.from(), last.to(), () -> {
                grant = last;
                if (to == null) {
                    refuse();
                } else {
                    look();
                }
            });
            return;
        }
        CellsSimulation.Placement place = simulation.table.get(shard);
        if (to == null || place == null || place.unit().equals(to.id) || simulation.isSplitting(shard)) {
            die();
            return;
        }
        connect(place.unit(), to.id, () -> {
            long epoch = Math.max(place.epoch(), last == null ? 0 : last.epoch());
            epoch = Math.max(epoch, source().state.held(shard).highest());
            Grant next = new Grant(
                    shard,
                    1 + Math.max(epoch, target().state.held(shard).highest()),
                    place.unit(),
                    to.id,
                    Grant.State.GRANTED);
            control(() -> {
                if (simulation.version != version) {
                    die();
                    return;
                }
                simulation.put(next);
                grant = next;
                look();
            });
        });
    }

    private void connect(String from, String into, Runnable then) {
        source = simulation.unit(from).find(name);
        target = simulation.unit(into).find(name);
        if (source == null || target == null) {
            die();
            return;
        }
        sourceLife = source.life;
        targetLife = target.life;
        clock.in(pause(), then);
    }

    private SimServer source() {
        return Objects.requireNonNull(source);
    }

    private SimServer target() {
        return Objects.requireNonNull(target);
    }

    private Grant grant() {
        return Objects.requireNonNull(grant);
    }

    private void refuse() {
        if (simulation.mutant == Mutant.REOPEN_WITHOUT_REFUSAL) {
            takeBack(Held.absent(shard).becomes(Fence.State.REFUSED, grant().epoch(), Optional.empty()));
            return;
        }
        change(target(), held -> MoveRules.refuse(grant(), held), List.of(), refused -> look());
    }

    private void look() {
        at(source(), () -> {
            Held from = source().state.held(shard);
            at(target(), () -> {
                Held into = target().state.held(shard);
                switch (MoveRules.next(grant(), from, into)) {
                    case SETTLE -> settle(into);
                    case TAKE_BACK -> takeBack(into);
                    case OPEN -> drainAndOpen();
                    case PREPARE_AND_CLOSE -> prepareOrClose();
                    case TARGET_UNFIT, SOURCE_UNFIT -> die();
                }
            });
        });
    }

    private void prepareOrClose() {
        boolean follows = subscription()
                .filter(one -> source().slots.containsKey(one.slot()))
                .isPresent();
        if (follows) {
            gate(clock.now() + GATE);
        } else {
            prepare();
        }
    }

    /** The copy of this grant, which the server that has it must have made itself. */
    private Optional<Subscription> subscription() {
        String made = prefix() + target().generation() + "_";
        return target().state.subscriptions().stream()
                .filter(one ->
                        one.slot().startsWith(simulation.mutant == Mutant.COPY_OF_ANOTHER_SERVER ? prefix() : made))
                .findFirst();
    }

    private String prefix() {
        return shard + "_" + grant().epoch() + "_";
    }

    private void prepare() {
        at(
                target(),
                () -> keeping(target(), first -> {
                    Optional<Held> replaced =
                            MoveRules.replace(grant(), target().state.held(shard));
                    if (replaced.isEmpty()) {
                        first.abort();
                        look();
                        return;
                    }
                    List<Change> changes = unsubscribed("");
                    if (simulation.mutant != Mutant.RETIRED_WHILE_REPLACED) {
                        changes.add(new Fenced(replaced.get()));
                    }
                    commit(
                            target(),
                            first,
                            changes,
                            () -> at(target(), () -> {
                                target().slots.keySet().removeAll(target().slotsOf(shard));
                                keeping(target(), second -> {
                                    if (MoveRules.replace(
                                                    grant(), target().state.held(shard))
                                            .isPresent()) {
                                        at(source(), () -> copy(second));
                                    } else {
                                        second.abort();
                                        look();
                                    }
                                });
                            }));
                }));
    }

    private void copy(Txn into) {
        SimServer from = source();
        from.slots.keySet().removeAll(from.slotsOf(shard));
        String slot = prefix() + target().generation() + "_" + clock.random.nextInt(1_000_000);
        int position = from.flushed;
        from.slots.put(slot, position);
        awaitSeen(from, position, () -> {
            SimState copied = SimState.of(from.log, position);
            SimState.Replaced change = new SimState.Replaced(
                    shard,
                    copied.operations(shard),
                    copied.tokens(shard),
                    new Subscription(shard, grant().epoch(), slot, from.unit, position));
            clock.in(clock.span(1, 40), () -> commit(target(), into, List.of(change), this::look));
        });
    }

    private void awaitSeen(SimServer server, int position, Runnable then) {
        at(server, () -> {
            if (server.isSeen(position)) {
                then.run();
            } else {
                awaitSeen(server, position, then);
            }
        });
    }

    private void gate(double deadline) {
        at(source(), () -> {
            boolean near = subscription()
                    .filter(one -> one.position() > source().flushed - NEAR)
                    .isPresent();
            if (near) {
                close();
            } else if (clock.now() > deadline) {
                die();
            } else {
                clock.in(POLL, () -> gate(deadline));
            }
        });
    }

    private void close() {
        change(
                source(),
                held -> MoveRules.close(grant(), held, grant().to()),
                List.of(new SimState.Token(shard, grant().epoch())),
                closed -> {
                    closedIt |= closed;
                    look();
                });
    }

    private void drainAndOpen() {
        if (closedIt) {
            drain(clock.now() + DRAIN);
        } else {
            makeSure(source(), () -> drain(clock.now() + DRAIN));
        }
    }

    private void drain(double deadline) {
        at(target(), () -> {
            boolean token = simulation.mutant == Mutant.NO_TOKEN
                    || subscription().isPresent() && target().state.hasToken(shard, grant().epoch());
            if (token) {
                Runnable open = () ->
                        change(target(), held -> MoveRules.open(grant(), held, token), List.of(), opened -> look());
                if (simulation.mutant == Mutant.PURGE_OF_CLOSED) {
                    endStream(() -> purge(open));
                } else {
                    open.run();
                }
            } else if (clock.now() > deadline || subscription().isEmpty()) {
                change(target(), held -> MoveRules.refuse(grant(), held), List.of(), refused -> look());
            } else {
                clock.in(POLL, () -> drain(deadline));
            }
        });
    }

    private void settle(Held opened) {
        makeSure(
                target(),
                () -> publish(
                        grant().to(),
                        () -> endStream(() -> change(
                                source(),
                                held -> MoveRules.retire(grant(), held, opened),
                                List.of(),
                                retired -> purge(() -> finish(Grant.State.MOVED))))));
    }

    private void purge(Runnable then) {
        at(
                source(),
                () -> keeping(source(), txn -> {
                    Held held = source().state.held(shard);
                    boolean closed = simulation.mutant == Mutant.PURGE_OF_CLOSED
                            && held.row().state() == Fence.State.CLOSED;
                    if (closed || MoveRules.mayPurge(grant(), held)) {
                        commit(source(), txn, List.of(new SimState.Purged(shard)), then);
                    } else {
                        txn.abort();
                        then.run();
                    }
                }));
    }

    private void takeBack(Held refused) {
        makeSure(
                target(),
                () -> change(
                        source(),
                        held -> MoveRules.reopen(grant(), held, refused),
                        List.of(),
                        done -> at(source(), () -> {
                            if (source().state.held(shard).isAt(Fence.State.OPEN, grant().epoch())) {
                                publish(grant().from(), () -> endStream(() -> finish(Grant.State.CANCELLED)));
                            } else {
                                endStream(() -> finish(Grant.State.CANCELLED));
                            }
                        })));
    }

    private void endStream(Runnable then) {
        String own = prefix();
        at(target(), () -> {
            Txn txn = begin(target());
            commit(
                    target(),
                    txn,
                    unsubscribed(own),
                    () -> at(source(), () -> {
                        source().slots.keySet().removeIf(slot -> slot.startsWith(own));
                        then.run();
                    }));
        });
    }

    /** The end of all subscriptions of the shard whose names begin so. */
    private List<Change> unsubscribed(String prefix) {
        List<Change> changes = new ArrayList<>();
        target().state.subscriptions().stream()
                .filter(one -> one.shard() == shard && one.slot().startsWith(prefix))
                .forEach(one -> changes.add(new SimState.Unsubscribed(one.slot())));
        return changes;
    }

    private void publish(String unit, Runnable then) {
        control(() -> {
            CellsSimulation.Placement place = simulation.table.get(shard);
            if (place != null && place.epoch() < grant().epoch()) {
                simulation.publish(shard, new CellsSimulation.Placement(unit, grant().epoch()));
            }
            then.run();
        });
    }

    private void finish(Grant.State state) {
        control(() -> {
            Grant now = simulation.grants.get(shard);
            if (now != null && now.equals(grant())) {
                simulation.put(now.as(state));
            }
            die();
        });
    }

    // its transactions

    private Txn begin(SimServer server) {
        Txn txn = server.begin(this::die);
        transactions.add(txn);
        return txn;
    }

    private void keeping(SimServer server, Consumer<Txn> then) {
        Txn txn = begin(server);
        txn.keep(shard, DRAIN, kept -> {
            if (kept) {
                then.accept(txn);
            } else {
                die();
            }
        });
    }

    /** What a commit's answer brings about, unless the answer is lost. */
    private void commit(SimServer server, Txn txn, List<Change> changes, Runnable then) {
        txn.commit(changes, () -> at(server, then));
    }

    private void makeSure(SimServer server, Runnable then) {
        if (simulation.mutant == Mutant.NOT_MADE_SURE) {
            then.run();
            return;
        }
        at(server, () -> commit(server, begin(server), List.of(), then));
    }

    private void change(
            SimServer server, Function<Held, Optional<Held>> rule, List<Change> also, Consumer<Boolean> then) {
        // Only a close gives up.
        double patience = also.isEmpty() ? Double.MAX_VALUE : PATIENCE;
        at(server, () -> {
            Txn txn = begin(server);
            txn.take(shard, patience, taken -> {
                Optional<Held> changed = taken ? rule.apply(server.state.held(shard)) : Optional.empty();
                if (changed.isEmpty()) {
                    txn.abort();
                    at(server, () -> then.accept(false));
                    return;
                }
                List<Change> changes = new ArrayList<>(also);
                changes.add(new Fenced(changed.get()));
                commit(server, txn, changes, () -> then.accept(true));
            });
        });
    }
}

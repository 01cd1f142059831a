package io.rialto.cells.move;

import io.rialto.cells.Fence;
import io.rialto.cells.failover.UnitServers;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A few cells with their database servers, backends that write, movers and those who look after the servers, over which for
 * some seconds everything happens that may happen; then all is healed, the moves that are left are brought to their end,
 * and the invariants must hold. All of it follows from the seed.
 *
 * <ul>
 *   <li>at most one cell has a shard open, at any moment;
 *   <li>every operation that was acknowledged is once in the cell that has its shard in the end, one that was refused is in
 *       none, and none is there twice: so nothing that was the only good copy is purged, and a failover keeps all;
 *   <li>every move comes to an end, and leaves no stream behind.
 * </ul>
 */
final class CellsSimulation {
    static final int SHARDS = 3;
    static final int USERS = 6;
    private static final int FIRST_OWN = 1000;

    private static final int MOVERS = 4;
    private static final double HEAL_STEP = 250;
    private static final int MAX_HEAL_STEPS = 400;

    /** Ways to break the protocol, each of which must be found. */
    enum Mutant {
        NONE,
        /** A write looks at the fence and does not hold it until it commits. */
        NO_LOCK,
        /** The target opens as soon as the source is closed. */
        NO_TOKEN,
        /** The source goes on although the target has promised nothing. */
        REOPEN_WITHOUT_REFUSAL,
        /** A closed copy, which may be the only good one, is deleted. */
        PURGE_OF_CLOSED,
        /** A copy that was given up stays so while a new one comes in. */
        RETIRED_WHILE_REPLACED,
        /** A server that took over takes what it has of a copy for all of it. */
        COPY_OF_ANOTHER_SERVER,
        /** What a server shows is believed, although it may be lost when another one takes over. */
        NOT_MADE_SURE,
        /** The common shard keeps its epoch when a user leaves it. */
        SPLIT_AT_THE_SAME_EPOCH,
        /** A failover goes on with the first promise. */
        TOO_FEW_PROMISES,
        /** The longest log wins, of whatever generation. */
        LONGEST_OF_ANY_GENERATION
    }

    /** A single seed is told step by step. */
    private static final boolean TELLING = Long.getLong("cells.seed") != null;

    record Placement(String unit, long epoch) {}

    final SimClock clock;
    final Mutant mutant;
    boolean chaotic = true;
    double slowness = 1;

    // control's configuration
    long version = 1;
    final Map<Integer, Grant> grants = new HashMap<>();
    final Map<Integer, Split> splits = new TreeMap<>();
    /** Where shards are; a user who has one of their own is in that. */
    Map<Integer, Placement> table = new TreeMap<>();

    private final List<Map<Integer, Placement>> tables = new ArrayList<>();

    final Set<Integer> refused = new HashSet<>();
    private final BitSet acknowledged = new BitSet();
    private int operations;

    private final List<SimUnit> units = new ArrayList<>();
    private final Map<String, SimMover> movers = new TreeMap<>();
    private final Map<String, SimSplit> splitters = new TreeMap<>();
    private final Set<String> cuts = new HashSet<>();
    private final Set<SimServer> streaming = new HashSet<>();

    CellsSimulation(long seed, Mutant mutant) {
        clock = new SimClock(seed);
        this.mutant = mutant;
        int cells = 2 + clock.below(2);
        for (int i = 0; i < cells; i++) {
            switch (clock.below(3)) {
                case 0 -> units.add(new SimUnit("c" + i, this, clock, 0, 0));
                case 1 -> units.add(new SimUnit("c" + i, this, clock, 2, 1));
                default -> units.add(new SimUnit("c" + i, this, clock, 3, 2));
            }
        }
        for (int shard = 0; shard < SHARDS; shard++) {
            SimUnit unit = units.get(clock.below(cells));
            table.put(shard, new Placement(unit.id, 1));
            Held open = Held.absent(shard).becomes(Fence.State.OPEN, 1, Optional.empty());
            // In every server's log, as a unit has it that was prepared before its standbys were made.
            SimServer.Entry entry = new SimServer.Entry(1, List.of(new SimState.Fenced(open)));
            for (SimServer server : unit.servers) {
                server.log.add(entry);
                server.flushed = server.log.size();
                server.state.apply(entry.changes());
            }
        }
        tables.add(table);
    }

    /** Runs it; throws an {@link AssertionError} where an invariant does not hold. */
    void run() {
        int writers = 1 + clock.below(4);
        double pace = clock.span(3, 40);
        for (int i = 0; i < writers; i++) {
            new SimWriter(this, "w" + i, pace);
        }
        moves(clock.span(20, 300));
        trouble(clock.span(30, 600));
        clock.run(clock.span(500, 5_000));
        chaotic = false;
        cuts.clear();
        slowness = 1;
        units.forEach(unit -> unit.servers.forEach(SimServer::start));
        for (int i = 0; !isSettled(); i++) {
            if (i == MAX_HEAL_STEPS) {
                throw new AssertionError("not settled: " + grants.values() + ", " + splits.values() + ", "
                        + units.stream()
                                .map(unit -> unit.told + (unit.isWhole() ? "" : ", not whole"))
                                .toList());
            }
            clock.run(HEAL_STEP);
        }
        check();
    }

    void tell(String what) {
        if (TELLING) {
            System.out.printf("%9.1f %s%n", clock.now(), what);
        }
    }

    // control

    void put(Grant grant) {
        tell("control: " + grant);
        version++;
        grants.put(grant.shard(), grant);
    }

    void publish(int shard, Placement placement) {
        version++;
        table = new TreeMap<>(table);
        table.put(shard, placement);
        tables.add(table);
    }

    void put(Split split) {
        tell("control: " + split);
        version++;
        splits.put(Integer.parseInt(split.user()), split);
    }

    /** The table says what a split has done. */
    void publish(Split split) {
        put(split);
        table = new TreeMap<>(table);
        if (split.state() == Split.State.APART) {
            table.put(split.common(), new Placement(split.unit(), split.commonEpoch()));
            table.put(split.shard(), new Placement(split.unit(), split.epoch()));
        } else {
            table.remove(split.shard());
        }
        tables.add(table);
    }

    boolean isSplitting(int shard) {
        return splits.values().stream()
                .anyMatch(one -> one.isUnderWay() && (one.shard() == shard || one.common() == shard));
    }

    static int ownShard(int user) {
        return FIRST_OWN + user;
    }

    static int commonShard(int user) {
        return user % SHARDS;
    }

    static int locate(Map<Integer, Placement> table, int user) {
        return table.containsKey(ownShard(user)) ? ownShard(user) : commonShard(user);
    }

    static Placement place(Map<Integer, Placement> table, int shard) {
        return Objects.requireNonNull(table.get(shard));
    }

    /** As some edge has it, which need not have heard of the newest ones. */
    Map<Integer, Placement> someTable() {
        int back = clock.chance(0.2) ? clock.below(Math.min(4, tables.size())) : 0;
        return tables.get(tables.size() - 1 - back);
    }

    SimUnit unit(String id) {
        return units.stream().filter(unit -> unit.id.equals(id)).findFirst().orElseThrow();
    }

    // writers

    /** A number that says whose it is. */
    int nextOperation(int user) {
        return operations++ * USERS + user;
    }

    static int userOf(int operation) {
        return operation % USERS;
    }

    void acknowledged(int operation) {
        tell("operation " + operation + " acknowledged");
        acknowledged.set(operation);
    }

    // streams

    /** Applies what comes by the subscriptions of a primary, for as long as it has any. */
    void followStreams(SimServer server) {
        if (streaming.add(server)) {
            int life = server.life;
            clock.in(clock.span(0.5, 6) * slowness, () -> {
                streaming.remove(server);
                if (server.up && server.primary) {
                    List<SimState.Subscription> all = server.state.subscriptions();
                    if (server.life == life) {
                        all.forEach(one -> apply(server, one));
                    }
                    if (!all.isEmpty()) {
                        followStreams(server);
                    }
                }
            });
        }
    }

    private void apply(SimServer to, SimState.Subscription one) {
        Optional<SimServer> from = one.source().servers.stream()
                .filter(server -> server.up && server.slots.containsKey(one.slot()) && !isCut(server.name, to.name))
                .findFirst();
        if (from.isEmpty() || clock.chance(0.3)) {
            return;
        }
        SimServer source = from.get();
        int begin = Math.max(one.position(), source.slots.getOrDefault(one.slot(), 0));
        int end = Math.min(source.flushed, begin + 1 + clock.below(20));
        for (int position = begin; position < end; position++) {
            List<SimState.Change> changes = new ArrayList<>();
            for (SimState.Change change : source.log.get(position).changes()) {
                changes.addAll(change.of(one.shard()));
            }
            if (!changes.isEmpty() || position == end - 1) {
                changes.add(new SimState.Applied(one.slot(), position + 1));
                int next = position + 1;
                to.commitLazily(
                        changes, () -> source.slots.computeIfPresent(one.slot(), (slot, old) -> Math.max(old, next)));
            }
        }
    }

    // what may happen

    private void moves(double pace) {
        clock.in(clock.span(0, 2 * pace), () -> {
            if (chaotic) {
                SimUnit to = clock.chance(0.15) ? null : units.get(clock.below(units.size()));
                String name = "m" + clock.below(MOVERS);
                if (clock.chance(0.3)) {
                    split(name, clock.below(USERS), clock.below(5));
                } else {
                    List<Integer> shards = List.copyOf(table.keySet());
                    move(name, shards.get(clock.below(shards.size())), to);
                }
                moves(pace);
            }
        });
    }

    private void move(String name, int shard, @Nullable SimUnit to) {
        SimMover before = movers.get(name);
        if (before == null || before.isDead()) {
            movers.put(name, new SimMover(this, name, shard, to));
        }
    }

    private void split(String name, int user, int choice) {
        SimSplit before = splitters.get(name);
        if (before == null || before.isDead()) {
            SimSplit.Task task =
                    choice == 0 ? SimSplit.Task.TAKE_BACK : choice < 3 ? SimSplit.Task.LEAVE : SimSplit.Task.COME_HOME;
            splitters.put(name, new SimSplit(this, name, user, task));
        }
    }

    private void trouble(double pace) {
        clock.in(clock.span(0, 2 * pace), () -> {
            if (chaotic) {
                strike();
                trouble(pace);
            }
        });
    }

    private void strike() {
        SimUnit unit = units.get(clock.below(units.size()));
        SimServer server = unit.servers.get(clock.below(unit.servers.size()));
        switch (clock.below(10)) {
            case 0, 1, 2 -> {
                server.crash();
                clock.in(clock.chance(0.5) ? clock.span(2, 30) : clock.span(30, 2_000), server::start);
            }
            case 3 -> unit.failOver();
            case 4 -> unit.loseKeeper();
            case 5, 6 -> cut(anybody(), server.name);
            case 7 -> cut("m" + clock.below(MOVERS), "control");
            case 8 -> showWhatIsLost(unit);
            default -> {
                slowness = 30;
                clock.in(clock.span(10, 500), () -> slowness = 1);
            }
        }
    }

    /** A primary whose log nobody gets any more dies, shows after its start what only it has, and is replaced. */
    private void showWhatIsLost(SimUnit unit) {
        SimServer primary = unit.server(unit.told.primary());
        List<String> ways = unit.servers.stream()
                .map(standby -> primary.name + ">" + standby.name)
                .toList();
        cuts.addAll(ways);
        double death = clock.span(1, 100);
        clock.in(death, primary::crash);
        clock.in(death + clock.span(1, 10), primary::start);
        double end = death + clock.span(20, 400);
        clock.in(end, unit::failOver);
        clock.in(end + clock.span(50, 500), () -> ways.forEach(cuts::remove));
    }

    private String anybody() {
        return switch (clock.below(4)) {
            case 0 -> "control";
            case 1 -> "m" + clock.below(MOVERS);
            case 2 -> "w" + clock.below(4);
            default -> {
                SimUnit unit = units.get(clock.below(units.size()));
                yield unit.servers.get(clock.below(unit.servers.size())).name;
            }
        };
    }

    private void cut(String one, String other) {
        List<String> ways = switch (clock.below(3)) {
            case 0 -> List.of(one + ">" + other);
            case 1 -> List.of(other + ">" + one);
            default -> List.of(one + ">" + other, other + ">" + one);
        };
        cuts.addAll(ways);
        clock.in(clock.span(20, 2_000), () -> ways.forEach(cuts::remove));
    }

    boolean isCut(String from, String to) {
        return cuts.contains(from + ">" + to);
    }

    private boolean isSettled() {
        if (!units.stream().allMatch(SimUnit::isWhole)
                || !movers.values().stream().allMatch(SimMover::isDead)
                || !splitters.values().stream().allMatch(SimSplit::isDead)) {
            return false;
        }
        boolean settled = true;
        for (Grant grant : grants.values()) {
            if (grant.state() == Grant.State.GRANTED) {
                move("m" + grant.shard(), grant.shard(), unit(grant.to()));
                settled = false;
            }
        }
        for (Map.Entry<Integer, Split> one : splits.entrySet()) {
            if (one.getValue().isUnderWay()) {
                // One that somebody began to take back can only be taken back.
                split("m" + one.getKey(), one.getKey(), clock.below(2));
                settled = false;
            }
        }
        return settled;
    }

    // what must hold

    /** A fence is to be seen on a server. */
    void seen(Held held) {
        int shard = held.row().shard();
        if (held.row().state() == Fence.State.OPEN && open(shard).size() > 1) {
            throw new AssertionError("shard " + shard + " is open in " + open(shard));
        }
    }

    private List<String> open(int shard) {
        List<String> open = new ArrayList<>();
        for (SimUnit unit : units) {
            SimServer primary = unit.server(unit.told.primary());
            boolean serves = unit.told.phase() == UnitServers.Phase.OPEN && primary.up && primary.primary;
            if (serves && primary.state.held(shard).row().state() == Fence.State.OPEN) {
                open.add(unit.id);
            }
        }
        return open;
    }

    private void check() {
        table.forEach((shard, place) -> {
            if (!open(shard).equals(List.of(place.unit()))) {
                throw new AssertionError("shard " + shard + " is open in " + open(shard) + ", the table says " + place);
            }
        });
        for (int user = 0; user < USERS; user++) {
            int shard = locate(table, user);
            SimUnit owner = unit(place(table, shard).unit());
            check(user, owner.server(owner.told.primary()).state.operations(shard));
        }
        for (SimUnit unit : units) {
            for (SimServer server : unit.servers) {
                if (!server.slots.isEmpty()
                        || server.primary && !server.state.subscriptions().isEmpty()) {
                    throw new AssertionError(
                            server.name + " has streams left: " + server.slots + ", " + server.state.subscriptions());
                }
            }
        }
    }

    private void check(int user, List<Integer> shard) {
        Set<Integer> stored = new HashSet<>();
        for (int operation : shard) {
            if (userOf(operation) != user) {
                continue;
            }
            if (!stored.add(operation)) {
                throw new AssertionError("operation " + operation + " is there twice");
            }
            if (refused.contains(operation)) {
                throw new AssertionError("operation " + operation + " was refused and is there");
            }
        }
        for (int operation = acknowledged.nextSetBit(0);
                operation >= 0;
                operation = acknowledged.nextSetBit(operation + 1)) {
            if (userOf(operation) == user && !stored.contains(operation)) {
                throw new AssertionError("operation " + operation + " was acknowledged and is not there");
            }
        }
    }

    /** Shards whose last move went through: where there are none of these, nothing is shown. */
    long moved() {
        return grants.values().stream()
                .filter(grant -> grant.state() == Grant.State.MOVED)
                .count();
    }

    long split() {
        return splits.values().stream()
                .filter(split -> split.state() == Split.State.APART)
                .count();
    }

    int acknowledged() {
        return acknowledged.cardinality();
    }
}

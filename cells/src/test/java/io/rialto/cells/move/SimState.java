package io.rialto.cells.move;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What a database has, as far as moves and failovers look at it. */
final class SimState {
    /** What a commit changes. */
    sealed interface Change {
        /** What a stream of a shard brings of it. */
        default List<Change> of(int shard) {
            return List.of();
        }
    }

    record Write(int shard, int operation) implements Change {
        @Override
        public List<Change> of(int one) {
            return one == shard ? List.of(this) : List.of();
        }
    }

    record Fenced(Held held) implements Change {}

    record Token(int shard, long epoch) implements Change {
        @Override
        public List<Change> of(int one) {
            return one == shard ? List.of(this) : List.of();
        }
    }

    /** All of a shard deleted and put in anew, and followed from there. */
    record Replaced(int shard, List<Integer> operations, Set<Long> tokens, Subscription subscription)
            implements Change {
        @Override
        public List<Change> of(int one) {
            if (one != shard) {
                return List.of();
            }
            List<Change> changes = new ArrayList<>(List.of(new Purged(shard)));
            operations.forEach(each -> changes.add(new Write(shard, each)));
            tokens.forEach(each -> changes.add(new Token(shard, each)));
            return changes;
        }
    }

    /** Rows that got the number of another shard: for a stream of one of the two, deleted or inserted ones. */
    record Relabelled(int from, int to, List<Integer> operations) implements Change {
        @Override
        public List<Change> of(int one) {
            if (one == from) {
                return List.of(this);
            }
            List<Change> changes = new ArrayList<>();
            if (one == to) {
                operations.forEach(each -> changes.add(new Write(to, each)));
            }
            return changes;
        }
    }

    record Purged(int shard) implements Change {
        @Override
        public List<Change> of(int one) {
            return one == shard ? List.of(this) : List.of();
        }
    }

    record Unsubscribed(String slot) implements Change {}

    /** How far a subscription is. */
    record Applied(String slot, int position) implements Change {}

    record Subscription(int shard, long epoch, String slot, SimUnit source, int position) {}

    private final Map<Integer, Held> fences = new HashMap<>();
    private final Map<Integer, List<Integer>> operations = new HashMap<>();
    private final Map<Integer, Set<Long>> tokens = new HashMap<>();
    private final Map<String, Subscription> subscriptions = new TreeMap<>();

    static SimState of(List<SimServer.Entry> log, int length) {
        SimState state = new SimState();
        log.subList(0, length).forEach(entry -> state.apply(entry.changes()));
        return state;
    }

    void apply(List<Change> commit) {
        for (Change change : commit) {
            switch (change) {
                case Write one -> operations(one.shard()).add(one.operation());
                case Fenced one -> fences.put(one.held().row().shard(), one.held());
                case Token one -> tokens(one.shard()).add(one.epoch());
                case Replaced one -> {
                    operations.put(one.shard(), new ArrayList<>(one.operations()));
                    tokens.put(one.shard(), new HashSet<>(one.tokens()));
                    subscriptions.put(one.subscription().slot(), one.subscription());
                }
                case Relabelled one -> {
                    operations(one.from()).removeAll(one.operations());
                    operations(one.to()).addAll(one.operations());
                }
                case Purged one -> {
                    operations.remove(one.shard());
                    tokens.remove(one.shard());
                }
                case Unsubscribed one -> subscriptions.remove(one.slot());
                case Applied one ->
                    subscriptions.computeIfPresent(
                            one.slot(),
                            (slot, old) ->
                                    new Subscription(old.shard(), old.epoch(), slot, old.source(), one.position()));
            }
        }
    }

    Held held(int shard) {
        return fences.getOrDefault(shard, Held.absent(shard));
    }

    Collection<Held> helds() {
        return fences.values();
    }

    boolean hasToken(int shard, long epoch) {
        return tokens(shard).contains(epoch);
    }

    List<Integer> operations(int shard) {
        return operations.computeIfAbsent(shard, key -> new ArrayList<>());
    }

    Set<Long> tokens(int shard) {
        return tokens.computeIfAbsent(shard, key -> new HashSet<>());
    }

    /** In no particular order of shards; a copy. */
    List<Subscription> subscriptions() {
        return List.copyOf(subscriptions.values());
    }
}

package io.rialto.sync;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.SyncKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A node of the simulated cell: the real delivery on simulated threads, clock, database and neighbours. */
final class SimNode implements Peers {
    private static final Duration UNACKNOWLEDGED = Duration.ofSeconds(12);
    private static final long TICK_NANOS = Delivery.TICK.toNanos() * 2;

    final String name;
    private final SyncSimulation simulation;
    private final SimWorld world;
    private long skewMillis;
    private long pausedUntil;
    private int life;
    private boolean up;
    private boolean awayFromDatabase;
    private Delivery delivery;

    SimNode(String name, SyncSimulation simulation) {
        this.name = name;
        this.simulation = simulation;
        this.world = simulation.world;
        this.delivery = boot();
    }

    private Delivery boot() {
        up = true;
        int now = ++life;
        delivery = new Delivery(new DeliveryPorts(
                "east",
                name,
                new Door(),
                simulation.keeper,
                simulation.keeper,
                simulation::topic,
                this,
                task -> world.in(world.span(0, 0.3), () -> run(now, task)),
                world::nanos,
                () -> Instant.ofEpochMilli(world.millis() + skewMillis),
                world.random,
                new CountingDeliveryMeters(),
                UNACKNOWLEDGED));
        tick(now);
        return delivery;
    }

    private void tick(int of) {
        run(of, () -> {
            delivery.tick();
            world.in(TICK_NANOS, () -> tick(of));
        });
    }

    Delivery delivery() {
        return delivery;
    }

    boolean isUp() {
        return up;
    }

    int life() {
        return life;
    }

    /** Acts on this node, if it is still the same process; later where it is stopped. */
    void run(int of, Runnable task) {
        if (!up || of != life) {
            return;
        }
        if (world.nanos() < pausedUntil) {
            world.in(pausedUntil - world.nanos() + world.span(0, 1), () -> run(of, task));
            return;
        }
        task.run();
    }

    // what happens to it

    void kill() {
        up = false;
        simulation.connections.forEach(connection -> connection.nodeDied(this));
    }

    void start() {
        if (!up) {
            boot();
        }
    }

    void pause(long nanos) {
        pausedUntil = world.nanos() + nanos;
    }

    void jump(long millis) {
        skewMillis += millis;
    }

    void awayFromDatabase(boolean away) {
        awayFromDatabase = away;
    }

    void heal() {
        start();
        awayFromDatabase = false;
        pausedUntil = 0;
    }

    /** Whether the database answers this node; may be asked twice in a call: before it acts, and for its answer. */
    boolean isAnswered() {
        return !simulation.databaseDown && !awayFromDatabase && !world.chance(simulation.databaseTrouble);
    }

    /** The keeper as this node reaches it: asked or answered late, or not. */
    private final class Door implements Inbox {
        private void pass() {
            world.others();
            if (!isAnswered()) {
                throw new InboxException("no answer", new IllegalStateException("away"));
            }
        }

        @Override
        public CompletableFuture<Stored> publish(Publication publication) {
            throw new AssertionError("publishers have their own way");
        }

        @Override
        public Set<ShardEpoch> open(Set<ShardEpoch> shards) {
            pass();
            return simulation.keeper.open(shards);
        }

        @Override
        public List<Slice> read(List<Want> wants) {
            pass();
            List<Slice> slices = simulation.keeper.read(wants);
            pass();
            return slices;
        }

        @Override
        public List<List<SyncKey>> highest(List<String> users) {
            pass();
            List<List<SyncKey>> highest = simulation.keeper.highest(users);
            pass();
            return highest;
        }

        @Override
        public List<AckOutcome> acknowledge(List<Acknowledgement> acknowledgements) {
            pass();
            List<AckOutcome> outcomes = simulation.keeper.acknowledge(acknowledgements);
            pass();
            return outcomes;
        }

        @Override
        public Stored revoke(int shard, long epoch, MessageId message) {
            throw new AssertionError("nothing is taken back");
        }

        @Override
        public void close() {}
    }

    // its neighbours

    @Override
    public List<String> nodes() {
        return simulation.nodes.stream()
                .map(node -> node.name)
                .filter(other -> !other.equals(name))
                .toList();
    }

    @Override
    public CompletionStage<byte[]> toNode(String node, String operation, byte[] body, Duration timeout) {
        CompletableFuture<byte[]> answer = new CompletableFuture<>();
        int mine = life;
        world.in(timeout.toNanos(), () -> run(mine, () -> answer.completeExceptionally(lost(node))));
        SimNode other = simulation.node(node);
        deliver(other, body, mine, answer);
        if (world.chance(0.02)) {
            deliver(other, body, mine, new CompletableFuture<>()); // once more, perhaps much later
        }
        return answer;
    }

    private void deliver(SimNode other, byte[] body, int mine, CompletableFuture<byte[]> answer) {
        if (simulation.isLost(this, other)) {
            return;
        }
        int theirs = other.life;
        world.in(
                simulation.networkDelay(),
                () -> other.run(theirs, () -> {
                    byte[] said = receive(other, body);
                    if (!simulation.isLost(other, this)) {
                        world.in(simulation.networkDelay(), () -> run(mine, () -> answer.complete(said)));
                    }
                }));
    }

    private static byte[] receive(SimNode other, byte[] body) {
        try {
            return other.delivery.hints(body);
        } catch (ProtocolException e) {
            throw new AssertionError(e);
        }
    }

    private static ProtocolException lost(String node) {
        return new ProtocolException(Reason.DEADLINE_EXCEEDED, node + " does not answer");
    }

    @Override
    public CompletionStage<byte[]> toCell(String cell, String operation, byte[] body, Duration timeout) {
        throw new AssertionError("one cell only");
    }
}

package io.rialto.sync;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.Bye;
import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.Fetched;
import io.rialto.protocol.sync.Hello;
import io.rialto.protocol.sync.ServerFrame;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.protocol.sync.SyncMessage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A phone. What it has applied and its keys outlive a crash and change together; all else does not. It may crash between
 * any two steps.
 */
final class SimDevice {
    private static final int BEAT_SECONDS = 15;
    private static final Set<String> MAY_END =
            Set.of("superseded", "overloaded", "draining", "not_acknowledged", "store_unavailable");

    final String id;
    final String user;
    private final SyncSimulation simulation;
    private final SimWorld world;
    private final boolean slow;

    /** Kept: what was applied, in order, and how far. */
    final Map<String, List<String>> journal = new TreeMap<>();

    private final Map<String, SyncKey> keys = new TreeMap<>();

    /** Lost in a crash. */
    private final Deque<Batch> waiting = new ArrayDeque<>();

    private final Map<String, Long> greeted = new HashMap<>();
    private final Map<String, Long> received = new HashMap<>();
    private @Nullable SimConnection connection;
    private int incarnation;
    private boolean awake;
    private boolean applying;
    private long lastFrame;
    private boolean pinged;

    SimDevice(String id, String user, SyncSimulation simulation) {
        this.id = id;
        this.user = user;
        this.simulation = simulation;
        this.world = simulation.world;
        this.slow = world.chance(0.1);
        later(0, 500, this::connect);
        awake = true;
        watch(incarnation);
    }

    static String name(SyncKey key) {
        return (key.everyone() ? "*" : "") + key.topic();
    }

    long delay() {
        return world.chance(0.02) ? world.span(0, 1_500) : world.span(1, slow ? 300 : 30);
    }

    boolean isConnectedTo(SimNode node) {
        SimConnection current = connection;
        return current != null && current.node() == node && current.isOpenAtServer();
    }

    /** Does something later, unless it has crashed by then. */
    private void later(double fromMillis, double toMillis, Runnable action) {
        int now = incarnation;
        world.in(world.span(fromMillis, toMillis), () -> {
            if (incarnation == now) {
                action.run();
            }
        });
    }

    // streams

    private void connect() {
        SimNode node = simulation.anyNode();
        if (node == null) {
            later(500, 2_000, this::connect);
            return;
        }
        received.clear();
        keys.forEach((name, key) -> received.put(name, key.sequence()));
        greeted.clear();
        greeted.putAll(received);
        waiting.clear();
        lastFrame = world.nanos();
        pinged = false;
        SimConnection opened = new SimConnection(world, this, node, DeviceFrame.hello(hello()));
        connection = opened;
        simulation.connections.add(opened);
    }

    private Hello hello() {
        return Hello.builder()
                .keys(List.copyOf(keys.values()))
                .beatSeconds(BEAT_SECONDS)
                .build();
    }

    void lost(SimConnection gone) {
        if (gone == connection) {
            connection = null;
            later(10, 2_000, this::connect);
        }
    }

    void bye(SimConnection from, Bye bye) {
        if (!MAY_END.contains(bye.reason())) {
            throw new AssertionError(id + " was told " + bye.reason() + ": " + bye.text());
        }
        if (from == connection) {
            connection = null;
            later(bye.retryAfterMillis(), bye.retryAfterMillis() + 1_000, this::connect);
        }
    }

    /** A stream that is silent for long is asked, and then left. */
    private void watch(int of) {
        world.in(TimeUnit.SECONDS.toNanos(2), () -> {
            if (of != incarnation) {
                return;
            }
            long silence = TimeUnit.NANOSECONDS.toSeconds(world.nanos() - lastFrame);
            SimConnection current = connection;
            if (current != null && silence > Beats.longestSilence(BEAT_SECONDS) + 8) {
                current.cut(null);
                lost(current);
            } else if (current != null && silence > Beats.longestSilence(BEAT_SECONDS) && !pinged) {
                pinged = true;
                current.says(DeviceFrame.ping(0));
            }
            watch(of);
        });
    }

    void receive(SimConnection from, ServerFrame frame) {
        if (from != connection) {
            return;
        }
        lastFrame = world.nanos();
        pinged = false;
        if (frame.kind() == ServerFrame.Kind.BATCH) {
            take(frame.batch());
        }
    }

    private void take(Batch batch) {
        long had = Math.max(received.getOrDefault(name(batch.end()), 0L), sequence(batch.end()));
        if (batch.first() > had + 1 || batch.first() <= greeted.getOrDefault(name(batch.end()), 0L)) {
            throw new AssertionError(id + " has " + had + " of " + name(batch.end()) + " and got " + batch.first());
        }
        received.put(name(batch.end()), Math.max(had, batch.last()));
        waiting.add(batch);
        applyNext();
    }

    // applying

    private void applyNext() {
        if (!applying && !waiting.isEmpty()) {
            applying = true;
            later(0, slow ? 200 : 2, () -> {
                Batch next = waiting.poll();
                applying = next != null; // a new stream brings it again
                if (next != null) {
                    apply(next, 0);
                }
            });
        }
    }

    private void apply(Batch batch, int at) {
        if (at == batch.messages().size()) {
            advance(batch.end());
            applying = false;
            later(0, 20, () -> acknowledge(batch.end()));
            applyNext();
            return;
        }
        SyncMessage message = batch.messages().get(at);
        apply(batch, message);
        later(0, slow ? 30 : 1, () -> apply(batch, at + 1));
    }

    /** One transaction. */
    private void apply(Batch batch, SyncMessage message) {
        if (message.sequence() <= sequence(batch.end())) {
            return;
        }
        List<String> applied = journal.computeIfAbsent(name(batch.end()), name -> new ArrayList<>());
        if (message.sequence() != applied.size() + 1L) {
            throw new AssertionError(id + " applied " + applied.size() + " and then " + message.sequence());
        }
        applied.add(new String(message.payload(), StandardCharsets.UTF_8));
        keys.put(name(batch.end()), new SyncKey(batch.topic(), batch.everyone(), batch.inbox(), message.sequence()));
    }

    private void advance(SyncKey end) {
        if (end.sequence() > sequence(end)) {
            keys.put(name(end), end);
        }
    }

    private long sequence(SyncKey of) {
        SyncKey key = keys.get(name(of));
        return key == null ? 0 : key.sequence();
    }

    /** Says what it has; now and then twice, late, or all of it. */
    private void acknowledge(SyncKey key) {
        SimConnection current = connection;
        if (current == null || simulation.isChaotic() && world.chance(0.05)) {
            return;
        }
        List<SyncKey> all = world.chance(0.2) ? List.copyOf(keys.values()) : List.of(key);
        current.says(DeviceFrame.ack(all));
        if (world.chance(0.1)) {
            later(0, 2_000, () -> acknowledge(key));
        }
    }

    /** Says all that it has, as a device does that was idle. */
    void acknowledgeAll() {
        SimConnection current = connection;
        if (current != null && !keys.isEmpty()) {
            current.says(DeviceFrame.ack(List.copyOf(keys.values())));
        }
    }

    // what happens to it

    void crash() {
        incarnation++;
        applying = false;
        awake = false;
        waiting.clear();
        SimConnection current = connection;
        connection = null;
        if (current != null) {
            current.cut(null);
        }
        later(0, 4_000, this::start);
    }

    private void start() {
        awake = true;
        watch(incarnation);
        connect();
    }

    void loseConnection() {
        SimConnection current = connection;
        if (current != null) {
            current.cut(() -> lost(current));
        }
    }

    /** Opens another stream while the first is there, as after a change of network. */
    void openAnother() {
        if (awake && connection != null) {
            connect();
        }
    }

    /** Asks by a call, beside its stream. */
    void fetch() {
        SimNode node = simulation.anyNode();
        if (!awake || node == null) {
            return;
        }
        int now = incarnation;
        int life = node.life();
        byte[] request = Fetched.request(hello());
        world.in(
                delay(),
                () -> node.run(
                        life,
                        () -> node.delivery()
                                .fetch(new Device("wallet", id, user, 3, 1, "en"), request)
                                .whenComplete((answer, failure) -> world.in(delay(), () -> {
                                    if (now == incarnation) {
                                        fetched(answer, failure);
                                    }
                                }))));
    }

    private void fetched(byte @Nullable [] answer, @Nullable Throwable failure) {
        if (answer == null) {
            if (!(failure instanceof ProtocolException refused)
                    || refused.reason() != Reason.STORE_UNAVAILABLE && refused.reason() != Reason.OVERLOADED) {
                throw new AssertionError("fetch", failure);
            }
            return;
        }
        try {
            for (Batch batch : Fetched.decode(answer).batches()) {
                if (batch.first() <= sequence(batch.end()) + 1) {
                    batch.messages().forEach(message -> apply(batch, message));
                    advance(batch.end());
                }
            }
            if (world.chance(0.5)) {
                acknowledgeAll();
            }
        } catch (ProtocolException e) {
            throw new AssertionError(e);
        }
    }
}

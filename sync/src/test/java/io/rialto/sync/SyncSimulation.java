package io.rialto.sync;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A cell of a few nodes, users, phones and publishers, over which for some seconds everything happens that may happen;
 * then all is healed, and after a while the invariants must hold. All of it follows from the seed.
 *
 * <ul>
 *   <li>every publish that was acknowledged is on every device of its user, once and in order, and nothing else is;
 *   <li>no device ever gets a batch that leaves something out;
 *   <li>a publish that was tried several times is there once;
 *   <li>no device owes more than the bound, and no stream or directory entry is left over;
 *   <li>the database knows how far every device is.
 * </ul>
 */
final class SyncSimulation {
    private static final List<Topic> TOPICS = List.of(NodeFixture.PAYMENTS, NodeFixture.NEWS);
    private static final long HEAL_STEP = TimeUnit.SECONDS.toNanos(5);
    private static final int MAX_HEAL_STEPS = 60;

    final SimWorld world;
    final InMemoryInbox keeper = new InMemoryInbox();
    final List<SimNode> nodes = new ArrayList<>();
    final List<SimDevice> devices = new ArrayList<>();
    final List<SimConnection> connections = new ArrayList<>();
    boolean databaseDown;
    double databaseTrouble;
    private double loss;
    private double slowness;
    private boolean chaotic = true;
    private final Set<String> parted = new HashSet<>();
    /** What publishers were told: key of the message, by sequence, by inbox. */
    private final Map<String, Map<Long, String>> acknowledged = new TreeMap<>();

    private int nextKey;
    private int openPublishes;

    SyncSimulation(long seed) {
        world = new SimWorld(seed);
        int count = 1 + world.random.nextInt(4);
        for (int i = 1; i <= count; i++) {
            nodes.add(new SimNode("east-" + i, this));
        }
        int users = 1 + world.random.nextInt(4);
        for (int u = 0; u < users; u++) {
            int phones = 1 + world.random.nextInt(3);
            for (int d = 0; d < phones; d++) {
                devices.add(new SimDevice("device-" + u + "-" + d, "user-" + u, this));
            }
        }
    }

    /** Runs it; throws an {@link AssertionError} where an invariant does not hold. */
    void run() {
        loss = world.chance(0.3) ? 0 : world.random.nextDouble() * 0.3;
        slowness = world.chance(0.3) ? 0.3 : 0;
        databaseTrouble = world.chance(0.5) ? 0 : world.random.nextDouble() * 0.2;
        publishing();
        chaos();
        world.run(world.span(5_000, 20_000));
        heal();
        for (int i = 0; ; i++) {
            world.run(HEAL_STEP);
            String wrong = wrong();
            if (wrong.isEmpty()) {
                return;
            }
            if (i == MAX_HEAL_STEPS) {
                throw new AssertionError(wrong);
            }
        }
    }

    boolean isChaotic() {
        return chaotic;
    }

    @Nullable
    Topic topic(String name) {
        return TOPICS.stream()
                .filter(topic -> topic.name().equals(name))
                .findFirst()
                .orElse(null);
    }

    SimNode node(String name) {
        return nodes.stream().filter(node -> node.name.equals(name)).findFirst().orElseThrow();
    }

    @Nullable
    SimNode anyNode() {
        List<SimNode> up = nodes.stream().filter(SimNode::isUp).toList();
        return up.isEmpty() ? null : up.get(world.random.nextInt(up.size()));
    }

    // network between nodes

    boolean isLost(SimNode from, SimNode to) {
        return !to.isUp() || parted.contains(from.name + to.name) || world.chance(loss);
    }

    long networkDelay() {
        return world.chance(slowness) ? world.span(0, 2_000) : world.span(0.1, 3);
    }

    // publishers

    private void publishing() {
        double pace = 40 + world.random.nextInt(400);
        for (int i = 1 + world.random.nextInt(3); i > 0; i--) {
            publishOn(pace);
        }
    }

    private void publishOn(double paceMillis) {
        world.in(world.span(0, 2 * paceMillis), () -> {
            if (chaotic) {
                int burst = world.chance(0.02) ? 60 : 1;
                String user = world.chance(0.15) ? "" : devices.get(world.random.nextInt(devices.size())).user;
                String topic = TOPICS.get(world.random.nextInt(TOPICS.size())).name();
                for (int i = 0; i < burst; i++) {
                    publish(user, topic, "key-" + nextKey++, 0);
                }
                publishOn(paceMillis);
            }
        });
    }

    /** A try; without an answer, or with one that says nothing certain, the same key is tried again. */
    private void publish(String user, String topic, String key, int tries) {
        openPublishes++;
        boolean[] answered = {false};
        Runnable again = () -> {
            if (!answered[0]) {
                answered[0] = true;
                openPublishes--;
                if (!chaotic || tries < 3 || world.chance(0.8)) { // else it gives up
                    publish(user, topic, key, tries + 1);
                }
            }
        };
        world.in(world.span(300, 1_500), again);
        SimNode node = anyNode();
        if (node == null) {
            return;
        }
        int life = node.life();
        world.in(
                world.span(0, 5),
                () -> node.run(life, () -> {
                    if (!node.isAnswered()) {
                        return;
                    }
                    byte[] payload = payload(key);
                    Stored stored = keeper.store(user, topic, key, payload, world.millis());
                    if (!node.isAnswered()) {
                        return; // committed, and nobody knows
                    }
                    world.in(
                            world.span(0, 3),
                            () -> node.run(life, () -> {
                                hint(node, user, topic, key, payload, stored);
                                world.in(world.span(0, 5), () -> {
                                    if (!answered[0]) {
                                        answered[0] = true;
                                        openPublishes--;
                                        String other = acknowledged
                                                .computeIfAbsent(inbox(user, topic), name -> new TreeMap<>())
                                                .putIfAbsent(stored.sequence(), key);
                                        if (other != null) {
                                            throw new AssertionError(key + " and " + other + " have one sequence");
                                        }
                                    }
                                });
                            }));
                }));
    }

    private byte[] payload(String key) {
        byte[] text = key.getBytes(StandardCharsets.UTF_8);
        return world.chance(0.01) ? Arrays.copyOf(text, 30_000) : text;
    }

    private void hint(SimNode node, String user, String topic, String key, byte[] payload, Stored stored) {
        if (chaotic && world.chance(0.1)) {
            return;
        }
        if (user.isEmpty()) {
            node.delivery().storedForEveryone(topic);
        } else if (stored.repeated() || world.chance(0.2)) {
            node.delivery().stored(List.of(user));
        } else {
            node.delivery().stored(message(user, topic, key, payload), stored.sequence());
        }
    }

    private Publication message(String user, String topic, String key, byte[] payload) {
        Instant now = Instant.ofEpochMilli(world.millis());
        return new Publication(
                3, 1, user, topic, key, null, null, "text/plain", payload, now, null, Versions.ALL, false, "", 0);
    }

    private static String inbox(String user, String topic) {
        return user + "/" + topic;
    }

    // what may happen

    private void chaos() {
        world.in(world.span(50, 1_500), () -> {
            if (chaotic) {
                strike();
                chaos();
            }
        });
    }

    private void strike() {
        SimNode node = nodes.get(world.random.nextInt(nodes.size()));
        SimNode other = nodes.get(world.random.nextInt(nodes.size()));
        SimDevice device = devices.get(world.random.nextInt(devices.size()));
        switch (world.random.nextInt(11)) {
            case 0 -> {
                node.kill();
                world.in(world.span(100, 5_000), node::start);
            }
            case 1 -> node.pause(world.span(100, 5_000));
            case 2 -> node.jump(world.random.nextInt(7_200_000) - 3_600_000);
            case 3 -> {
                databaseDown = true;
                world.in(world.span(50, 3_000), () -> databaseDown = false);
            }
            case 4 -> {
                node.awayFromDatabase(true);
                world.in(world.span(50, 4_000), () -> node.awayFromDatabase(false));
            }
            case 5 -> {
                parted.add(node.name + other.name);
                world.in(world.span(100, 6_000), () -> parted.remove(node.name + other.name));
            }
            case 6, 7 -> device.crash();
            case 8 -> device.loseConnection();
            case 9 -> device.openAnother();
            default -> device.fetch();
        }
    }

    private void heal() {
        chaotic = false;
        databaseDown = false;
        databaseTrouble = 0;
        loss = 0;
        slowness = 0;
        parted.clear();
        nodes.forEach(SimNode::heal);
    }

    // what must hold

    private String wrong() {
        if (openPublishes > 0) {
            return openPublishes + " publishes have no answer";
        }
        for (SimDevice device : devices) {
            for (Topic topic : TOPICS) {
                String wrong = wrong(device, topic.name(), device.user, topic.name())
                        + wrong(device, topic.name(), "", "*" + topic.name());
                if (!wrong.isEmpty()) {
                    return wrong;
                }
            }
        }
        return directories();
    }

    private String wrong(SimDevice device, String topic, String user, String name) {
        List<String> stored = keeper.payloads(user, topic);
        List<String> applied = device.journal.getOrDefault(name, List.of());
        if (!stored.equals(applied)) {
            return device.id + " has " + applied.size() + " of " + stored.size() + " in " + name;
        }
        if (new HashSet<>(stored).size() != stored.size()) {
            return name + " of " + user + " has a message twice";
        }
        Map<Long, String> promised = acknowledged.getOrDefault(inbox(user, topic), Map.of());
        for (Map.Entry<Long, String> each : promised.entrySet()) {
            if (!stored.get((int) (each.getKey() - 1)).trim().equals(each.getValue())) {
                return each.getValue() + " was acknowledged and is not there";
            }
        }
        Long cursor = keeper.cursors.getOrDefault(InMemoryInbox.cursor(device.id, topic, user.isEmpty()), 0L);
        if (cursor != stored.size()) {
            device.acknowledgeAll();
            return "the database has " + device.id + " at " + cursor + " of " + stored.size() + " in " + name;
        }
        return "";
    }

    /** Every node knows of every stream, and of no other. */
    private String directories() {
        Set<String> open = new TreeSet<>();
        for (SimDevice device : devices) {
            for (SimNode node : nodes) {
                if (device.isConnectedTo(node)) {
                    open.add(device.id + "@" + node.name);
                }
            }
        }
        if (open.size() != devices.size()) {
            return open.size() + " of " + devices.size() + " devices are connected";
        }
        for (SimNode node : nodes) {
            Set<String> known = new TreeSet<>();
            for (SimDevice device : devices) {
                node.delivery().whereIs(device.user).forEach(where -> known.add(where.device() + "@" + where.node()));
            }
            if (!known.equals(open)) {
                return node.name + " knows of " + known + ", open are " + open;
            }
        }
        return "";
    }
}

package io.rialto.control;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which version each node serves, as it says itself when it asks for a newer one: what is effective, beside what is
 * configured. Kept in memory, of the nodes that ask this process.
 */
final class SeenNodes {
    /** Several times the nodes that may wait; nodes that say what they are not must not fill the memory. */
    private static final int MAX = 20_000;

    /**
     * What a node said last.
     *
     * @param serves the version that it has put in force
     */
    record Seen(String node, long serves, Instant at) {}

    private final Map<String, Seen> nodes = new ConcurrentHashMap<>();

    void saw(String node, long serves, Instant now) {
        if (nodes.size() < MAX || nodes.containsKey(node)) {
            nodes.put(node, new Seen(node, serves, now));
        }
    }

    List<Seen> all() {
        return nodes.values().stream()
                .sorted((a, b) -> a.node().compareTo(b.node()))
                .toList();
    }
}

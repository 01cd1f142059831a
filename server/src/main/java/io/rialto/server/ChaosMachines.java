package io.rialto.server;

import io.rialto.node.postgres.PostgresPlace;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The machines of a fault test: each a network namespace with an address of its own, or, where namespaces may not be made,
 * all of them the loopback address.
 *
 * <p>Namespaces hang on one bridge, on which this process has three addresses. Its own, by which it looks at everything,
 * is never cut off. Of the other two, links between machines have one and links inside of a machine the other, so that a
 * machine that is cut off stays whole within.
 */
final class ChaosMachines implements AutoCloseable {
    /** Which packets do not pass. */
    enum Cut {
        IN,
        OUT,
        BOTH
    }

    private final Map<String, ChaosNamespace> namespaces;
    private final Optional<ChaosBridge> bridge;
    private final String why;

    private ChaosMachines(Map<String, ChaosNamespace> namespaces, Optional<ChaosBridge> bridge, String why) {
        this.namespaces = namespaces;
        this.bridge = bridge;
        this.why = why;
    }

    /** Namespaces, where this machine allows them, and else the loopback address. What earlier runs left is removed first. */
    static ChaosMachines make(List<String> names) throws IOException, InterruptedException {
        Optional<String> missing = ChaosBridge.missing();
        if (missing.isPresent()) {
            return loopback(missing.get());
        }
        ChaosBridge.removeLeftOver();
        Optional<ChaosBridge> bridge = Optional.empty();
        Map<String, ChaosNamespace> namespaces = new LinkedHashMap<>();
        try {
            ChaosBridge made = ChaosBridge.make(ProcessHandle.current().pid());
            bridge = Optional.of(made);
            for (String name : names) {
                namespaces.put(name, ChaosNamespace.make(made, name, namespaces.size()));
            }
            made.check(List.copyOf(namespaces.values()));
            return new ChaosMachines(namespaces, bridge, "each machine is a network namespace in " + made.network());
        } catch (IOException e) {
            try {
                new ChaosMachines(namespaces, bridge, "").close();
            } catch (IOException left) {
                return loopback(e.getMessage() + "; not all of it could be taken away: " + left.getMessage());
            }
            return loopback(String.valueOf(e.getMessage()));
        }
    }

    /** One address for all. */
    static ChaosMachines loopback(String why) {
        return new ChaosMachines(Map.of(), Optional.empty(), why);
    }

    /** Whether they are namespaces, so that one can be cut off. */
    boolean apart() {
        return bridge.isPresent();
    }

    /** Where it runs, and why so. */
    String describe() {
        return (apart()
                        ? "in network namespaces: "
                        : "on the loopback address, since network namespaces are not to be had: ")
                + why;
    }

    /** The address that the programs of a machine listen on. */
    String host(String machine) {
        ChaosNamespace namespace = namespaces.get(machine);
        return namespace == null ? PostgresPlace.LOOPBACK.host() : namespace.host();
    }

    /** Of links between machines. */
    InetAddress between() {
        return bridge.map(ChaosBridge::between).orElseGet(InetAddress::getLoopbackAddress);
    }

    /** Of links inside of one machine. */
    InetAddress within() {
        return bridge.map(ChaosBridge::within).orElseGet(InetAddress::getLoopbackAddress);
    }

    /** Every address that something may be reached by from another machine, for certificates. */
    List<String> addresses() {
        List<String> all = new ArrayList<>();
        if (apart()) {
            all.add(between().getHostAddress());
            namespaces.values().forEach(namespace -> all.add(namespace.host()));
        }
        return all;
    }

    /** The place of a machine's database server. */
    PostgresPlace place(String machine) {
        ChaosNamespace namespace = namespaces.get(machine);
        return namespace == null
                ? PostgresPlace.LOOPBACK
                : new PostgresPlace(namespace.host(), namespace.enter(), bridge.map(ChaosBridge::network));
    }

    /** Words before a command line that has it run on a machine. */
    List<String> enter(String machine) {
        ChaosNamespace namespace = namespaces.get(machine);
        return namespace == null ? List.of() : namespace.enter();
    }

    void cut(String machine, Cut cut) throws IOException, InterruptedException {
        ChaosNamespace namespace = namespaces.get(machine);
        if (namespace == null) {
            throw new IllegalStateException("machine: " + machine + " (expected: one of " + namespaces.keySet() + ")");
        }
        namespace.cut(cut);
    }

    /** Lets everything pass again, everywhere. */
    void heal() throws IOException, InterruptedException {
        for (ChaosNamespace namespace : namespaces.values()) {
            namespace.heal();
        }
    }

    /** Removes all; what runs there is ended. */
    @Override
    public void close() throws IOException, InterruptedException {
        for (ChaosNamespace namespace : namespaces.values()) {
            namespace.remove();
        }
        if (bridge.isPresent()) {
            bridge.get().remove();
        }
    }
}

package io.rialto.server;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A network namespace with one interface, which hangs on a bridge.
 *
 * @param name of the namespace, which says whose process made it
 * @param link the end of its interface at the bridge
 */
record ChaosNamespace(String name, String link, String host, ChaosBridge bridge) {
    private static final String PREFIX = "rialto-";
    /** Above the addresses of the process that made it. */
    private static final int FIRST_HOST = 11;

    static ChaosNamespace make(ChaosBridge bridge, String machine, int number)
            throws IOException, InterruptedException {
        ChaosNamespace made = new ChaosNamespace(
                PREFIX + bridge.owner() + "-" + machine,
                bridge.name() + "x" + number,
                bridge.host(FIRST_HOST + number),
                bridge);
        ChaosBridge.run("ip", "netns", "add", made.name);
        made.inside("ip", "link", "set", "lo", "up");
        ChaosBridge.run("ip", "link", "add", made.link, "type", "veth", "peer", "name", "eth0", "netns", made.name);
        ChaosBridge.run("ip", "link", "set", made.link, "master", bridge.name(), "up");
        made.inside("ip", "address", "add", made.host + ChaosBridge.BITS, "dev", "eth0");
        made.inside("ip", "link", "set", "eth0", "up");
        return made;
    }

    /** The process that made a namespace of this name; negative where no fault test did. */
    static long owner(String name) {
        String rest = name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : "";
        int end = rest.indexOf('-');
        return end > 0 && rest.substring(0, end).matches("[0-9]{1,9}") ? Long.parseLong(rest.substring(0, end)) : -1;
    }

    /** Not {@code ip netns exec}, which would give the program mounts of its own as well. */
    List<String> enter() {
        return List.of("nsenter", "--net=/run/netns/" + name);
    }

    private void inside(String... command) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(enter());
        all.addAll(List.of(command));
        ChaosBridge.run(all.toArray(String[]::new));
    }

    /** Packets are lost from now on, but those of what runs inside, and of the process that looks at all of it. */
    void cut(ChaosMachines.Cut cut) throws IOException, InterruptedException {
        heal();
        String rules = switch (cut) {
            case IN -> chain("input", "iifname", "saddr");
            case OUT -> chain("output", "oifname", "daddr");
            case BOTH -> chain("input", "iifname", "saddr") + chain("output", "oifname", "daddr");
        };
        inside("nft", "add table inet rialto; " + rules);
    }

    private String chain(String hook, String side, String address) {
        return String.format(
                Locale.ROOT,
                "add chain inet rialto %1$s { type filter hook %1$s priority 0; policy drop; };"
                        + " add rule inet rialto %1$s %2$s lo accept; add rule inet rialto %1$s ip %3$s { %4$s, %5$s }"
                        + " accept; ",
                hook,
                side,
                address,
                bridge.own(),
                bridge.within().getHostAddress());
    }

    void heal() throws IOException, InterruptedException {
        // Made where it is not there, since what is not there cannot be deleted.
        inside("nft", "add table inet rialto; delete table inet rialto");
    }

    /** Ends what runs inside, and takes away all that was made. */
    void remove() throws IOException, InterruptedException {
        remove(name);
    }

    /** The ends of its interface go with it. */
    static void remove(String name) throws IOException, InterruptedException {
        for (String pid : ChaosBridge.run("ip", "netns", "pids", name).lines().toList()) {
            ProcessHandle.of(Long.parseLong(pid.strip())).ifPresent(process -> {
                process.destroyForcibly();
                process.onExit().join();
            });
        }
        ChaosBridge.run("ip", "netns", "delete", name);
    }
}

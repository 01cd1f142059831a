package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;

/**
 * A bridge with a network of its own, in which nothing of the machine's own network takes part.
 *
 * @param owner the process that made it
 * @param prefix the first three numbers of its addresses, with a dot behind each
 */
record ChaosBridge(long owner, String prefix) {
    static final String BITS = "/24";

    private static final Path NAMESPACES = Path.of("/run/netns");
    private static final String NAME = "rlt";
    /** Of 198.18.0.0/15, which is for tests of networks (RFC 2544): no net that a machine really talks to. */
    private static final int NETWORKS = 512;

    private static final int SECONDS = 20;
    private static final int CHECK_MILLIS = 2_000;
    /** Nothing listens there. */
    private static final int DISCARD = 9;

    /** Why there can be none here. */
    static Optional<String> missing() throws IOException, InterruptedException {
        if ((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") != 0) {
            return Optional.of("they are for root");
        }
        for (String program : List.of("ip", "nft", "nsenter", "bash")) {
            if (Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":", -1))
                    .noneMatch(folder -> Files.isExecutable(Path.of(folder, program)))) {
                return Optional.of(
                        "the program '" + program + "' is missing (Debian has them in its packages iproute2, nftables,"
                                + " util-linux and bash)");
            }
        }
        return Optional.empty();
    }

    static ChaosBridge make(long owner) throws IOException, InterruptedException {
        ChaosBridge made =
                new ChaosBridge(owner, freePrefix(run("ip", "-4", "-json", "route", "show", "table", "all"), owner));
        run("ip", "link", "add", made.name(), "type", "bridge");
        for (String address : List.of(made.own(), made.host(2), made.host(3))) {
            run("ip", "address", "add", address + BITS, "dev", made.name());
        }
        run("ip", "link", "set", made.name(), "up");
        return made;
    }

    /** A net that no route of the machine, but the one for everything else, leads to. */
    static String freePrefix(String routes, long from) throws IOException {
        Set<String> used = new TreeSet<>();
        try {
            for (JsonNode route : Json.read(routes)) {
                used.add(route.path("dst").asString(""));
            }
        } catch (JsonException e) {
            throw new IOException("the routes of this machine: " + e.getMessage(), e);
        }
        for (long i = 0; i < NETWORKS; i++) {
            long number = (from + i) % NETWORKS;
            String prefix = "198." + (18 + number / 256) + "." + number % 256 + ".";
            if (used.stream().noneMatch(route -> overlaps(route, prefix))) {
                return prefix;
            }
        }
        throw new IOException("no net of 198.18.0.0/15 is free: there are routes to " + used);
    }

    private static boolean overlaps(String route, String prefix) {
        if (!route.matches("[0-9.]+(/[0-9]+)?")) {
            return false;
        }
        int slash = route.indexOf('/');
        int bits = Math.min(24, slash < 0 ? 32 : Integer.parseInt(route.substring(slash + 1)));
        long mask = bits == 0 ? 0 : -1L << (32 - bits);
        return (number(slash < 0 ? route : route.substring(0, slash)) & mask) == (number(prefix + "0") & mask);
    }

    /** {@code ip} leaves out zeros at the end. */
    private static long number(String address) {
        String[] parts = address.split("\\.", -1);
        long number = 0;
        for (int i = 0; i < 4; i++) {
            number = number << 8 | (i < parts.length ? Integer.parseInt(parts[i]) : 0);
        }
        return number;
    }

    /** What processes that are gone have left: they were killed, and could not tidy up. */
    static void removeLeftOver() throws IOException, InterruptedException {
        if (Files.isDirectory(NAMESPACES)) {
            List<String> names = new ArrayList<>();
            try (DirectoryStream<Path> files = Files.newDirectoryStream(NAMESPACES)) {
                files.forEach(file -> names.add(file.getFileName().toString()));
            }
            for (String name : names) {
                if (isGone(ChaosNamespace.owner(name))) {
                    ChaosNamespace.remove(name);
                }
            }
        }
        try {
            for (JsonNode link : Json.read(run("ip", "-json", "link", "show", "type", "bridge"))) {
                String name = link.path("ifname").asString("");
                if (name.matches(NAME + "[0-9]{1,9}") && isGone(Long.parseLong(name.substring(NAME.length())))) {
                    run("ip", "link", "delete", name);
                }
            }
        } catch (JsonException e) {
            throw new IOException("the bridges of this machine: " + e.getMessage(), e);
        }
    }

    private static boolean isGone(long process) {
        return process > 0 && ProcessHandle.of(process).isEmpty();
    }

    String name() {
        return NAME + owner;
    }

    String network() {
        return prefix + "0" + BITS;
    }

    String host(int number) {
        return prefix + number;
    }

    /** Of the process that made it; the one that its connections come from where they are not told another. */
    String own() {
        return host(1);
    }

    /** Of its links between machines. */
    InetAddress between() {
        return InetAddress.ofLiteral(host(2));
    }

    /** Of its links inside of one machine. */
    InetAddress within() {
        return InetAddress.ofLiteral(host(3));
    }

    /** Fails where packets do not pass, such as by a firewall of the machine. */
    void check(List<ChaosNamespace> namespaces) throws IOException, InterruptedException {
        for (ChaosNamespace namespace : namespaces) {
            if (!refuses(namespace.host())) {
                throw new IOException("nothing gets to the namespace " + namespace.name());
            }
            for (InetAddress own : List.of(between(), within())) {
                try (ServerSocket server = new ServerSocket(0, 1, own)) {
                    connect(namespace, own.getHostAddress(), server.getLocalPort(), "open");
                }
            }
            connect(namespace, namespaces.getFirst().host(), DISCARD, "refused");
        }
    }

    private static boolean refuses(String host) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.ofLiteral(host), DISCARD), CHECK_MILLIS);
            return true;
        } catch (ConnectException e) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** By a shell in the namespace; no answer at all is the failure. */
    private static void connect(ChaosNamespace from, String host, int port, String expected)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(from.enter());
        command.addAll(List.of(
                "timeout",
                Integer.toString(CHECK_MILLIS / 1_000),
                "bash",
                "-c",
                "if (exec 3<>/dev/tcp/" + host + "/" + port + ") 2>/dev/null; then echo open; else echo refused; fi"));
        String answer = run(command.toArray(String[]::new)).strip();
        if (!answer.equals(expected)) {
            throw new IOException("from the namespace " + from.name() + ", " + host + " is " + answer + " (expected: "
                    + expected + ")");
        }
    }

    void remove() throws IOException, InterruptedException {
        run("ip", "link", "delete", name());
    }

    /** What a command says. */
    static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        // One that does not end in time fails as any other.
        CompletableFuture.delayedExecutor(SECONDS, TimeUnit.SECONDS).execute(process::destroyForcibly);
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + ": " + said.strip());
        }
        return said;
    }
}

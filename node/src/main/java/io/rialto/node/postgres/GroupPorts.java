package io.rialto.node.postgres;

import io.rialto.node.DurableFiles;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The ports of a group's servers, each kept in the server's folder, and where they run. For any thread. */
final class GroupPorts {
    private final Map<String, Path> folders;
    private final Map<String, PostgresPlace> places;
    private final Map<String, Integer> ports = new ConcurrentHashMap<>();

    /**
     * Not chosen yet.
     *
     * @param folders of all servers, by name
     * @param places of those that run elsewhere than on the loopback address, by name
     */
    GroupPorts(Map<String, Path> folders, Map<String, PostgresPlace> places) {
        this.folders = folders;
        this.places = Map.copyOf(places);
    }

    /** A server keeps its port, which the others know, unless somebody else has taken it. */
    void choose() throws IOException {
        List<ServerSocket> held = new ArrayList<>();
        try {
            for (Map.Entry<String, Path> one : folders.entrySet()) {
                Path file = Files.createDirectories(one.getValue()).resolve("port");
                ServerSocket socket = hold(Files.exists(file) ? Files.readString(file) : "0");
                held.add(socket);
                keep(one.getKey(), one.getValue(), socket.getLocalPort());
            }
        } finally {
            for (ServerSocket socket : held) {
                socket.close();
            }
        }
    }

    /** Another port, of a server that nobody has been told of yet. */
    void change(String name) throws IOException {
        Path folder = folders.get(name);
        if (folder == null) {
            throw unknown(name);
        }
        try (ServerSocket socket = hold("0")) {
            keep(name, folder, socket.getLocalPort());
        }
    }

    int of(String name) {
        Integer port = ports.get(name);
        if (port == null) {
            throw unknown(name);
        }
        return port;
    }

    PostgresPlace place(String name) {
        return places.getOrDefault(name, PostgresPlace.LOOPBACK);
    }

    /** Host and port. */
    String address(String name) {
        return place(name).host() + ":" + of(name);
    }

    private IllegalArgumentException unknown(String name) {
        return new IllegalArgumentException("server: " + name + " (expected: one of " + folders.keySet() + ")");
    }

    private static ServerSocket hold(String wanted) throws IOException {
        ServerSocket socket = new ServerSocket();
        socket.setReuseAddress(true);
        try {
            socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), Integer.parseInt(wanted.strip())));
            return socket;
        } catch (IOException | NumberFormatException e) {
            socket.close();
            return new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"));
        }
    }

    private void keep(String name, Path folder, int port) throws IOException {
        ports.put(name, port);
        DurableFiles.replace(folder.resolve("port"), Integer.toString(port).getBytes(StandardCharsets.US_ASCII));
    }
}

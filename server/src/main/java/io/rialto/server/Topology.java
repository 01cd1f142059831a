package io.rialto.server;

import io.rialto.node.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What {@code rialto up} runs on one machine, and on which ports: cells with one edge each, and control.
 *
 * @param cells the first of them is the one that phones are told first
 */
record Topology(List<OneCell> cells, int controlPort) {
    /** Users are spread over these; few enough for a person to read the table, enough to move some. */
    static final int SHARDS = 100;

    static final int DEFAULT_BASE = 8443;
    static final int FIRST_PORT = 10_000;
    static final int LAST_PORT = 30_000;
    private static final int INTERNAL_OFFSET = 1000;
    private static final int CONTROL_OFFSET = 1010;
    private static final String HOST = "127.0.0.1";

    Topology {
        cells = List.copyOf(cells);
    }

    /**
     * A cell of one edge.
     *
     * @param firstShard of those that it owns; above {@code lastShard} for none
     */
    record OneCell(
            String id, String city, boolean global, int firstShard, int lastShard, int publicPort, int internalPort) {
        String node() {
            return id + "-1";
        }

        String publicUrl() {
            return "https://" + HOST + ":" + publicPort;
        }

        String internalAddress() {
            return HOST + ":" + internalPort;
        }
    }

    /** Two regional cells with half of the shards each, and the global one; free ports where the base is 0. */
    static Topology standard(int base) {
        List<Integer> ports = base == 0 ? freePorts(7) : portsFrom(base);
        return new Topology(
                List.of(
                        new OneCell("east", "Eastport", false, 0, SHARDS / 2 - 1, ports.get(0), ports.get(1)),
                        new OneCell("west", "Westport", false, SHARDS / 2, SHARDS - 1, ports.get(2), ports.get(3)),
                        new OneCell("global", "Eastport", true, 0, -1, ports.get(4), ports.get(5))),
                ports.get(6));
    }

    private static List<Integer> portsFrom(int base) {
        List<Integer> ports = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            ports.add(base + i);
            ports.add(base + INTERNAL_OFFSET + i);
        }
        ports.add(base + CONTROL_OFFSET);
        return ports;
    }

    /** Below those that the system gives to connections, one of which could take a port before its process listens. */
    private static List<Integer> freePorts(int count) {
        return new SplittableRandom()
                .ints(FIRST_PORT, LAST_PORT)
                .filter(port -> !isBusy(port))
                .distinct()
                .limit(count)
                .boxed()
                .toList();
    }

    /** Those of its ports that something else listens on now. */
    List<Integer> busyPorts() {
        List<Integer> busy = new ArrayList<>();
        Stream.concat(
                        cells.stream().flatMap(cell -> Stream.of(cell.publicPort(), cell.internalPort())),
                        Stream.of(controlPort))
                .filter(Topology::isBusy)
                .forEach(busy::add);
        return busy;
    }

    /** Whether something listens on a port. */
    static boolean isBusy(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    /** Ids of the cells that own users. */
    Set<String> regional() {
        return cells.stream().filter(cell -> !cell.global()).map(OneCell::id).collect(Collectors.toSet());
    }

    String controlUrl() {
        return "http://" + HOST + ":" + controlPort;
    }

    /** The routing table's section. */
    ObjectNode table() {
        ObjectNode table = Json.mapper().createObjectNode();
        table.put("shards", SHARDS);
        ArrayNode allCells = table.putArray("cells");
        ArrayNode units = table.putArray("units");
        ArrayNode assignments = table.putArray("assignments");
        for (OneCell cell : cells) {
            ObjectNode one = allCells.addObject();
            one.put("id", cell.id());
            one.put("type", cell.global() ? "global" : "regional");
            one.put("city", cell.city());
            one.putArray("public").add(cell.publicUrl());
            one.putArray("nodes").addObject().put("id", cell.node()).put("internal", cell.internalAddress());
            String unit = "u-" + cell.id();
            units.addObject().put("id", unit).put("generation", 1).put("cell", cell.id());
            if (cell.global()) {
                table.putObject("global").put("unit", unit).put("epoch", 1).put("shard", -1);
            } else {
                assignments
                        .addObject()
                        .put("from", cell.firstShard())
                        .put("to", cell.lastShard())
                        .put("unit", unit)
                        .put("epoch", 1);
            }
        }
        return table;
    }
}

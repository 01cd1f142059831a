package io.rialto.cells;

import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Optional;

/**
 * A place that serves its users completely: edges, services and a database.
 *
 * @param city where it is, for people; empty where nobody said
 * @param jurisdiction whose law the cell is under; empty where users that are pinned to one must not be
 * @param publicUrls where phones reach it, the preferred first
 * @param deployUnits the parts that its users are spread over; empty where its backends are all alike
 */
public record Cell(
        String id,
        Type type,
        String city,
        Optional<String> jurisdiction,
        List<URI> publicUrls,
        List<Node> nodes,
        List<DeployUnit> deployUnits) {
    public enum Type {
        /** Owns shards of users. */
        REGIONAL,
        /** Owns the global data. */
        GLOBAL,
        /** Holds read copies near users. */
        CITY
    }

    /**
     * One edge of a cell.
     *
     * @param internal its internal listener, which other edges and backends call; not resolved
     */
    public record Node(String id, InetSocketAddress internal) {}

    public Cell {
        publicUrls = List.copyOf(publicUrls);
        nodes = List.copyOf(nodes);
        deployUnits = List.copyOf(deployUnits);
    }

    /** The node of this id. */
    public Optional<Node> node(String id) {
        return nodes.stream().filter(node -> node.id().equals(id)).findFirst();
    }

    /** Whether data of users that are pinned to this jurisdiction, where they are pinned at all, may be in the cell. */
    public boolean mayHold(Optional<String> pinned) {
        return pinned.isEmpty() || pinned.equals(jurisdiction);
    }
}

package io.rialto.cells;

import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Optional;

/**
 * A place that serves its users completely: edges, services and a database.
 *
 * @param city where it is, for people; empty where nobody said
 * @param publicUrls where phones reach it, the preferred first
 */
public record Cell(String id, Type type, String city, List<URI> publicUrls, List<Node> nodes) {
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
    }

    /** The node of this id. */
    public Optional<Node> node(String id) {
        return nodes.stream().filter(node -> node.id().equals(id)).findFirst();
    }
}

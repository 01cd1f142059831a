package io.rialto.server;

import io.rialto.node.postgres.DatabaseAddress;
import java.io.IOException;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The links between the processes of a fault test with cells: everything that one says to another goes through one. */
final class ChaosNetwork implements AutoCloseable {
    /** Who speaks to whom; of each there is one for each cell. */
    enum Way {
        /** The cell's edge to its database, for messages. */
        EDGE_TO_DATABASE,
        /** The cell's wallet to its database. */
        WALLET_TO_DATABASE,
        /** Movers and the other cell's database, which copies from it, to the cell's database. */
        MOVER_TO_DATABASE,
        /** The edges of other cells, and backends' calls that they forward, to the cell's edge. */
        EDGES_TO_EDGE,
        PHONES_TO_EDGE,
        EDGE_TO_CONTROL,
        MOVER_TO_CONTROL
    }

    private record Key(Way way, String cell) {}

    private final Map<Key, ChaosLink> links = new ConcurrentHashMap<>();

    /** Opens a link to a port of the loopback address; gives its own. */
    int open(Way way, String cell, int target) throws IOException {
        ChaosLink link = ChaosLink.to(target);
        links.put(new Key(way, cell), link);
        return link.port();
    }

    /** Opens a link to a database; gives the address by which it is reached so. */
    DatabaseAddress open(Way way, String cell, DatabaseAddress database) throws IOException {
        URI url = URI.create(database.url().substring("jdbc:".length()));
        return new DatabaseAddress(
                "jdbc:postgresql://127.0.0.1:" + open(way, cell, url.getPort()) + url.getPath(),
                database.user(),
                database.password());
    }

    void set(Way way, String cell, ChaosLink.State state) {
        ChaosLink link = links.get(new Key(way, cell));
        if (link == null) {
            throw new IllegalArgumentException("link: " + way + " of " + cell + " (expected: one that was opened)");
        }
        link.set(state);
    }

    @Override
    public void close() {
        links.values().forEach(ChaosLink::close);
    }
}

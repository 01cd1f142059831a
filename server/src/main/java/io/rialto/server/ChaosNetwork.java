package io.rialto.server;

import io.rialto.node.postgres.DatabaseAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/** The links between the processes of a fault test with cells: everything that one says to another goes through one. */
final class ChaosNetwork implements AutoCloseable {
    private static final String SCHEME = "jdbc:postgresql://";

    /** Who speaks to whom; of each there is one for each cell, and of those to a database one for each of its servers. */
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

    private final Map<Key, List<ChaosLink>> links = new ConcurrentHashMap<>();

    /**
     * Opens a link; gives host and port of its own.
     *
     * @param own address of this process that the link is to have at both ends
     */
    String open(Way way, String cell, InetSocketAddress target, InetAddress own) throws IOException {
        ChaosLink link = ChaosLink.to(target, own);
        links.computeIfAbsent(new Key(way, cell), key -> new CopyOnWriteArrayList<>())
                .add(link);
        return link.address();
    }

    /**
     * Opens links to all servers of a database; gives the address by which it is reached so.
     *
     * @param own address of this process that the link to a server, by its host, is to have at both ends
     */
    DatabaseAddress open(Way way, String cell, DatabaseAddress database, Function<String, InetAddress> own)
            throws IOException {
        int end = database.url().indexOf('/', SCHEME.length());
        List<String> servers = new ArrayList<>();
        for (String server : database.url().substring(SCHEME.length(), end).split(",", -1)) {
            int colon = server.indexOf(':');
            String host = server.substring(0, colon);
            InetSocketAddress target =
                    new InetSocketAddress(InetAddress.ofLiteral(host), Integer.parseInt(server.substring(colon + 1)));
            servers.add(open(way, cell, target, own.apply(host)));
        }
        return new DatabaseAddress(
                SCHEME + String.join(",", servers) + database.url().substring(end),
                database.user(),
                database.password());
    }

    void set(Way way, String cell, ChaosLink.State state) {
        List<ChaosLink> of = links.get(new Key(way, cell));
        if (of == null) {
            throw new IllegalArgumentException("link: " + way + " of " + cell + " (expected: one that was opened)");
        }
        of.forEach(link -> link.set(state));
    }

    @Override
    public void close() {
        links.values().forEach(of -> of.forEach(ChaosLink::close));
    }
}

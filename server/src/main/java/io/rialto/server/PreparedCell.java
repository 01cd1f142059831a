package io.rialto.server;

import io.rialto.cells.Fence;
import io.rialto.cells.RoutingTable;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.sync.inbox.PostgresInbox;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A cell's database that its backends may use: the fence has a row for each shard, and each backend a role.
 *
 * @param newRows shards that the fence had no row for
 * @param backends the database as each backend sees it, by role; the role of the inbox is that of the cell's edges
 */
record PreparedCell(int newRows, Map<String, DatabaseAddress> backends) {
    private static final Duration WAIT = Duration.ofSeconds(5);

    PreparedCell {
        backends = Map.copyOf(backends);
    }

    /**
     * Makes what is missing; what is there stays, data and fence above all. It may be done again at any time.
     *
     * @param passwordFiles by role; a password is made where its file is not there
     */
    static PreparedCell prepare(
            Database database, RoutingTable table, String cell, Map<String, Path> passwordFiles, SecureRandom random)
            throws IOException, SQLException {
        Fence fence = Fence.open(database);
        int newRows = fence.seed(table, cell);
        Map<String, DatabaseAddress> backends = new LinkedHashMap<>();
        for (Map.Entry<String, Path> backend : passwordFiles.entrySet()) {
            String role = backend.getKey();
            backends.put(role, database.backendRole(role, role, backend.getValue(), random));
            fence.allow(role);
            if (role.equals(PostgresInbox.ROLE)) {
                fence.allowEdges(role);
            }
        }
        DatabaseAddress inbox = backends.get(PostgresInbox.ROLE);
        if (inbox != null) {
            try (Database own = Database.open(inbox, "rialto-prepare", 2, WAIT)) {
                PostgresInbox.migrate(own);
            }
        }
        return new PreparedCell(newRows, backends);
    }
}

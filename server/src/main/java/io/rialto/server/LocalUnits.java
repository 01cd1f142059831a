package io.rialto.server;

import io.rialto.cells.failover.Keeper;
import io.rialto.cells.failover.UnitServers;
import io.rialto.control.ControlStore;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.PostgresGroup;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The units of this machine whose databases have standbys or a remote copy, each with its keeper. */
final class LocalUnits implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final List<Keeper> keepers = new ArrayList<>();

    /** Brings every such unit to where it serves, and looks after it from then on. */
    static LocalUnits start(LocalDatabases databases, ControlStore store, List<String> cells)
            throws SQLException, InterruptedException {
        LocalUnits units = new LocalUnits();
        try {
            for (String cell : cells) {
                Optional<PostgresGroup> group = databases.group(cell);
                if (group.isPresent()) {
                    units.keep(cell, group.get(), databases.of(cell), store);
                }
            }
            return units;
        } catch (IOException e) {
            units.close();
            throw new CommandFailure(String.valueOf(e.getMessage()));
        } catch (SQLException | InterruptedException | RuntimeException e) {
            units.close();
            throw e;
        }
    }

    /** Brings one unit to where it serves, and looks after it from then on. */
    void keep(String cell, PostgresGroup group, Database database, ControlStore store)
            throws IOException, SQLException, InterruptedException {
        UnitLedger ledger = new UnitLedger(store, "u-" + cell);
        if (ledger.find().isEmpty()) {
            ledger.add(Keeper.discover("u-" + cell, group, true));
        }
        UnitServers unit = ledger.read();
        // A take-over changes the servers, and a start may come in the middle of it.
        boolean changing = unit.takeover().isPresent() || unit.lost().isPresent();
        if (!changing && (!unit.servers().equals(group.members()) || unit.quorum() != group.quorum())) {
            throw new IOException("--standbys: unit " + unit.unit() + " has the servers " + group.members()
                    + " (expected: " + unit.servers() + "; their number cannot be changed)");
        }
        Keeper keeper = new Keeper(ledger, group);
        keeper.settle(PATIENCE);
        Keeper.migrate(database);
        addRemote(ledger, group);
        keeper.start();
        keepers.add(keeper);
    }

    /** A copy that the unit did not have so far; its keeper makes it. */
    private static void addRemote(UnitLedger ledger, PostgresGroup group) throws IOException {
        UnitServers unit = ledger.read();
        if (unit.remote().isEmpty() && unit.lost().isEmpty() && group.remote().isPresent()) {
            ledger.replace(unit, unit.withRemote(group.remote().get()));
        }
    }

    /** Stops looking after the units; their servers go on. */
    @Override
    public void close() {
        keepers.forEach(Keeper::close);
    }
}

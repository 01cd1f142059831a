package io.rialto.cells.move;

import io.rialto.cells.Fence;
import io.rialto.cells.move.CellsSimulation.Mutant;
import io.rialto.cells.move.SimServer.Txn;
import java.util.List;
import java.util.Map;

/** A backend that writes operations for shards where some table, perhaps an old one, says that they are. */
final class SimWriter {
    private final CellsSimulation simulation;
    private final SimClock clock;
    private final String name;
    private final double pace;

    SimWriter(CellsSimulation simulation, String name, double pace) {
        this.simulation = simulation;
        this.clock = simulation.clock;
        this.name = name;
        this.pace = pace;
        next();
    }

    private void next() {
        clock.in(clock.span(0, 2 * pace), () -> {
            if (simulation.chaotic) {
                write(clock.below(CellsSimulation.USERS));
                next();
            }
        });
    }

    private void write(int user) {
        Map<Integer, CellsSimulation.Placement> table = simulation.someTable();
        int shard = CellsSimulation.locate(table, user);
        CellsSimulation.Placement place = CellsSimulation.place(table, shard);
        SimServer server = simulation.unit(place.unit()).find(name);
        if (server != null) {
            int operation = simulation.nextOperation(user);
            clock.in(clock.span(0.1, 3), () -> {
                if (server.up && server.primary) {
                    begin(server, shard, place, operation);
                }
            });
        }
    }

    private void begin(SimServer server, int shard, CellsSimulation.Placement place, int operation) {
        Txn txn = server.begin(() -> {});
        txn.share(shard, () -> {
            Held held = server.state.held(shard);
            // As the function rialto.fence does.
            if (!held.isAt(Fence.State.OPEN, place.epoch())) {
                txn.abort();
                simulation.refused.add(operation);
                return;
            }
            if (simulation.mutant == Mutant.NO_LOCK) {
                txn.forgetLocks();
            }
            clock.in(
                    clock.chance(0.05) ? 300 : clock.span(0, 5),
                    () -> txn.commit(List.of(new SimState.Write(shard, operation)), () -> answer(server, operation)));
        });
    }

    private void answer(SimServer server, int operation) {
        clock.in(clock.span(0.1, 3), () -> {
            if (!simulation.isCut(server.name, name)) {
                simulation.acknowledged(operation);
            }
        });
    }
}

package io.rialto.cells.move;

import io.rialto.cells.failover.FailoverRules;
import io.rialto.cells.failover.UnitServers;
import io.rialto.cells.move.CellsSimulation.Mutant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The database servers of one cell, and who fails them over. */
final class SimUnit {
    private static final double LOOK = 60;

    final String id;
    final CellsSimulation simulation;
    final int quorum;
    final List<SimServer> servers = new ArrayList<>();
    /** As control has it; a unit of one server never fails over. */
    UnitServers told;

    private final SimClock clock;
    private final Map<String, FailoverRules.Log> promises = new TreeMap<>();
    /** Counts those who look after it, each of whom may die and be replaced. */
    private int keeper;

    SimUnit(String id, CellsSimulation simulation, SimClock clock, int standbys, int quorum) {
        this.id = id;
        this.simulation = simulation;
        this.clock = clock;
        this.quorum = quorum;
        for (int i = 0; i <= standbys; i++) {
            servers.add(new SimServer(id + i, this, clock));
        }
        SimServer first = servers.getFirst();
        first.primary = true;
        servers.stream().skip(1).forEach(server -> {
            server.follows = first;
            server.tick();
        });
        first.tick();
        told = UnitServers.first(
                id, first.name, quorum, servers.stream().map(one -> one.name).toList(), true);
        keep();
    }

    SimServer server(String name) {
        return servers.stream().filter(one -> one.name.equals(name)).findFirst().orElseThrow();
    }

    /** Whom a client of all servers finds; one that was the primary before may still say so. */
    @Nullable
    SimServer find(String client) {
        List<SimServer> primaries = servers.stream()
                .filter(one -> one.up && one.primary && !simulation.isCut(client, one.name))
                .toList();
        return primaries.isEmpty() ? null : primaries.get(clock.below(primaries.size()));
    }

    boolean isWhole() {
        SimServer primary = server(told.primary());
        return told.phase() == UnitServers.Phase.OPEN
                && servers.stream().allMatch(one -> one.up && (one == primary ? one.primary : one.follows == primary));
    }

    void failOver() {
        if (quorum > 0 && told.phase() == UnitServers.Phase.OPEN) {
            told = told.begun();
            promises.clear();
        }
    }

    void loseKeeper() {
        keeper++;
        promises.clear();
        keep();
    }

    private void keep() {
        int own = keeper;
        clock.in(clock.span(LOOK / 2, LOOK), () -> {
            if (keeper == own) {
                look();
                keep();
            }
        });
    }

    private void look() {
        if (quorum == 0) {
            return;
        }
        switch (told.phase()) {
            case OPEN -> joinAll();
            case PROMISING -> promiseAll();
            // Units here have no remote copy.
            case TAKING -> {}
            case PROMOTING -> {
                SimServer chosen = server(told.candidate().orElseThrow().server());
                long generation = told.generation();
                if (chosen.up) {
                    request(chosen, () -> {
                        chosen.promote(generation);
                        boolean promoted = chosen.primary && chosen.generation() == generation;
                        answer(() -> {
                            if (promoted
                                    && told.phase() == UnitServers.Phase.PROMOTING
                                    && told.generation() == generation) {
                                told = FailoverRules.published(told);
                                joinAll();
                            }
                        });
                    });
                }
            }
        }
    }

    private void joinAll() {
        SimServer primary = server(told.primary());
        long generation = told.generation();
        if (generation > 1) {
            servers.stream()
                    .filter(one -> one != primary && (one.primary || one.follows != primary))
                    .forEach(one -> request(one, () -> one.join(primary, generation)));
        }
    }

    private void promiseAll() {
        int own = keeper;
        long generation = told.generation();
        for (String name : told.standbys()) {
            SimServer standby = server(name);
            request(standby, () -> {
                if (standby.promise(generation)) {
                    FailoverRules.Log log = new FailoverRules.Log(standby.generation(), standby.log.size());
                    answer(() -> {
                        if (keeper == own && told.generation() == generation) {
                            promises.put(name, log);
                            choose();
                        }
                    });
                }
            });
        }
    }

    private void choose() {
        int needed = simulation.mutant == Mutant.TOO_FEW_PROMISES ? 1 : told.promisesNeeded();
        if (told.phase() == UnitServers.Phase.PROMISING && promises.size() >= needed) {
            String longest = simulation.mutant == Mutant.LONGEST_OF_ANY_GENERATION
                    ? promises.entrySet().stream()
                            .max(Comparator.comparingInt(one -> one.getValue().length()))
                            .orElseThrow()
                            .getKey()
                    : FailoverRules.longest(promises);
            told = FailoverRules.chosen(told, longest);
            promises.clear();
        }
    }

    private void request(SimServer server, Runnable work) {
        clock.in(clock.chance(0.05) ? clock.span(1, 500) : clock.span(0.1, 5), () -> {
            if (server.up && !simulation.isCut("control", server.name)) {
                work.run();
            }
        });
    }

    private void answer(Runnable work) {
        clock.in(clock.span(0.1, 5), work);
    }
}

package io.rialto.cells.failover;

import io.rialto.cells.failover.UnitServers.Candidate;
import java.util.Map;
import java.util.TreeMap;

/** What a failover decides, for the simulation of cells: the same functions that a real one asks. */
public final class FailoverRules {
    private FailoverRules() {}

    /** How much of the log a server has. */
    public record Log(long generation, int length) {}

    public static String longest(Map<String, Log> promised) {
        Map<String, Position> positions = new TreeMap<>();
        promised.forEach((server, log) -> positions.put(server, new Position(log.generation(), log.length())));
        return Failover.longest(positions);
    }

    public static UnitServers chosen(UnitServers unit, String server) {
        return unit.chosen(new Candidate(server, ""));
    }

    public static UnitServers published(UnitServers unit) {
        return unit.published();
    }
}

package io.rialto.cells.failover;

import io.rialto.node.Json;
import io.rialto.node.JsonSection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/**
 * What control remembers of the servers of a unit. A failover goes from OPEN at generation g through PROMISING and
 * PROMOTING to OPEN, all at g + 1; each step is stored by compare-and-set before what follows from it is done.
 *
 * @param unit its id in the routing table
 * @param generation counts the failovers, the one in progress included
 * @param primary the server of the last generation that was open
 * @param candidate the server that is being promoted, in PROMOTING only
 * @param quorum how many standbys must have a write before it is acknowledged
 * @param servers all of them, the primary included
 * @param autoFailover whether a lost primary is replaced without asking anyone
 */
public record UnitServers(
        String unit,
        long generation,
        Phase phase,
        String primary,
        Optional<Candidate> candidate,
        int quorum,
        List<String> servers,
        boolean autoFailover) {
    private static final int MAX_SERVERS = 16;

    /** How far a failover is. */
    public enum Phase {
        /** No failover: the primary serves. */
        OPEN,
        /** Standbys are asked to take nothing any more from the old primary. */
        PROMISING,
        /** The candidate has the longest log and is promoted. */
        PROMOTING
    }

    /**
     * Who takes over.
     *
     * @param snapshot the transactions that it had before, in PostgreSQL's form
     */
    public record Candidate(String server, String snapshot) {}

    public UnitServers {
        servers = List.copyOf(servers);
    }

    /** A unit before its first failover. */
    public static UnitServers first(
            String unit, String primary, int quorum, List<String> servers, boolean autoFailover) {
        return new UnitServers(unit, 1, Phase.OPEN, primary, Optional.empty(), quorum, servers, autoFailover);
    }

    UnitServers at(long found) {
        return with(found, phase, primary, candidate);
    }

    /** All servers but the primary that is, or is to be, replaced. */
    public List<String> standbys() {
        return servers.stream().filter(server -> !server.equals(primary)).toList();
    }

    /** How many standbys must promise: any so many have one among them with every acknowledged write. */
    public int promisesNeeded() {
        return standbys().size() - quorum + 1;
    }

    /** A failover begins. */
    public UnitServers begun() {
        expect(Phase.OPEN);
        return with(generation + 1, Phase.PROMISING, primary, Optional.empty());
    }

    UnitServers chosen(Candidate best) {
        expect(Phase.PROMISING);
        return with(generation, Phase.PROMOTING, primary, Optional.of(best));
    }

    UnitServers published() {
        expect(Phase.PROMOTING);
        return with(generation, Phase.OPEN, candidate.orElseThrow().server(), Optional.empty());
    }

    private void expect(Phase expected) {
        if (phase != expected) {
            throw new IllegalStateException(unit + ": " + phase + " (expected: " + expected + ")");
        }
    }

    private UnitServers with(long nextGeneration, Phase nextPhase, String nextPrimary, Optional<Candidate> next) {
        return new UnitServers(unit, nextGeneration, nextPhase, nextPrimary, next, quorum, servers, autoFailover);
    }

    static UnitServers read(JsonSection json) {
        String unit = json.text("unit");
        long generation = json.number("generation", 1, Long.MAX_VALUE - 1);
        Phase phase = json.constant("phase", Phase.class, Phase.OPEN);
        List<String> servers = json.texts("servers", MAX_SERVERS);
        if (servers.size() < 2 || new HashSet<>(servers).size() != servers.size()) {
            json.refuse("servers", servers, "2.." + MAX_SERVERS + " names, each once");
        }
        String primary = json.text("primary");
        if (!servers.contains(primary)) {
            json.refuse("primary", primary, "one of the servers " + servers);
        }
        int quorum = json.integer("quorum", 1, Math.max(1, servers.size() - 1));
        Optional<Candidate> candidate =
                json.object("candidate", one -> new Candidate(one.text("server"), one.text("snapshot")));
        if (candidate.isPresent() != (phase == Phase.PROMOTING)) {
            json.refuse("candidate", candidate.map(Candidate::server).orElse("absent"), "one in phase promoting only");
        } else if (candidate.isPresent()
                && (!servers.contains(candidate.get().server())
                        || candidate.get().server().equals(primary))) {
            json.refuse("candidate", candidate.get().server(), "one of the servers, not the primary");
        }
        return new UnitServers(
                unit, generation, phase, primary, candidate, quorum, servers, json.flag("auto-failover", false));
    }

    ObjectNode json() {
        ObjectNode json = Json.mapper().createObjectNode();
        json.put("unit", unit)
                .put("generation", generation)
                .put("phase", phase.name().toLowerCase(Locale.ROOT))
                .put("primary", primary)
                .put("quorum", quorum)
                .put("auto-failover", autoFailover);
        servers.forEach(json.putArray("servers")::add);
        candidate.ifPresent(
                one -> json.putObject("candidate").put("server", one.server()).put("snapshot", one.snapshot()));
        return json;
    }
}

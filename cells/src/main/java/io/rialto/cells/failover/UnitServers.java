package io.rialto.cells.failover;

import io.rialto.node.Json;
import io.rialto.node.JsonSection;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/**
 * What control remembers of the servers of a unit. A failover goes from OPEN at generation g through PROMISING and
 * PROMOTING to OPEN, all at g + 1; a take-over by the remote copy through TAKING and PROMOTING. Each step is stored by
 * compare-and-set before what follows from it is done.
 *
 * @param unit its id in the routing table
 * @param generation counts the failovers, the one in progress included
 * @param primary the server of the last generation that was open
 * @param candidate the server that is being promoted, in PROMOTING only
 * @param quorum how many standbys must have a write before it is acknowledged; 0 where there are none
 * @param servers all of them, the primary included
 * @param autoFailover whether a lost primary is replaced without asking anyone
 * @param remote a copy in another city, which is none of the servers: nobody waits for it, and only an operator makes it
 *     the primary
 * @param takeover by the remote copy, in TAKING and in PROMOTING after it
 * @param lost the city that a take-over has left behind
 */
public record UnitServers(
        String unit,
        long generation,
        Phase phase,
        String primary,
        Optional<Candidate> candidate,
        int quorum,
        List<String> servers,
        boolean autoFailover,
        Optional<String> remote,
        Optional<Takeover> takeover,
        Optional<Lost> lost) {
    private static final int MAX_SERVERS = 16;

    /** How far a failover is. */
    public enum Phase {
        /** No failover: the primary serves. */
        OPEN,
        /** Standbys are asked to take nothing any more from the old primary. */
        PROMISING,
        /** The candidate has the longest log, or is the remote copy of a lost city, and is promoted. */
        PROMOTING,
        /** The city was declared lost; its servers are asked to stop, and the remote copy to follow nobody. */
        TAKING
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
        return new UnitServers(
                unit,
                1,
                Phase.OPEN,
                primary,
                Optional.empty(),
                quorum,
                servers,
                autoFailover,
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    UnitServers at(long found) {
        return with(found, phase, primary, candidate, takeover);
    }

    /** The same with a remote copy. */
    public UnitServers withRemote(String name) {
        expect(Phase.OPEN);
        return with(quorum, servers, Optional.of(name), lost);
    }

    /** The same with standbys, which have all that the primary has. */
    UnitServers withStandbys(List<String> all, int needed) {
        expect(Phase.OPEN);
        return with(needed, all, remote, lost);
    }

    /** The same after something was done about the lost city. */
    public UnitServers withLost(Lost changed) {
        return with(quorum, servers, remote, Optional.of(changed));
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
        return with(generation + 1, Phase.PROMISING, primary, Optional.empty(), takeover);
    }

    /**
     * The city is declared lost, whatever a failover within it was about to do: that goes on no more, since its generation
     * is not the newest any longer, and what it had promoted has acknowledged nothing.
     */
    public UnitServers declared(String reason, Instant now) {
        if (remote.isEmpty() || takeover.isPresent()) {
            throw new IllegalStateException(unit + ": " + phase + ", remote copy " + remote
                    + " (expected: a remote copy, and no take-over that is under way)");
        }
        Takeover begins = new Takeover(reason, now, List.of());
        return with(generation + 1, Phase.TAKING, primary, Optional.empty(), Optional.of(begins));
    }

    UnitServers chosen(Candidate best) {
        expect(Phase.PROMISING);
        return with(generation, Phase.PROMOTING, primary, Optional.of(best), takeover);
    }

    /** @param silent servers of the lost city that did not answer */
    UnitServers taking(Candidate copy, List<String> silent) {
        expect(Phase.TAKING);
        Takeover before = takeover.orElseThrow();
        Takeover known = new Takeover(before.reason(), before.declared(), silent);
        return with(generation, Phase.PROMOTING, primary, Optional.of(copy), Optional.of(known));
    }

    UnitServers published() {
        expect(Phase.PROMOTING);
        String next = candidate.orElseThrow().server();
        UnitServers open = with(generation, Phase.OPEN, next, Optional.empty(), Optional.empty());
        if (takeover.isEmpty()) {
            return open;
        }
        // The copy has no standbys, and what was lost with the city is to be found out.
        List<String> left =
                Stream.concat(Stream.of(primary), standbys().stream()).toList();
        Lost city = new Lost(left, generation, Lost.State.UNREAD, takeover.get().silent(), "", List.of());
        return open.with(0, List.of(next), Optional.empty(), Optional.of(city));
    }

    private void expect(Phase expected) {
        if (phase != expected) {
            throw new IllegalStateException(unit + ": " + phase + " (expected: " + expected + ")");
        }
    }

    private UnitServers with(
            long nextGeneration,
            Phase nextPhase,
            String nextPrimary,
            Optional<Candidate> nextCandidate,
            Optional<Takeover> nextTakeover) {
        return new UnitServers(
                unit,
                nextGeneration,
                nextPhase,
                nextPrimary,
                nextCandidate,
                quorum,
                servers,
                autoFailover,
                remote,
                nextTakeover,
                lost);
    }

    private UnitServers with(
            int nextQuorum, List<String> nextServers, Optional<String> nextRemote, Optional<Lost> nextLost) {
        return new UnitServers(
                unit,
                generation,
                phase,
                primary,
                candidate,
                nextQuorum,
                nextServers,
                autoFailover,
                nextRemote,
                takeover,
                nextLost);
    }

    static UnitServers read(JsonSection json) {
        String unit = json.text("unit");
        long generation = json.number("generation", 1, Long.MAX_VALUE - 1);
        Phase phase = json.constant("phase", Phase.class, Phase.OPEN);
        List<String> servers = json.texts("servers", MAX_SERVERS);
        if (servers.isEmpty() || new HashSet<>(servers).size() != servers.size()) {
            json.refuse("servers", servers, "1.." + MAX_SERVERS + " names, each once");
        }
        String primary = json.text("primary");
        if (!servers.contains(primary)) {
            json.refuse("primary", primary, "one of the servers " + servers);
        }
        int most = Math.max(0, servers.size() - 1);
        int quorum = json.integer("quorum", Math.min(1, most), most);
        Optional<String> remote = json.optionalText("remote");
        if (remote.filter(servers::contains).isPresent()) {
            json.refuse("remote", remote.get(), "none of the servers " + servers);
        }
        Optional<Takeover> takeover = json.object("takeover", Takeover::read);
        boolean fitting = phase == Phase.PROMOTING || takeover.isPresent() == (phase == Phase.TAKING);
        if (!fitting || (takeover.isPresent() && remote.isEmpty())) {
            json.refuse(
                    "takeover",
                    takeover.map(Takeover::reason).orElse("absent"),
                    "one in phase taking, and promoting after it, only, and a remote copy");
        }
        Optional<Candidate> candidate =
                json.object("candidate", one -> new Candidate(one.text("server"), one.text("snapshot")));
        if (candidate.isPresent() != (phase == Phase.PROMOTING)) {
            json.refuse("candidate", candidate.map(Candidate::server).orElse("absent"), "one in phase promoting only");
        } else if (candidate.isPresent()
                && (takeover.isPresent()
                        ? !remote.equals(candidate.map(Candidate::server))
                        : !servers.contains(candidate.get().server())
                                || candidate.get().server().equals(primary))) {
            json.refuse(
                    "candidate",
                    candidate.get().server(),
                    "one of the servers, not the primary; in a take-over the remote copy");
        }
        return new UnitServers(
                unit,
                generation,
                phase,
                primary,
                candidate,
                quorum,
                servers,
                json.flag("auto-failover", false),
                remote,
                takeover,
                json.object("lost", Lost::read));
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
        remote.ifPresent(name -> json.put("remote", name));
        takeover.ifPresent(one -> json.set("takeover", one.json()));
        lost.ifPresent(one -> json.set("lost", one.json()));
        return json;
    }
}

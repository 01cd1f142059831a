package io.rialto.cells.failover;

import io.rialto.cells.failover.UnitServers.Candidate;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresGroup;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The failover of a unit. Control counts a generation; enough standbys promise to take nothing any more from the old
 * primary; the longest log among them is promoted and says the generation in its first transaction; control publishes
 * it; only then do others follow it, so that it acknowledges nothing before. The old primary is never asked.
 *
 * <p>A take-over by the remote copy goes the same way, but that it waits for no promise: it was declared because nobody
 * may be there to give one.
 *
 * <p>Whoever runs it may die at any point: {@link #run} goes on from what control and the servers remember.
 */
public final class Failover {
    private static final Logger LOG = LoggerFactory.getLogger(Failover.class);
    /** One that follows is enough for the quorum; one that does not answer holds up nobody. */
    private static final Duration JOIN = Duration.ofSeconds(2);

    /** What has been done, for those who watch. */
    public enum Step {
        BEGUN,
        PROMISED,
        CHOSEN,
        PROMOTED,
        PUBLISHED,
        JOINED
    }

    /** How it ended. */
    public sealed interface Outcome {
        /** The unit has a primary. */
        record Open(UnitServers unit) implements Outcome {}

        /** The unit has none, and gets one when what is missing is there and the failover runs again. */
        record Down(String why) implements Outcome {}
    }

    /** Who has promised, and why the others have not. */
    private record Promises(Map<String, Position> made, Map<String, String> failed) {}

    private record Answer(String server, Optional<Position> position, String problem) {}

    private final Ledger ledger;
    private final PostgresGroup group;
    private final Consumer<Step> watching;

    /** @param watching hears of each step after it is done */
    public Failover(Ledger ledger, PostgresGroup group, Consumer<Step> watching) {
        this.ledger = ledger;
        this.group = group;
        this.watching = watching;
    }

    /** Begins a failover where none is in progress, and brings it to its end. */
    public Outcome run() throws IOException, InterruptedException {
        UnitServers unit = ledger.read();
        if (unit.phase() == UnitServers.Phase.OPEN) {
            store(unit, unit.begun());
            watching.accept(Step.BEGUN);
        }
        return resume();
    }

    /** Brings a failover in progress to its end; does nothing where there is none. */
    public Outcome resume() throws IOException, InterruptedException {
        UnitServers unit = ledger.read();
        if (unit.phase() == UnitServers.Phase.TAKING) {
            Candidate copy;
            Evacuation city = new Evacuation(unit, group);
            try {
                copy = city.prepare();
            } catch (SQLException | RefusedException | IOException e) {
                return new Outcome.Down("unit " + unit.unit() + ": the remote copy "
                        + unit.remote().orElse("") + " does not take over yet: " + e.getMessage());
            }
            watching.accept(Step.PROMISED);
            unit = store(unit, unit.taking(copy, city.silent()));
            watching.accept(Step.CHOSEN);
        }
        if (unit.phase() == UnitServers.Phase.PROMISING) {
            Promises promises = promises(unit);
            if (promises.made().size() < unit.promisesNeeded()) {
                return new Outcome.Down("unit " + unit.unit() + " at generation " + unit.generation() + ": "
                        + promises.made().size() + " of " + unit.standbys().size() + " standbys promised (expected: "
                        + unit.promisesNeeded() + " at least, since any fewer may lack acknowledged writes; not: "
                        + promises.failed() + ")");
            }
            watching.accept(Step.PROMISED);
            Optional<Candidate> best = best(promises.made());
            if (best.isEmpty()) {
                return new Outcome.Down("unit " + unit.unit() + ": the standby with the longest log does not answer");
            }
            unit = store(unit, unit.chosen(best.get()));
            watching.accept(Step.CHOSEN);
        }
        if (unit.phase() == UnitServers.Phase.PROMOTING) {
            Candidate candidate = unit.candidate().orElseThrow();
            try {
                if (unit.takeover().isPresent()) {
                    server(candidate.server()).takeOver(unit, candidate.snapshot(), ledger.elsewhere());
                } else {
                    server(candidate.server()).promote(unit.generation(), candidate.snapshot());
                }
            } catch (SQLException | RefusedException e) {
                return new Outcome.Down("unit " + unit.unit() + ": " + candidate.server()
                        + (unit.takeover().isPresent() ? "" : ", which has the longest log,") + " is not promoted: "
                        + e.getMessage());
            }
            watching.accept(Step.PROMOTED);
            unit = store(unit, unit.published());
            LOG.info("unit {}: {} is primary at generation {}", unit.unit(), unit.primary(), unit.generation());
            watching.accept(Step.PUBLISHED);
            open(unit);
            join(unit);
            watching.accept(Step.JOINED);
        }
        return new Outcome.Open(unit);
    }

    /** What took over from a lost city has let nobody write so far. Where this fails, the unit's keeper does it again. */
    private void open(UnitServers unit) throws InterruptedException {
        if (unit.lost().isPresent()) {
            try {
                server(unit.primary()).letWrite();
            } catch (SQLException e) {
                LOG.warn("unit {}: {} lets nobody write yet: {}", unit.unit(), unit.primary(), e.getMessage());
            }
        }
    }

    private UnitServers store(UnitServers before, UnitServers after) throws IOException {
        if (!ledger.replace(before, after)) {
            throw new IOException("unit " + before.unit() + ": somebody else changed it at generation "
                    + before.generation() + " (expected: one failover at a time; it goes on by itself)");
        }
        return after;
    }

    private Promises promises(UnitServers unit) throws InterruptedException {
        BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
        for (String name : unit.standbys()) {
            Thread.ofVirtual().name("promise-" + name).start(() -> answers.add(promise(name, unit.generation())));
        }
        Map<String, Position> made = new TreeMap<>();
        Map<String, String> failed = new TreeMap<>();
        for (int i = 0; i < unit.standbys().size() && made.size() < unit.promisesNeeded(); i++) {
            Answer answer = answers.take();
            answer.position()
                    .ifPresentOrElse(
                            position -> made.put(answer.server(), position),
                            () -> failed.put(answer.server(), answer.problem()));
        }
        return new Promises(made, failed);
    }

    private Answer promise(String name, long generation) {
        try {
            return new Answer(name, Optional.of(server(name).promise(generation)), "");
        } catch (SQLException | RefusedException e) {
            return new Answer(name, Optional.empty(), String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Answer(name, Optional.empty(), "interrupted");
        }
    }

    /** Whose log has all that was acknowledged, of enough servers that have promised. */
    static String longest(Map<String, Position> promised) {
        return promised.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .orElseThrow()
                .getKey();
    }

    private Optional<Candidate> best(Map<String, Position> promised) {
        String longest = longest(promised);
        try {
            return Optional.of(new Candidate(longest, server(longest).snapshot()));
        } catch (SQLException e) {
            LOG.warn("{} has promised and does not answer any more: {}", longest, e.getMessage());
            return Optional.empty();
        }
    }

    /** Those that have promised have a beginning of the new primary's log. The others are for who looks after the unit. */
    private void join(UnitServers unit) throws IOException, InterruptedException {
        List<Thread> joining = new ArrayList<>();
        for (String name : unit.standbys()) {
            String source = group.connectionTo(name, unit.primary());
            joining.add(Thread.ofVirtual().name("join-" + name).start(() -> join(unit, name, source)));
        }
        for (Thread one : joining) {
            one.join(JOIN);
        }
    }

    private void join(UnitServers unit, String name, String source) {
        try {
            UnitServer standby = server(name);
            if (!standby.look(JOIN).primary() && server(unit.primary()).continues(standby.promise(unit.generation()))) {
                standby.follow(unit.generation(), source);
            }
        } catch (SQLException | RefusedException e) {
            LOG.info("{} does not follow {} yet: {}", name, unit.primary(), e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private UnitServer server(String name) throws SQLException {
        DatabaseAddress address = group.address(name).orElseThrow(() -> new SQLException(name + ": does not run"));
        return new UnitServer(name, address);
    }
}

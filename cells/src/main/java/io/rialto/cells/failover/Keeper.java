package io.rialto.cells.failover;

import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresGroup;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after the servers of a unit: brings a failover in progress to its end, begins one where the primary is lost and
 * the unit says so, and has every other server follow the primary.
 *
 * <p>One virtual thread does all of it, so that a server is never copied and asked for a promise at once.
 */
public final class Keeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Keeper.class);
    private static final Duration TICK = Duration.ofMillis(300);
    private static final Duration PROBE = Duration.ofSeconds(1);
    /** One lost answer is no lost server; more than this many in so long a time are. */
    private static final int MISSES = 3;

    private static final Duration MISSING = Duration.ofSeconds(1);
    /** A server that has been told to follow and does not by then has not the log to go on from. */
    private static final Duration FOLLOWING = Duration.ofSeconds(10);

    private final Ledger ledger;
    private final PostgresGroup group;
    private final Failover failover;
    private final Aftermath aftermath;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Map<String, Long> toldToFollow = new HashMap<>();
    private final Thread thread;
    private int misses;
    private long firstMiss;
    private @Nullable String lastProblem;

    /** A keeper that does nothing before it is told to. */
    public Keeper(Ledger ledger, PostgresGroup group) {
        this.ledger = ledger;
        this.group = group;
        this.failover = new Failover(ledger, group, step -> {});
        this.aftermath = new Aftermath(ledger, group, this::tend);
        this.thread = Thread.ofVirtual().name("keeper").unstarted(this::loop);
    }

    /**
     * What the servers themselves say of a unit that control does not know: the one that takes writes, of the newest
     * generation. The names of their folders say nothing.
     */
    public static UnitServers discover(String unit, PostgresGroup group, boolean autoFailover) throws IOException {
        long generation = 0;
        String primary = "";
        for (String name : group.members()) {
            Optional<DatabaseAddress> address = group.address(name);
            try {
                if (address.isPresent()) {
                    UnitServer.Look look = new UnitServer(name, address.get()).look(PROBE);
                    if (look.primary() && look.position().generation() > generation) {
                        generation = look.position().generation();
                        primary = name;
                    }
                }
            } catch (SQLException e) {
                throw new IOException(name + ": does not answer: " + e.getMessage(), e);
            }
        }
        if (generation == 0) {
            throw new IOException("unit " + unit + ": none of " + group.members() + " takes writes (expected: one; a"
                    + " failover was in progress when control's memory was lost)");
        }
        return UnitServers.first(unit, primary, group.quorum(), group.members(), autoFailover)
                .at(generation);
    }

    /** Makes the tables that a unit's database needs for failovers; waits for a standby like any write. */
    public static void migrate(Database database) throws SQLException {
        database.migrate("rialto", "failover", "io/rialto/cells/failover/migrations");
    }

    /**
     * Brings the unit to where it serves: a failover is ended, servers that lack a copy get one, others follow.
     *
     * @throws IOException where it cannot serve, with the reason
     */
    public void settle(Duration patience) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!settled()) {
            if (System.nanoTime() > deadline) {
                throw new IOException("unit " + ledger.read().unit() + " does not serve: " + lastProblem);
            }
            TimeUnit.NANOSECONDS.sleep(TICK.toNanos());
        }
    }

    private boolean settled() throws IOException, InterruptedException {
        if (resume() instanceof Failover.Outcome.Down down) {
            say(down.why());
            return false;
        }
        UnitServers unit = ledger.read();
        say(aftermath.open(unit));
        int following = 0;
        for (String name : unit.standbys()) {
            following += tend(unit, name) ? 1 : 0;
        }
        return following >= unit.quorum();
    }

    /** Starts to look after the unit. */
    public void start() {
        thread.start();
    }

    private void loop() {
        try {
            while (!closed.await(TICK.toMillis(), TimeUnit.MILLISECONDS)) {
                try {
                    tick();
                } catch (IOException e) {
                    say(String.valueOf(e.getMessage()));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void tick() throws IOException, InterruptedException {
        UnitServers unit = ledger.read();
        if (unit.phase() != UnitServers.Phase.OPEN) {
            report(resume());
            return;
        }
        Optional<UnitServer> primary = server(unit.primary());
        try {
            if (primary.isPresent() && primary.get().look(PROBE).primary()) {
                misses = 0;
                for (String name : unit.standbys()) {
                    tend(unit, name);
                }
                if (unit.remote().isPresent()) {
                    tend(unit, unit.remote().get());
                }
                say(aftermath.goOn(unit));
                return;
            }
            missed(unit, unit.primary() + " does not run as a primary");
        } catch (SQLException e) {
            missed(unit, unit.primary() + " does not answer: " + e.getMessage());
        }
    }

    private void missed(UnitServers unit, String why) throws IOException, InterruptedException {
        if (misses++ == 0) {
            firstMiss = System.nanoTime();
        }
        if (misses < MISSES || System.nanoTime() - firstMiss < MISSING.toNanos()) {
            return;
        }
        if (!unit.autoFailover()) {
            say(why + "; auto-failover is off (a failover must be declared)");
            return;
        }
        int answering = 0;
        for (String name : unit.standbys()) {
            switch (view(name)) {
                case AWAY -> {}
                case ALONE -> answering++;
                case FOLLOWING -> {
                    say(why + " here, but still ships its log to " + name + "; no failover");
                    return;
                }
            }
        }
        if (answering < unit.promisesNeeded()) {
            say(why + "; only " + answering + " standbys answer (expected: " + unit.promisesNeeded()
                    + " for a failover that loses nothing); the unit stays down until more of its servers are back");
            return;
        }
        LOG.warn("unit {}: {}; failing over", unit.unit(), why);
        misses = 0;
        report(failover.run());
    }

    private enum View {
        AWAY,
        ALONE,
        FOLLOWING
    }

    private View view(String name) {
        Optional<UnitServer> server = server(name);
        if (server.isEmpty()) {
            return View.AWAY;
        }
        try {
            UnitServer.Look look = server.get().look(PROBE);
            if (look.primary()) {
                return View.AWAY;
            }
            return look.source().isPresent() ? View.FOLLOWING : View.ALONE;
        } catch (SQLException e) {
            return View.AWAY;
        }
    }

    private void report(Failover.Outcome outcome) {
        switch (outcome) {
            case Failover.Outcome.Open open -> lastProblem = null;
            case Failover.Outcome.Down down -> say(down.why());
        }
    }

    /** Changes of state only; the same problem is not told twice. */
    private void say(String problem) {
        if (!problem.isEmpty() && !problem.equals(lastProblem)) {
            lastProblem = problem;
            LOG.warn("{}", problem);
        }
    }

    private Failover.Outcome resume() throws IOException, InterruptedException {
        UnitServers unit = ledger.read();
        if (unit.phase() == UnitServers.Phase.PROMISING) {
            for (String name : unit.standbys()) {
                demote(unit, name);
            }
        }
        return failover.resume();
    }

    /** A primary of an earlier generation, which came back and was not made to follow in time, can promise as a standby only. */
    private void demote(UnitServers unit, String name) throws InterruptedException {
        Optional<UnitServer> server = server(name);
        try {
            if (server.isPresent()) {
                UnitServer.Look look = server.get().look(PROBE);
                if (look.primary() && look.position().generation() < unit.generation()) {
                    LOG.warn(
                            "unit {}: {} is a primary of generation {}; it is made a standby for the failover to {}",
                            unit.unit(),
                            name,
                            look.position().generation(),
                            unit.generation());
                    group.restartAsStandby(name, settings(unit, ""));
                }
            }
        } catch (SQLException | IOException e) {
            say(name + " is not made a standby: " + e.getMessage());
        }
    }

    /** Has a server follow the primary. @return whether it does */
    private boolean tend(UnitServers unit, String name) throws InterruptedException {
        try {
            Optional<UnitServer> server = server(name);
            if (server.isEmpty()) {
                copy(unit, name);
                return false;
            }
            UnitServer.Look look = server.get().look(PROBE);
            int primaryPort = group.server(unit.primary()).orElseThrow().port();
            if (!look.primary() && look.source().equals(Optional.of(primaryPort))) {
                toldToFollow.remove(name);
                return true;
            }
            if (look.primary()) {
                LOG.warn(
                        "unit {}: {} is a primary of generation {}, and control's is {} at generation {}; it is made"
                                + " a standby",
                        unit.unit(),
                        name,
                        look.position().generation(),
                        unit.primary(),
                        unit.generation());
                group.restartAsStandby(name, settings(unit, ""));
            } else if (waits(name)) {
                return false;
            }
            follow(unit, name);
        } catch (SQLException | IOException | RefusedException e) {
            say(name + " does not follow " + unit.primary() + ": " + e.getMessage());
        }
        return false;
    }

    private boolean waits(String name) {
        Long since = toldToFollow.get(name);
        return since != null && System.nanoTime() - since < FOLLOWING.toNanos();
    }

    private void follow(UnitServers unit, String name)
            throws SQLException, IOException, RefusedException, InterruptedException {
        UnitServer server = server(name).orElseThrow();
        Position position = server.promise(unit.generation());
        boolean failedBefore = toldToFollow.containsKey(name);
        UnitServer primary = server(unit.primary()).orElseThrow();
        if (primary.continues(position) && !failedBefore) {
            server.follow(unit.generation(), group.connectionTo(name, unit.primary()));
            toldToFollow.put(name, System.nanoTime());
            return;
        }
        Optional<String> seen = primary.snapshotBefore(position.generation());
        if (seen.isPresent()) {
            Path file = group.folder(name).resolve("tail-of-generation-" + position.generation() + ".jsonl");
            int rows = Tail.write(group.address(name).orElseThrow(), seen.get(), file, Tail.MAX_ROWS, users -> {});
            LOG.warn(
                    "unit {}: {} has {} rows that were never acknowledged and that nobody else has; they are in {}",
                    unit.unit(),
                    name,
                    rows,
                    file);
        }
        copy(unit, name);
    }

    private void copy(UnitServers unit, String name) throws SQLException, IOException, InterruptedException {
        LOG.info("unit {}: {} gets a copy of {}", unit.unit(), name, unit.primary());
        Map<String, String> settings = new HashMap<>(settings(unit, group.connectionTo(name, unit.primary())));
        if (unit.remote().equals(Optional.of(name))) {
            settings.put(UnitServer.READ_ONLY, "on");
        }
        group.copy(name, unit.primary(), settings);
        toldToFollow.put(name, System.nanoTime());
    }

    private static Map<String, String> settings(UnitServers unit, String source) {
        return Map.of(UnitServer.PROMISED, Long.toString(unit.generation()), "primary_conninfo", source);
    }

    private Optional<UnitServer> server(String name) {
        Optional<DatabaseAddress> address = group.address(name);
        return address.map(where -> new UnitServer(name, where));
    }

    /** Stops looking; the servers go on. */
    @Override
    public void close() {
        closed.countDown();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

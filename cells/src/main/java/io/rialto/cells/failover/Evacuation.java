package io.rialto.cells.failover;

import io.rialto.cells.failover.UnitServers.Candidate;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresGroup;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What comes before the promotion of a remote copy. The servers of the lost city are asked for what they can still do:
 * standbys promise, a primary that answers stops in order and so ships what it has. Those that do not answer are named and
 * not waited for. Nothing of their data is changed but the promise.
 */
final class Evacuation {
    private static final Logger LOG = LoggerFactory.getLogger(Evacuation.class);
    /** One that is alive answers; the city was declared lost, so as a rule none is. */
    private static final Duration PROBE = Duration.ofSeconds(1);
    /** For what is still on its way from a city that is not lost at all. */
    private static final Duration CATCH_UP = Duration.ofSeconds(5);

    private static final Duration POLL = Duration.ofMillis(20);

    private final UnitServers unit;
    private final PostgresGroup group;
    private final String copy;
    private final ConcurrentLinkedQueue<String> silent = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Position> known = new ConcurrentLinkedQueue<>();

    Evacuation(UnitServers unit, PostgresGroup group) {
        this.unit = unit;
        this.group = group;
        this.copy = unit.remote().orElseThrow();
    }

    /** Names of servers that did not answer; after {@link #prepare}. */
    List<String> silent() {
        return silent.stream().sorted().toList();
    }

    /** The copy, which follows nobody any more; of the group's other servers none runs. */
    Candidate prepare() throws SQLException, RefusedException, IOException, InterruptedException {
        UnitServer server = server(copy);
        if (server.look(PROBE).primary()) {
            throw new RefusedException(copy + ": is a primary (expected: a copy that takes another's log)");
        }
        group.alone(copy);
        List<Thread> asking = new ArrayList<>();
        for (String standby : unit.standbys()) {
            asking.add(Thread.ofVirtual().name("promise-" + standby).start(() -> promise(standby)));
        }
        for (Thread one : asking) {
            one.join();
        }
        if (isAlive(unit.primary())) {
            group.stopInOrder(unit.primary());
            LOG.warn("unit {}: {} was alive, and was stopped in order", unit.unit(), unit.primary());
        } else {
            silent.add(unit.primary());
        }
        catchUp(server);
        for (String name : unit.servers()) {
            group.kill(name);
        }
        server.promise(unit.generation());
        return new Candidate(copy, server.snapshot());
    }

    private void promise(String name) {
        try {
            UnitServer standby = server(name);
            if (!standby.look(PROBE).primary()) {
                known.add(standby.promise(unit.generation()));
                return;
            }
        } catch (SQLException | RefusedException e) {
            LOG.warn("unit {}: {} does not promise: {}", unit.unit(), name, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        silent.add(name);
    }

    private boolean isAlive(String name) {
        try {
            UnitServer.Look look = server(name).look(PROBE);
            known.add(look.position());
            return true;
        } catch (SQLException e) {
            LOG.warn("unit {}: {} does not answer: {}", unit.unit(), name, e.getMessage());
            return false;
        }
    }

    /** Waits, not for long, until the copy has what those who answered have. */
    private void catchUp(UnitServer server) throws SQLException, InterruptedException {
        Optional<Position> most = known.stream().max(Position::compareTo);
        long deadline = System.nanoTime() + CATCH_UP.toNanos();
        while (most.isPresent() && server.look(PROBE).position().compareTo(most.get()) < 0) {
            if (System.nanoTime() > deadline) {
                LOG.warn("unit {}: {} has less than the servers of the lost city that answer", unit.unit(), copy);
                return;
            }
            TimeUnit.NANOSECONDS.sleep(POLL.toNanos());
        }
    }

    private UnitServer server(String name) throws SQLException {
        DatabaseAddress address = group.address(name).orElseThrow(() -> new SQLException(name + ": does not run"));
        return new UnitServer(name, address);
    }
}

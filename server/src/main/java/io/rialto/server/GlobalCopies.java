package io.rialto.server;

import io.rialto.cells.move.GlobalCopy;
import io.rialto.cells.move.MoveException;
import io.rialto.node.LogThrottle;
import io.rialto.node.postgres.Database;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the copies of the global data in the other cells of this machine, one thread for each. */
final class GlobalCopies implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GlobalCopies.class);

    /** A copy that has to be made anew is behind for about this long. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    private static final Duration COMPLAIN = Duration.ofMinutes(1);

    private final List<Thread> threads = new ArrayList<>();
    private final CountDownLatch closing = new CountDownLatch(1);

    private GlobalCopies() {}

    /**
     * Starts to keep them.
     *
     * @param owner the database of the global cell
     * @param others those of the cells that are to have a copy, by cell
     */
    static GlobalCopies start(Database owner, Map<String, Database> others, SecureRandom random) {
        GlobalCopies copies = new GlobalCopies();
        others.forEach((cell, database) -> copies.threads.add(Thread.ofVirtual()
                .name("global-copy-" + cell)
                .start(() -> copies.keep(cell, new GlobalCopy(cell, owner, database, random)))));
        return copies;
    }

    private void keep(String cell, GlobalCopy copy) {
        LogThrottle problems = new LogThrottle(LOG, COMPLAIN, Clock.systemUTC());
        try {
            do {
                look(cell, copy, problems);
            } while (!closing.await(LOOK.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            LOG.debug("copy of the global data in cell {}: no longer looked after", cell);
        }
    }

    private static void look(String cell, GlobalCopy copy, LogThrottle problems) throws InterruptedException {
        try {
            GlobalCopy.Look look = copy.keep();
            switch (look.state()) {
                case MADE -> LOG.info("copy of the global data in cell {}: made, {}", cell, look.why());
                case WAITS -> LOG.debug("copy of the global data in cell {} waits: {}", cell, look.why());
                case FOLLOWS -> {}
            }
        } catch (SQLException | MoveException | RuntimeException e) {
            problems.warn(
                    "copy of the global data in cell {}: {}; it is tried again", cell, String.valueOf(e.getMessage()));
        }
    }

    /** Stops looking after them; the copies go on. */
    @Override
    public void close() {
        closing.countDown();
        threads.forEach(Thread::interrupt);
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}

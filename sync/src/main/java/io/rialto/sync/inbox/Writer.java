package io.rialto.sync.inbox;

import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.protocol.Reason;
import io.rialto.sync.Publication;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what queues for some of the shards: one thread, one connection, one transaction at a time. Whatever has queued
 * while a transaction commits is the next one, so batches grow with the load and nobody waits for a timer.
 *
 * <p>The queue is its lock's; all else is the thread's own.
 */
final class Writer {
    private static final Logger LOG = LoggerFactory.getLogger(Writer.class);

    private static final Duration FIRST_PAUSE = Duration.ofMillis(10);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(500);

    private final String name;
    private final DatabaseAddress address;
    private final WriterQueue queue;
    private final Thread thread;

    private @Nullable Connection connection;
    private @Nullable PublishStatement statement;
    private boolean away;

    /** Whose publications of one key a row answers. */
    private record Key(long epoch, String user, String topic, String key) {}

    /** Starts it. */
    Writer(String name, DatabaseAddress address, WriterQueue queue) {
        this.name = name;
        this.address = address;
        this.queue = queue;
        this.thread = Thread.ofPlatform().name(name).daemon(true).start(this::run);
    }

    WriterQueue queue() {
        return queue;
    }

    void join() throws InterruptedException {
        thread.join();
    }

    private void run() {
        try {
            for (List<Waiting> batch = queue.take(); !batch.isEmpty(); batch = queue.take()) {
                write(batch);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            disconnect();
        }
    }

    /** Until all of the batch has an answer. */
    private void write(List<Waiting> batch) {
        List<Waiting> rest = batch;
        long pause = FIRST_PAUSE.toNanos();
        while (!rest.isEmpty()) {
            try {
                attempt(rest);
                back();
                return;
            } catch (CommitUncertain e) {
                gone(e);
                Waiting.fail(
                        rest,
                        Reason.STORE_UNAVAILABLE,
                        "whether the message was stored is not known: " + e.getMessage());
                return;
            } catch (SQLException e) {
                if (isOfTheData(e)) {
                    splitOrRefuse(rest, e);
                    return;
                }
                // Whether the connection broke before or after the commit does not matter: the next try finds the keys.
                if (!PublishStatement.TAKEN.equals(e.getSQLState())) {
                    gone(e);
                }
                LockSupport.parkNanos(pause);
                pause = Math.min(pause * 2, LONGEST_PAUSE.toNanos());
                rest = inTime(rest, e);
            } catch (RuntimeException e) {
                // A bug must not end the thread, and with it all publishes to its shards.
                LOG.error("{}: a batch failed", name, e);
                disconnect();
                Waiting.fail(rest, Reason.INTERNAL, "the inbox failed; its log says more");
                return;
            }
        }
    }

    /** Those whose time has not passed; the others are refused. */
    private static List<Waiting> inTime(List<Waiting> batch, SQLException last) {
        long now = System.nanoTime();
        Map<Boolean, List<Waiting>> parts =
                batch.stream().collect(Collectors.partitioningBy(w -> w.deadlineNanos() - now > 0));
        Waiting.fail(
                parts.getOrDefault(false, List.of()),
                Reason.STORE_UNAVAILABLE,
                "the cell's database does not take the message, and whether it was stored is not known: "
                        + last.getMessage());
        return parts.getOrDefault(true, List.of());
    }

    /** One bad message fails alone. */
    private void splitOrRefuse(List<Waiting> batch, SQLException e) {
        if (batch.size() == 1) {
            Waiting.fail(batch, Reason.INVALID_BODY, "the message cannot be stored: " + e.getMessage());
            return;
        }
        int half = batch.size() / 2;
        write(batch.subList(0, half));
        write(batch.subList(half, batch.size()));
    }

    private void attempt(List<Waiting> batch) throws SQLException, CommitUncertain {
        Map<Key, List<Waiting>> byKey = new LinkedHashMap<>();
        for (Waiting waiting : batch) {
            Publication p = waiting.publication();
            byKey.computeIfAbsent(new Key(p.epoch(), p.user(), p.topic(), p.key()), key -> new ArrayList<>(1))
                    .add(waiting);
        }
        List<List<Waiting>> groups = List.copyOf(byKey.values());
        PublishStatement s = statement();
        PublishStatement.Outcome[] outcomes = s.run(
                groups.stream().map(group -> group.getFirst().publication()).toList());
        SQLWarning warning = s.warning();
        if (warning != null) {
            throw new CommitUncertain(warning);
        }
        Waiting.answer(groups, outcomes);
    }

    /** The wait of a commit for a standby was cancelled: whether it is done for good is not known. */
    private static final class CommitUncertain extends Exception {
        private static final long serialVersionUID = 1L;

        CommitUncertain(SQLWarning cause) {
            super(cause.getMessage(), cause);
        }
    }

    /** Of the values: bad data, a violated check, a limit of the database. */
    private static boolean isOfTheData(SQLException e) {
        String state = String.valueOf(e.getSQLState());
        return !state.equals(PublishStatement.TAKEN)
                && (state.startsWith("22") || state.startsWith("23") || state.startsWith("54"));
    }

    private PublishStatement statement() throws SQLException {
        PublishStatement s = statement;
        if (s == null) {
            Connection c = InboxConnections.writer(address, name);
            connection = c;
            s = new PublishStatement(c);
            statement = s;
        }
        return s;
    }

    private void gone(Exception why) {
        if (!away) {
            away = true;
            LOG.warn("{}: the database does not take messages: {}", name, why.getMessage());
        }
        disconnect();
    }

    private void back() {
        if (away) {
            away = false;
            LOG.info("{}: the database takes messages again", name);
        }
    }

    private void disconnect() {
        Connection c = connection;
        connection = null;
        statement = null;
        try {
            if (c != null) {
                c.close();
            }
        } catch (SQLException e) {
            LOG.debug("{}: a broken connection does not close: {}", name, e.getMessage());
        }
    }
}

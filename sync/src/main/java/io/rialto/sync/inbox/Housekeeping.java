package io.rialto.sync.inbox;

import io.rialto.cells.RoutingTable;
import io.rialto.sync.InboxException;
import io.rialto.sync.Topic;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes what a topic does not keep any more, in small transactions; of several nodes one at a time. Messages of topics that are not
 * declared stay. A shard that is not open here is left as it is, since it may be on its way; copies of messages to everyone
 * are each cell's own to delete.
 *
 * <p>One virtual thread, which {@link #close} ends.
 */
final class Housekeeping implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);

    /** Rows of one transaction: some milliseconds. */
    static final int BATCH = 1_000;
    /** Of one topic in a round, so that one topic does not keep the others waiting. */
    private static final int MAX_BATCHES = 200;

    private static final int HEADS = 200;
    private static final int OF_ONE_HEAD = 50;
    /** Comes after a user and before all longer ones: users have no control characters. */
    private static final String AFTER = "\u0001";
    /** Any number that nobody else uses in this database. */
    private static final long LOCK = 0x7269616c746f31L;

    private static final String OLD_MESSAGES = """
            SELECT ctid::text, shard FROM inbox.message
            WHERE topic || '' = ? AND stored < statement_timestamp() - make_interval(secs => ?) AND shard <> ALL (?)
            ORDER BY stored LIMIT ?""";

    private static final String OLD_RECEIPTS = """
            SELECT ctid::text, shard FROM inbox.receipt
            WHERE topic || '' = ? AND at < statement_timestamp() - make_interval(secs => ?) AND shard <> ALL (?)
            ORDER BY at LIMIT ?""";

    /** Beyond what is kept for each user; by users, from one on. */
    private static final String SURPLUS = """
            SELECT m.place, h.shard, h.uid
            FROM (SELECT shard, uid, last FROM inbox.head WHERE topic = ? AND uid >= ? ORDER BY uid LIMIT ?) h
            LEFT JOIN LATERAL (
                SELECT ctid::text AS place FROM inbox.message t
                WHERE t.uid = h.uid AND t.topic = ? AND t.sequence <= h.last - ? ORDER BY t.sequence LIMIT ?) m ON true
            ORDER BY h.uid""";

    /** A receipt of the user's own messages goes with the last one that it tells of. */
    private static final String DELETE_MESSAGES = """
            WITH gone AS (
                DELETE FROM inbox.message WHERE ctid = ANY (?::tid[]) AND topic = ? AND shard = ANY (?)
                RETURNING uid, topic, sequence
            ), told AS (
                DELETE FROM inbox.receipt r USING gone g
                WHERE r.uid = g.uid AND r.topic = g.topic AND NOT r.everyone AND r.last = g.sequence
            )
            SELECT count(*) FROM gone""";

    private static final String DELETE_RECEIPTS = """
            WITH gone AS (
                DELETE FROM inbox.receipt WHERE ctid = ANY (?::tid[]) AND topic = ? AND shard = ANY (?) RETURNING 1
            )
            SELECT count(*) FROM gone""";

    private final Tables tables;
    private final Expirations expirations;
    private final OldDevices oldDevices;
    private final Supplier<Map<String, Topic>> topics;
    private final Duration pause;
    private final RandomGenerator random;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread;
    private boolean failing;

    /** Rows to delete, and their shards. */
    private record Found(List<String> places, Set<Integer> shards) {}

    /**
     * What one transaction did.
     *
     * @param more whether another would find something
     * @param next of users, where they are walked through
     */
    private record Done(long deleted, boolean more, String next) {}

    Housekeeping(Tables tables, Supplier<Map<String, Topic>> topics, Duration pause, RandomGenerator random) {
        this.tables = tables;
        this.expirations = new Expirations(tables);
        this.oldDevices = new OldDevices(tables);
        this.topics = topics;
        this.pause = pause;
        this.random = random;
        this.thread = Thread.ofVirtual().name("inbox-housekeeping").start(this::run);
    }

    private void run() {
        try {
            // Nodes that start together do not work together.
            while (!closed.await((long) (pause.toMillis() * (0.5 + random.nextDouble())), TimeUnit.MILLISECONDS)) {
                try {
                    round();
                    failing = false;
                } catch (InboxException e) {
                    if (!failing) {
                        failing = true;
                        LOG.warn("retention waits: {}", e.getMessage());
                    }
                } catch (RuntimeException e) {
                    // A bug must not end retention for good.
                    LOG.error("retention failed", e);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Once through all topics; how many messages were deleted. */
    long round() {
        expirations.round();
        oldDevices.round();
        long deleted = 0;
        for (Topic topic : topics.get().values()) {
            deleted += old(topic, OLD_MESSAGES, DELETE_MESSAGES);
            old(topic, OLD_RECEIPTS, DELETE_RECEIPTS);
            if (topic.keepNewest() > 0) {
                deleted += surplus(topic);
            }
        }
        return deleted;
    }

    private long old(Topic topic, String select, String delete) {
        Set<Integer> notHere = new HashSet<>();
        return repeat(next -> tables.write(connection -> {
            if (!alone(connection)) {
                return new Done(0, false, "");
            }
            Found found = old(connection, topic, select, notHere);
            long deleted = delete(connection, topic, found, delete, notHere);
            return new Done(deleted, found.places().size() == BATCH, "");
        }));
    }

    private static Found old(Connection connection, Topic topic, String select, Set<Integer> notHere)
            throws SQLException {
        Found found = new Found(new ArrayList<>(), new HashSet<>());
        try (PreparedStatement statement = connection.prepareStatement(select)) {
            statement.setString(1, topic.name());
            statement.setDouble(2, (double) topic.retention().toSeconds());
            statement.setArray(3, connection.createArrayOf("int4", notHere.toArray()));
            statement.setInt(4, BATCH);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    found.places().add(rows.getString(1));
                    found.shards().add(rows.getInt(2));
                }
            }
        }
        return found;
    }

    private long surplus(Topic topic) {
        return repeat(from -> tables.write(connection -> {
            if (!alone(connection)) {
                return new Done(0, false, "");
            }
            return surplus(connection, topic, from);
        }));
    }

    private static Done surplus(Connection connection, Topic topic, String from) throws SQLException {
        Found found = new Found(new ArrayList<>(), new HashSet<>());
        Set<String> users = new HashSet<>();
        String last = from;
        try (PreparedStatement statement = connection.prepareStatement(SURPLUS)) {
            statement.setString(1, topic.name());
            statement.setString(2, from);
            statement.setInt(3, HEADS);
            statement.setString(4, topic.name());
            statement.setLong(5, topic.keepNewest());
            statement.setInt(6, OF_ONE_HEAD);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    last = rows.getString(3);
                    users.add(last);
                    String place = rows.getString(1);
                    if (place != null) {
                        found.places().add(place);
                        found.shards().add(rows.getInt(2));
                    }
                }
            }
        }
        long deleted = delete(connection, topic, found, DELETE_MESSAGES, new HashSet<>());
        return new Done(deleted, users.size() == HEADS, last + AFTER);
    }

    private long repeat(Function<String, Done> transaction) {
        long deleted = 0;
        Done done = new Done(0, true, "");
        for (int i = 0; i < MAX_BATCHES && done.more() && closed.getCount() > 0; i++) {
            done = transaction.apply(done.next());
            deleted += done.deleted();
        }
        return deleted;
    }

    private static boolean alone(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_try_advisory_xact_lock(" + LOCK + ")")) {
            return row.next() && row.getBoolean(1);
        }
    }

    /** Deletes what is of open shards, and adds those that are not open to the set. */
    private static long delete(Connection connection, Topic topic, Found found, String sql, Set<Integer> notHere)
            throws SQLException {
        if (found.places().isEmpty()) {
            return 0;
        }
        Set<Integer> open =
                new HashSet<>(OpenShards.hold(connection, found.shards()).keySet());
        open.add(RoutingTable.GLOBAL_SHARD);
        found.shards().stream().filter(shard -> !open.contains(shard)).forEach(notHere::add);
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setArray(
                    1, connection.createArrayOf("text", found.places().toArray()));
            statement.setString(2, topic.name());
            statement.setArray(3, connection.createArrayOf("int4", open.toArray()));
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? row.getLong(1) : 0;
            }
        }
    }

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

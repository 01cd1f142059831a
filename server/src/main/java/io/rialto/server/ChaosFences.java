package io.rialto.server;

import io.rialto.node.postgres.Database;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks again and again for shards that two cells have open at the same moment. The databases are not read at one instant:
 * a shard counts where one cell has it open at the same epoch before and after the look at the other, since no cell opens a
 * shard twice at one epoch. A server that has been failed over and does not know it yet counts for nothing: both must be
 * able to commit something afterwards.
 */
final class ChaosFences {
    private static final int PAUSE_MILLIS = 40;
    /** Of a server that stands still: another one may be the primary by then. */
    private static final int SILENCE_MILLIS = 3_000;

    private static final Logger LOG = LoggerFactory.getLogger(ChaosFences.class);

    private final Map<String, Database> cells;
    private final Map<String, Connection> connections = new HashMap<>();
    private final Set<String> twice = new TreeSet<>();
    private long looks;

    /** @param cells those between which shards move */
    ChaosFences(Map<String, Database> cells) {
        this.cells = new LinkedHashMap<>(cells);
    }

    /** Looks until it is over. */
    void watch(CountDownLatch over) throws InterruptedException {
        do {
            try {
                look();
            } catch (SQLException e) {
                LOG.debug("a database is away, as it should be now and then", e);
                close();
            }
        } while (!over.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS));
        close();
    }

    /** Once. */
    private void look() throws SQLException {
        for (Map.Entry<String, Database> one : cells.entrySet()) {
            Map<Integer, Long> before = open(one.getKey(), one.getValue());
            for (Map.Entry<String, Database> other : cells.entrySet()) {
                if (one.getKey().equals(other.getKey())) {
                    continue;
                }
                Map<Integer, Long> there = open(other.getKey(), other.getValue());
                Map<Integer, Long> after = open(one.getKey(), one.getValue());
                List<String> found = new ArrayList<>();
                before.forEach((shard, epoch) -> {
                    if (epoch.equals(after.get(shard)) && there.containsKey(shard)) {
                        found.add("shard " + shard + ": open in " + one.getKey() + " at epoch " + epoch + " and in "
                                + other.getKey() + " at epoch " + there.get(shard));
                    }
                });
                if (!found.isEmpty()) {
                    confirm(one.getKey());
                    confirm(other.getKey());
                    found.forEach(this::add);
                }
            }
        }
        count();
    }

    /** By a commit on the connection by which a cell was read, which only the true primary of a unit can make. */
    private void confirm(String cell) throws SQLException {
        ChaosBooks.confirm(Objects.requireNonNull(connections.get(cell), cell));
    }

    private synchronized void add(String text) {
        twice.add(text);
    }

    private synchronized void count() {
        looks++;
    }

    /** How often all were looked at. */
    synchronized long looks() {
        return looks;
    }

    /** What was found. */
    synchronized List<String> twice() {
        return List.copyOf(twice);
    }

    /** The shards that a cell has open, with their epochs. */
    private Map<Integer, Long> open(String cell, Database database) throws SQLException {
        Connection connection = connections.get(cell);
        if (connection == null) {
            connection = database.address().connect("rialto-chaos");
            connection.setNetworkTimeout(Runnable::run, SILENCE_MILLIS);
            connections.put(cell, connection);
        }
        Map<Integer, Long> open = new HashMap<>();
        ChaosBooks.each(
                connection,
                "SELECT shard, epoch FROM rialto.fence WHERE state = 'OPEN'",
                row -> open.put(row.getInt(1), row.getLong(2)));
        return open;
    }

    private void close() {
        for (Connection connection : connections.values()) {
            try {
                connection.close();
            } catch (SQLException e) {
                LOG.debug("closed by the other side already", e);
            }
        }
        connections.clear();
    }
}

package io.rialto.sync.schedule;

import io.rialto.cells.Fence;
import io.rialto.cells.Place;
import io.rialto.cells.RoutingTable;
import io.rialto.node.postgres.Database;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.sync.Hints;
import io.rialto.sync.Inbox;
import io.rialto.sync.InboxMeters;
import io.rialto.sync.Publication;
import io.rialto.sync.Repetition;
import io.rialto.sync.Schedule;
import io.rialto.sync.ScheduledId;
import io.rialto.sync.Stored;
import io.rialto.sync.inbox.OpenShards;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The schedule of one cell. Every node of the cell looks for messages whose time has come, by the database's clock, and
 * locks those that it takes, so that others pass over them; what a node has published but not noted when it dies is
 * published again with the same key, and so stored once.
 */
public final class PostgresSchedule implements Schedule, AutoCloseable {
    /** A timed message is late by that at most, when nothing is wrong. */
    static final Duration PACE = Duration.ofSeconds(1);

    /** Messages of one round; what is left has its turn at once. */
    static final int ROUND = 200;

    private static final Logger LOG = LoggerFactory.getLogger(PostgresSchedule.class);

    private final Database database;
    private final String cell;
    private final Supplier<RoutingTable> table;
    private final Inbox inbox;
    private final Hints hints;
    private final InboxMeters meters;
    private final Executor blocking;
    private final RandomGenerator random;
    private final CountDownLatch closing = new CountDownLatch(1);
    private boolean failing;

    /**
     * The schedule of a cell whose inbox has its tables.
     *
     * @param blocking runs what waits for the database; virtual threads
     */
    public PostgresSchedule(
            Database database,
            String cell,
            Supplier<RoutingTable> table,
            Inbox inbox,
            Hints hints,
            InboxMeters meters,
            Executor blocking,
            RandomGenerator random) {
        this.database = database;
        this.cell = cell;
        this.table = table;
        this.inbox = inbox;
        this.hints = hints;
        this.meters = meters;
        this.blocking = blocking;
        this.random = random;
    }

    /** Begins to publish what is due. */
    public void start() {
        Thread.ofVirtual().name("schedule").start(this::run);
    }

    private void run() {
        boolean closed = false;
        while (!closed) {
            boolean more = false;
            try {
                more = round() == ROUND;
                if (failing) {
                    failing = false;
                    LOG.info("timed messages are published again");
                }
            } catch (SQLException | RuntimeException e) {
                if (!failing) {
                    failing = true;
                    LOG.warn("timed messages are not published for now: {}", e.toString());
                }
            }
            try {
                long pause = more ? 0 : random.nextLong(PACE.toMillis() / 2, PACE.toMillis());
                closed = closing.await(pause, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    @Override
    public CompletableFuture<Scheduled> add(Publication publication, long notBeforeMillis, String repeat) {
        return blocking(connection -> {
            try (PreparedStatement fence = connection.prepareStatement("SELECT rialto.fence(?, ?)")) {
                fence.setInt(1, publication.shard());
                fence.setLong(2, publication.epoch());
                fence.execute();
            }
            Instant begin = Rows.later(publication.accepted(), Instant.ofEpochMilli(notBeforeMillis));
            Instant due = repeat.isEmpty()
                    ? begin
                    : Repetition.parse(repeat).next(begin.minusMillis(1)).orElseThrow();
            boolean fresh = Rows.insert(connection, publication, begin, due, repeat);
            long number = Rows.number(connection, publication);
            return new Scheduled(new ScheduledId(publication.topic(), number, publication.user()), !fresh);
        });
    }

    @Override
    public CompletableFuture<Boolean> cancel(ScheduledId id) {
        return blocking(connection -> {
            Optional<Integer> shard = Rows.shard(connection, id);
            if (shard.isEmpty()) {
                return false;
            }
            if (OpenShards.hold(connection, List.of(shard.get())).isEmpty()) {
                throw new SQLException("shard " + shard.get() + ": not open here", Fence.REFUSED);
            }
            return Rows.cancel(connection, id);
        });
    }

    private interface Work<T> {
        T in(Connection connection) throws SQLException;
    }

    private <T> CompletableFuture<T> blocking(Work<T> work) {
        CompletableFuture<T> done = new CompletableFuture<>();
        blocking.execute(() -> {
            try {
                done.complete(transaction(work));
            } catch (SQLException e) {
                done.completeExceptionally(refusal(e));
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    private static ProtocolException refusal(SQLException e) {
        return Fence.REFUSED.equals(e.getSQLState())
                ? new ProtocolException(Reason.FENCED, String.valueOf(e.getMessage()))
                : new ProtocolException(
                        Reason.STORE_UNAVAILABLE,
                        "not known whether it was stored (expected: again with the same key)");
    }

    private <T> T transaction(Work<T> work) throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            try {
                T result = work.in(connection);
                connection.commit();
                return result;
            } finally {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
    }

    /** Publishes what is due and is not locked by another node; says how many rows it looked at. */
    int round() throws SQLException {
        return transaction(connection -> {
            List<Rows.Due> due = Rows.lockDue(connection, ROUND);
            List<CompletableFuture<Boolean>> published = new ArrayList<>();
            for (Rows.Due row : due) {
                published.add(publish(row));
            }
            // A row stays locked until its message is committed, and is noted after that. The fence is held only now:
            // whoever
            // closes a shard waits for its holders, and a publish would wait behind that.
            published.forEach(CompletableFuture::join);
            Set<Integer> open = OpenShards.hold(
                            connection,
                            due.stream().map(row -> row.message().shard()).toList())
                    .keySet();
            for (int i = 0; i < due.size(); i++) {
                if (!open.contains(due.get(i).message().shard())) {
                    continue; // it moves as it is, and the other cell finds the message there by its key
                }
                if (published.get(i).join()) {
                    Rows.done(connection, due.get(i));
                } else {
                    Rows.postpone(connection, due.get(i));
                }
            }
            if (due.isEmpty()) {
                Rows.purge(connection);
            }
            return due.size();
        });
    }

    private CompletableFuture<Boolean> publish(Rows.Due due) {
        RoutingTable routes = table.get();
        Place place = due.user().isEmpty() ? routes.global() : routes.locate(due.user());
        if (!place.cell().id().equals(cell)) {
            // The user has moved, and this row with them; what is left here is of no more use than it does harm.
            return CompletableFuture.completedFuture(false);
        }
        Publication publication = due.publication(place.shard(), place.epoch());
        return inbox.publish(publication).handle((Stored stored, Throwable failure) -> {
            if (failure != null || stored == null) {
                return false;
            }
            if (!stored.repeated()) {
                meters.scheduled(publication.topic());
                if (publication.everyone()) {
                    hints.storedForEveryone(publication.topic());
                } else {
                    hints.stored(List.of(publication.user()));
                }
            }
            return true;
        });
    }

    @Override
    public void close() {
        closing.countDown();
    }
}

package io.rialto.sync.inbox;

import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.sync.AckOutcome;
import io.rialto.sync.Acknowledgement;
import io.rialto.sync.Audience;
import io.rialto.sync.Inbox;
import io.rialto.sync.MessageId;
import io.rialto.sync.Publication;
import io.rialto.sync.Slice;
import io.rialto.sync.Stored;
import io.rialto.sync.Topic;
import io.rialto.sync.Versions;
import io.rialto.sync.Want;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;

/**
 * The inbox of one cell in its PostgreSQL. Several nodes may work on one database: all that must be one after the other is
 * so by rows that they lock.
 */
public final class PostgresInbox implements Inbox {
    private static final byte[] NOTHING = new byte[0];

    private final Database database;
    private final Publisher publisher;
    private final Tables tables;
    private final Reader reader;
    private final Cursors cursors;

    /**
     * How a node works on the database.
     *
     * @param writers of publishes, each with a connection of its own
     * @param readers connections for everything else, at most
     * @param answer how long an answer of the database may take before it counts as cut off
     * @param patience how long a publish is tried before it is refused
     */
    public record Settings(int writers, int readers, Duration answer, Duration patience) {
        /** Four writers keep the log's disk busy; a pause of the database of some seconds is waited out. */
        public static Settings standard() {
            return new Settings(4, 8, Duration.ofSeconds(10), Duration.ofSeconds(10));
        }
    }

    private PostgresInbox(
            Database database, Settings settings, Supplier<Map<String, Topic>> topics, Audience audience) {
        this.database = database;
        this.tables = new Tables(database);
        this.publisher = new Publisher(database.address(), settings.writers(), settings.patience());
        this.reader = new Reader(tables, topics, audience);
        this.cursors = new Cursors(tables, topics);
    }

    /**
     * The inbox in a database whose fence is there, with its tables brought up to date.
     *
     * @param topics as they are declared now, by name
     * @throws SQLException where the database does not answer, or refuses a change
     */
    public static PostgresInbox open(
            Database database, Settings settings, Supplier<Map<String, Topic>> topics, Audience audience)
            throws SQLException {
        database.migrate("inbox", "sync", "io/rialto/sync/inbox/migrations");
        DatabaseAddress address = InboxConnections.address(database.address(), settings.answer());
        Database own = Database.open(address, "inbox", settings.readers(), settings.answer());
        return new PostgresInbox(own, settings, topics, audience);
    }

    @Override
    public CompletableFuture<Stored> publish(Publication publication) {
        return publisher.publish(publication);
    }

    @Override
    public List<Slice> read(List<Want> wants) {
        return reader.read(wants);
    }

    @Override
    public List<List<SyncKey>> highest(List<String> users) {
        return reader.highest(users);
    }

    @Override
    public List<AckOutcome> acknowledge(List<Acknowledgement> acknowledgements) {
        return cursors.acknowledge(acknowledgements);
    }

    @Override
    public Stored revoke(int shard, long epoch, MessageId message) throws ProtocolException {
        Revocable.check(tables, message);
        // With a space, which no key of a publisher has.
        String key = "revoke " + message.sequence();
        Publication publication = new Publication(
                shard,
                epoch,
                message.user(),
                message.topic(),
                key,
                null,
                null,
                "",
                NOTHING,
                Instant.now(),
                null,
                Versions.ALL,
                false,
                "",
                message.sequence());
        try {
            return publish(publication).get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ProtocolException refusal) {
                throw refusal;
            }
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ProtocolException(Reason.STORE_UNAVAILABLE, "interrupted before the answer came");
        }
    }

    @Override
    public void close() {
        publisher.close();
        database.close();
    }
}

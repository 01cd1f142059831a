package io.rialto.sync.inbox;

import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.sync.AckOutcome;
import io.rialto.sync.Acknowledgement;
import io.rialto.sync.Audience;
import io.rialto.sync.Broadcasts;
import io.rialto.sync.DeviceState;
import io.rialto.sync.Devices;
import io.rialto.sync.Inbox;
import io.rialto.sync.MessageId;
import io.rialto.sync.Publication;
import io.rialto.sync.Slice;
import io.rialto.sync.StepNote;
import io.rialto.sync.Stored;
import io.rialto.sync.Topic;
import io.rialto.sync.Trace;
import io.rialto.sync.Traces;
import io.rialto.sync.Versions;
import io.rialto.sync.Want;
import io.rialto.sync.vendor.WakeQueue;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;

/**
 * The inbox of one cell in its PostgreSQL. Several nodes may work on one database: all that must be one after the other is
 * so by rows that they lock.
 */
public final class PostgresInbox implements Inbox, Devices, Traces, Broadcasts {
    /** The role of a cell's edges in its database, and the schema of its tables. */
    public static final String ROLE = "inbox";

    private static final byte[] NOTHING = new byte[0];

    private final Database database;
    private final Publisher publisher;
    private final Tables tables;
    private final Reader reader;
    private final Cursors cursors;
    private final DeviceTable devices;
    private final Receipts receipts;
    private final Tracer tracer;
    private final BroadcastTable broadcasts;
    private final Audience audience;
    private final Housekeeping housekeeping;
    private final Takeovers takeovers;

    /**
     * How a node works on the database.
     *
     * @param writers of publishes, each with a connection of its own
     * @param readers connections for everything else, at most
     * @param answer how long an answer of the database may take before it counts as cut off
     * @param patience how long a publish is tried before it is refused
     * @param housekeeping how often what is not kept any more is deleted
     */
    public record Settings(int writers, int readers, Duration answer, Duration patience, Duration housekeeping) {
        /** Four writers keep the log's disk busy; a pause of the database of some seconds is waited out. */
        public static Settings standard() {
            return new Settings(4, 8, Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofMinutes(1));
        }
    }

    private PostgresInbox(
            Database database, Settings settings, Supplier<Map<String, Topic>> topics, Audience audience) {
        this.database = database;
        this.tables = new Tables(database, settings.answer());
        this.publisher = new Publisher(database.address(), settings.writers(), settings.patience());
        this.reader = new Reader(tables, topics, audience);
        this.cursors = new Cursors(tables, topics);
        this.takeovers = new Takeovers(tables);
        this.devices = new DeviceTable(tables);
        this.receipts = new Receipts(tables, topics);
        this.tracer = new Tracer(tables, topics, audience);
        this.broadcasts = new BroadcastTable(tables);
        this.audience = audience;
        this.housekeeping = new Housekeeping(tables, topics, settings.housekeeping(), new SplittableRandom());
    }

    /**
     * Brings the tables of a cell's inbox up to date and behind the fence; by the role that owns them, in a database whose
     * fence is there and lets it pass.
     */
    public static void migrate(Database database) throws SQLException {
        database.migrate(ROLE, "sync", "io/rialto/sync/inbox/migrations");
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT rialto.guard()");
        }
    }

    /**
     * The inbox in a database that was {@link #migrate}d; does not connect before it is used.
     *
     * @param topics as they are declared now, by name
     */
    public static PostgresInbox open(
            DatabaseAddress database, Settings settings, Supplier<Map<String, Topic>> topics, Audience audience) {
        DatabaseAddress address = InboxConnections.address(database, settings.answer());
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
    public Set<ShardEpoch> open(Set<ShardEpoch> shards) {
        return tables.read(connection -> OpenShards.now(connection, shards));
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
    public boolean outran(int shard, String user, SyncKey key) {
        return takeovers.outran(shard, user, key);
    }

    @Override
    public Stored revoke(int shard, long epoch, MessageId message) throws ProtocolException {
        Revocable.check(tables, message);
        // With a space, which no key of a publisher has. Accepted is when it is stored.
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
                Instant.EPOCH,
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

    /** Devices of the same cell that should be woken; works as long as this is open. */
    public WakeQueue wakes() {
        return new WakeTable(tables, receipts, audience);
    }

    @Override
    public void seen(List<DeviceState> states) {
        devices.seen(states);
    }

    @Override
    public List<DeviceState> devicesOf(String user) {
        return devices.devicesOf(user);
    }

    @Override
    public void unregister(String vendor, String token) {
        devices.unregister(vendor, token);
    }

    @Override
    public void note(List<StepNote> notes) {
        receipts.note(notes);
    }

    @Override
    public Optional<Trace> trace(MessageId message, String user) {
        return tracer.trace(message, user);
    }

    @Override
    public List<Trace> traceUser(String user, int limit) {
        return tracer.traceUser(user, limit);
    }

    @Override
    public Optional<Page> after(String topic, long sequence, int limit) {
        return broadcasts.after(topic, sequence, limit);
    }

    @Override
    public long highestBroadcast(String topic) {
        return broadcasts.highest(topic);
    }

    @Override
    public boolean copy(Page page) {
        return broadcasts.copy(page);
    }

    /** Deletes what is not kept any more now; how many messages. */
    long tidy() {
        return housekeeping.round();
    }

    @Override
    public void close() {
        housekeeping.close();
        publisher.close();
        database.close();
    }
}

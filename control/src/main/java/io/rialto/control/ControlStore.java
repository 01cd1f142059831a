package io.rialto.control;

import io.rialto.node.Snapshot;
import io.rialto.node.SnapshotEnvelope;
import io.rialto.node.SnapshotException;
import io.rialto.node.SnapshotSigner;
import io.rialto.node.postgres.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/**
 * The snapshots in the control database. A change names the version that it is based on and is refused when that is no
 * longer the newest, so that of several control processes and administrators none overwrites what it has not seen.
 *
 * <p>The newest envelope is kept in memory. One virtual thread looks every 200 ms for what another process has stored;
 * what this process stores is seen at once. {@link #await} parks the caller, which should be a virtual thread.
 */
public final class ControlStore implements AutoCloseable {
    /** Names of sections are the rooms' own. */
    private static final Pattern SECTION = Pattern.compile("[a-z][a-z0-9-]{0,62}");

    private static final Logger LOG = LoggerFactory.getLogger(ControlStore.class);
    private static final String SCHEMA = "control";
    /** Enough to go back to; a snapshot can be megabytes. */
    private static final int KEPT_VERSIONS = 1000;

    private static final int MAX_AUTHOR = 200;
    private static final long LOOK_MILLIS = 200;
    /** Unique violation: another process stored this version first. */
    private static final String TAKEN = "23505";

    /** What nodes get; the envelope is handed on as it is, neither changed nor compared. */
    @SuppressWarnings("ArrayRecordComponent")
    record Current(long version, byte[] envelope, Map<String, JsonNode> sections) {
        static final Current NONE = new Current(0, new byte[0], Map.of());
    }

    private final Database database;
    private final SnapshotSigner signer;
    private final SnapshotEnvelope opener;
    private final Map<String, SectionCheck> validators;
    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread looking = Thread.ofVirtual().name("control-store").unstarted(this::look);
    private volatile Current current = Current.NONE;
    private volatile @Nullable String lastError;

    private ControlStore(
            Database database, SnapshotSigner signer, Map<String, SectionCheck> validators, InstantSource clock) {
        this.database = database;
        this.signer = signer;
        this.opener = SnapshotEnvelope.trusting(List.of(signer.publicKey()));
        this.validators = Map.copyOf(validators);
        this.clock = clock;
    }

    /**
     * Opens the store, bringing its tables up to date.
     *
     * @param validators of every section that there may be: each gives what is wrong with its section
     * @throws SQLException where the database cannot be read
     */
    public static ControlStore open(
            Database database, SnapshotSigner signer, Map<String, SectionCheck> validators, InstantSource clock)
            throws SQLException {
        for (String name : validators.keySet()) {
            if (!SECTION.matcher(name).matches()) {
                throw new IllegalArgumentException("section: " + name + " (expected: " + SECTION + ")");
            }
        }
        database.migrate(SCHEMA, SCHEMA, "io/rialto/control/migrations");
        ControlStore store = new ControlStore(database, signer, validators, clock);
        store.refresh();
        store.looking.start();
        return store;
    }

    /** The newest version; 0 where there is none yet. */
    public long version() {
        return current.version();
    }

    /** The newest form of a section. */
    public Optional<JsonNode> section(String name) {
        return Optional.ofNullable(current.sections().get(name));
    }

    /** The names of the sections that there may be. */
    public SortedSet<String> sectionNames() {
        return new TreeSet<>(validators.keySet());
    }

    /** What went wrong when the database was last looked at; empty when it answers. */
    public Optional<String> lastError() {
        return Optional.ofNullable(lastError);
    }

    Current current() {
        return current;
    }

    /** The newest, as soon as it is newer than the version given; otherwise, after the limit, as it is then. */
    Current await(long version, long limitMillis) throws InterruptedException {
        long nanos = TimeUnit.MILLISECONDS.toNanos(limitMillis);
        lock.lockInterruptibly();
        try {
            while (current.version() <= version && nanos > 0 && closed.getCount() > 0) {
                nanos = changed.awaitNanos(nanos);
            }
            return current;
        } finally {
            lock.unlock();
        }
    }

    /** Changes one section; see {@link #put(Map, long, String)}. */
    public PutResult put(String section, JsonNode value, long expectedVersion, String author) throws SQLException {
        return put(Map.of(section, value), expectedVersion, author);
    }

    /**
     * Changes sections, all or none.
     *
     * @param expectedVersion the version that the change is based on; 0 for the first
     * @param author for the history, at most 200 characters
     */
    public PutResult put(Map<String, JsonNode> changes, long expectedVersion, String author) throws SQLException {
        refresh();
        Current base = current;
        List<String> errors = errors(base, changes, author);
        if (!errors.isEmpty()) {
            return new PutResult.Invalid(errors);
        }
        if (base.version() != expectedVersion) {
            return new PutResult.Conflict(base.version());
        }
        Map<String, JsonNode> sections = new TreeMap<>(base.sections());
        changes.forEach((name, value) -> sections.put(name, value.deepCopy()));
        Snapshot next = new Snapshot(base.version() + 1, clock.instant(), sections);
        byte[] envelope = signer.sign(next);
        if (envelope.length > SnapshotEnvelope.MAX_BYTES) {
            return new PutResult.Invalid(List.of(
                    "snapshot: " + envelope.length + " bytes (expected: at most " + SnapshotEnvelope.MAX_BYTES + ")"));
        }
        if (!insert(next, envelope, author, String.join(",", new TreeSet<>(changes.keySet())))) {
            refresh();
            return new PutResult.Conflict(current.version());
        }
        publish(new Current(next.version(), envelope, next.sections()));
        LOG.info("snapshot {} by {}: {}", next.version(), author, changes.keySet());
        return new PutResult.Accepted(next.version());
    }

    private List<String> errors(Current base, Map<String, JsonNode> changes, String author) {
        List<String> errors = new ArrayList<>();
        if (author.isBlank() || author.length() > MAX_AUTHOR || author.chars().anyMatch(Character::isISOControl)) {
            errors.add("author: " + author.length() + " characters (expected: 1.." + MAX_AUTHOR + ", printable)");
        }
        if (changes.isEmpty()) {
            errors.add("sections: none (expected: at least one)");
        }
        new TreeMap<>(changes).forEach((name, value) -> {
            SectionCheck validator = validators.get(name);
            if (validator == null) {
                errors.add("section: " + name + " (expected: one of " + sectionNames() + ")");
            } else if (!value.isObject()) {
                errors.add(name + ": " + value.getNodeType() + " (expected: an object)");
            } else {
                errors.addAll(
                        validator.errors(Optional.ofNullable(base.sections().get(name)), value));
            }
        });
        return errors;
    }

    private boolean insert(Snapshot snapshot, byte[] envelope, String author, String sections) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                PreparedStatement statement =
                        connection.prepareStatement("WITH dropped AS (DELETE FROM control.snapshot WHERE version <= ?)"
                                + " INSERT INTO control.snapshot (version, issued, author, section, envelope)"
                                + " VALUES (?, ?, ?, ?, ?)")) {
            statement.setLong(1, snapshot.version() - KEPT_VERSIONS);
            statement.setLong(2, snapshot.version());
            statement.setTimestamp(3, Timestamp.from(snapshot.issued()));
            statement.setString(4, author);
            statement.setString(5, sections);
            statement.setBytes(6, envelope);
            statement.executeUpdate();
            return true;
        } catch (SQLException e) {
            if (TAKEN.equals(e.getSQLState())) {
                return false;
            }
            throw e;
        }
    }

    /** The newest changes first. */
    public List<SnapshotEntry> history(int limit) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                PreparedStatement statement = connection.prepareStatement(
                        "SELECT version, issued, author, section FROM control.snapshot ORDER BY version DESC LIMIT ?")) {
            statement.setInt(1, limit);
            List<SnapshotEntry> entries = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    entries.add(new SnapshotEntry(
                            rows.getLong(1),
                            rows.getTimestamp(2).toInstant(),
                            rows.getString(3),
                            List.of(rows.getString(4).split(",", -1))));
                }
            }
            return entries;
        }
    }

    private void look() {
        try {
            while (!closed.await(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                try {
                    refresh();
                    lastError = null;
                } catch (SQLException e) {
                    if (lastError == null) {
                        LOG.warn("control database cannot be read; serving version {}: {}", version(), e.toString());
                    }
                    lastError = "control database: " + e.getMessage();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void refresh() throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                PreparedStatement statement = connection.prepareStatement(
                        "SELECT envelope FROM control.snapshot WHERE version > ? ORDER BY version DESC LIMIT 1")) {
            statement.setLong(1, current.version());
            try (ResultSet rows = statement.executeQuery()) {
                if (rows.next()) {
                    byte[] envelope = rows.getBytes(1);
                    Snapshot snapshot = opener.open(envelope);
                    publish(new Current(snapshot.version(), envelope, snapshot.sections()));
                }
            }
        } catch (SnapshotException e) {
            throw new SQLException(
                    "a stored snapshot cannot be used (expected: signed by this control's key): " + e.getMessage(), e);
        }
    }

    private void publish(Current next) {
        lock.lock();
        try {
            if (next.version() > current.version()) {
                current = next;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Ends looking and lets everyone who waits go. */
    @Override
    public void close() {
        closed.countDown();
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}

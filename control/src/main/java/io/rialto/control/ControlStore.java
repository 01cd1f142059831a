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
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
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

    private static final long LOOK_MILLIS = 200;
    /** Unique violation: another process stored this version first. */
    private static final String TAKEN = "23505";

    /** What nodes get; the envelope is handed on as it is, neither changed nor compared. */
    @SuppressWarnings("ArrayRecordComponent")
    record Current(long version, byte[] envelope, Map<String, JsonNode> sections) {
        static final Current NONE = new Current(0, new byte[0], Map.of());
    }

    /** A version that only some nodes get, above the one that all the others have. */
    record Staged(Current snapshot, List<String> nodes) {}

    /** What is in force for all, and what is being tried beside it. */
    private record Versions(Current all, Optional<Staged> staged) {
        long newest() {
            return staged.map(one -> one.snapshot().version()).orElse(all.version());
        }
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
    private volatile Versions versions = new Versions(Current.NONE, Optional.empty());
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

    /** The newest version that all nodes get; 0 where there is none yet. */
    public long version() {
        return versions.all().version();
    }

    /** The newest form of a section. */
    public Optional<JsonNode> section(String name) {
        return Optional.ofNullable(current().sections().get(name));
    }

    /** The names of the sections that there may be. */
    public SortedSet<String> sectionNames() {
        return new TreeSet<>(validators.keySet());
    }

    /** What went wrong when the database was last looked at; empty when it answers. */
    public Optional<String> lastError() {
        return Optional.ofNullable(lastError);
    }

    InstantSource clock() {
        return clock;
    }

    Current current() {
        return versions.all();
    }

    /** The version that is being tried on some nodes. */
    Optional<Staged> staged() {
        return versions.staged();
    }

    /** What a node gets: the staged version where it is named, the newest for all otherwise. */
    Current current(String node) {
        Versions now = versions;
        return now.staged()
                .filter(one -> one.nodes().contains(node))
                .map(Staged::snapshot)
                .orElse(now.all());
    }

    /** A node's newest, as soon as it is newer than the version given; otherwise, after the limit, as it is then. */
    Current await(String node, long version, long limitMillis) throws InterruptedException {
        long nanos = TimeUnit.MILLISECONDS.toNanos(limitMillis);
        lock.lockInterruptibly();
        try {
            while (current(node).version() <= version && nanos > 0 && closed.getCount() > 0) {
                nanos = changed.awaitNanos(nanos);
            }
            return current(node);
        } finally {
            lock.unlock();
        }
    }

    /** Changes one section; see {@link #put(Map, long, String)}. */
    public PutResult put(String section, JsonNode value, long expectedVersion, String author) throws SQLException {
        return put(Map.of(section, value), expectedVersion, author);
    }

    /**
     * Changes sections, all or none; a staged version is thereby taken back.
     *
     * @param expectedVersion the version that the change is based on; 0 for the first
     * @param author for the history, at most 200 characters
     */
    public PutResult put(Map<String, JsonNode> changes, long expectedVersion, String author) throws SQLException {
        return put(new Change(changes, expectedVersion, new Change.Why(author, "")), Optional.empty());
    }

    /** Changes sections, for all nodes or to be tried on some. */
    PutResult put(Change change, Optional<Change.Stage> stage) throws SQLException {
        refresh();
        Versions base = versions;
        // Before what is wrong with it, as a change is right or wrong beside the version that its author has seen.
        if (base.all().version() != change.basedOn()) {
            return new PutResult.Conflict(base.all().version());
        }
        List<String> errors = errors(base.all(), change, stage);
        if (stage.isPresent() && base.staged().isPresent()) {
            // Nodes of the first stage would be left with what is no longer tried.
            errors.add("stage: version " + base.newest() + " is staged (expected: none; promote it or take it back)");
        }
        if (!errors.isEmpty()) {
            return new PutResult.Invalid(errors);
        }
        Map<String, JsonNode> sections = new TreeMap<>(base.all().sections());
        change.sections().forEach((name, value) -> sections.put(name, value.deepCopy()));
        return store(
                base, sections, change.why(), new Extent(change.sections().keySet(), stage.map(Change.Stage::nodes)));
    }

    /** What would be wrong with a change; empty where it could be made now. */
    List<String> check(Change change) throws SQLException {
        refresh();
        return errors(current(), change, Optional.empty());
    }

    /** Gives the staged version, by its number, to all nodes, under a new version. */
    PutResult promote(long version, Change.Why why) throws SQLException {
        return end(version, why, true);
    }

    /** Gives the nodes that have the staged version what all the others have, under a new version. */
    PutResult takeBack(long version, Change.Why why) throws SQLException {
        return end(version, why, false);
    }

    private PutResult end(long version, Change.Why why, boolean promote) throws SQLException {
        refresh();
        Versions base = versions;
        List<String> errors = new ArrayList<>();
        why.check(errors);
        Optional<Staged> staged = base.staged().filter(one -> one.snapshot().version() == version);
        if (staged.isEmpty()) {
            errors.add("staged version: " + version + " (expected: "
                    + base.staged()
                            .map(one -> Long.toString(one.snapshot().version()))
                            .orElse("none is staged") + ")");
        }
        if (staged.isEmpty() || !errors.isEmpty()) {
            return new PutResult.Invalid(errors);
        }
        Map<String, JsonNode> sections = (promote ? staged.get().snapshot() : base.all()).sections();
        Set<String> changedSections = new TreeSet<>(sections.keySet());
        changedSections.removeIf(name -> promote
                && Objects.equals(sections.get(name), base.all().sections().get(name)));
        return store(base, sections, why, new Extent(changedSections, Optional.empty()));
    }

    /** What a version changes, and for whom; for all where nobody is named. */
    private record Extent(Set<String> sections, Optional<List<String>> nodes) {}

    /**
     * Stores the next version. Each change of any kind is one row of the next number, so that of two at a time one wins,
     * and versions only rise for every node.
     */
    private PutResult store(Versions base, Map<String, JsonNode> sections, Change.Why why, Extent extent)
            throws SQLException {
        Snapshot next = new Snapshot(base.newest() + 1, clock.instant(), sections);
        byte[] envelope = signer.sign(next);
        if (envelope.length > SnapshotEnvelope.MAX_BYTES) {
            return new PutResult.Invalid(List.of(
                    "snapshot: " + envelope.length + " bytes (expected: at most " + SnapshotEnvelope.MAX_BYTES + ")"));
        }
        if (!insert(next, envelope, why, extent)) {
            refresh();
            return new PutResult.Conflict(version());
        }
        publish(new Current(next.version(), envelope, next.sections()), extent.nodes());
        LOG.info(
                "snapshot {} by {}: {} for {}",
                next.version(),
                why.author(),
                extent.sections(),
                extent.nodes().map(List::toString).orElse("all"));
        return new PutResult.Accepted(next.version());
    }

    private List<String> errors(Current base, Change change, Optional<Change.Stage> stage) {
        List<String> errors = new ArrayList<>();
        change.why().check(errors);
        stage.ifPresent(one -> one.check(errors));
        Map<String, JsonNode> changes = change.sections();
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

    private boolean insert(Snapshot snapshot, byte[] envelope, Change.Why why, Extent extent) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                PreparedStatement statement =
                        connection.prepareStatement("WITH dropped AS (DELETE FROM control.snapshot WHERE version <= ?)"
                                + " INSERT INTO control.snapshot (version, issued, author, section, envelope, reason, nodes)"
                                + " VALUES (?, ?, ?, ?, ?, ?, ?)")) {
            statement.setLong(1, snapshot.version() - KEPT_VERSIONS);
            statement.setLong(2, snapshot.version());
            statement.setTimestamp(3, Timestamp.from(snapshot.issued()));
            statement.setString(4, why.author());
            statement.setString(5, String.join(",", new TreeSet<>(extent.sections())));
            statement.setBytes(6, envelope);
            statement.setString(7, why.reason());
            statement.setString(
                    8, extent.nodes().map(nodes -> String.join(",", nodes)).orElse(null));
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
                        "SELECT version, issued, author, reason, section, nodes FROM control.snapshot"
                                + " ORDER BY version DESC LIMIT ?")) {
            statement.setInt(1, limit);
            List<SnapshotEntry> entries = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    entries.add(new SnapshotEntry(
                            rows.getLong(1),
                            rows.getTimestamp(2).toInstant(),
                            rows.getString(3),
                            rows.getString(4),
                            List.of(rows.getString(5).split(",", -1)),
                            nodes(rows.getString(6)).orElse(List.of())));
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

    /** The sections of a version that is kept. */
    Optional<Snapshot> version(long version) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                PreparedStatement statement =
                        connection.prepareStatement("SELECT envelope FROM control.snapshot WHERE version = ?")) {
            statement.setLong(1, version);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? Optional.of(opener.open(rows.getBytes(1))) : Optional.empty();
            }
        } catch (SnapshotException e) {
            throw unusable(e);
        }
    }

    private static Optional<List<String>> nodes(@Nullable String stored) {
        return Optional.ofNullable(stored).map(text -> List.of(text.split(",", -1)));
    }

    /** Of what others stored: the newest for all, and what is staged above it. */
    private void refresh() throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                PreparedStatement statement =
                        connection.prepareStatement("SELECT envelope, nodes FROM control.snapshot WHERE version > ?"
                                + " AND (version = (SELECT max(version) FROM control.snapshot)"
                                + " OR version = (SELECT max(version) FROM control.snapshot WHERE nodes IS NULL))"
                                + " ORDER BY version")) {
            statement.setLong(1, versions.newest());
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    byte[] envelope = rows.getBytes(1);
                    Snapshot snapshot = opener.open(envelope);
                    publish(new Current(snapshot.version(), envelope, snapshot.sections()), nodes(rows.getString(2)));
                }
            }
        } catch (SnapshotException e) {
            throw unusable(e);
        }
    }

    private static SQLException unusable(SnapshotException e) {
        return new SQLException(
                "a stored snapshot cannot be used (expected: signed by this control's key): " + e.getMessage(), e);
    }

    private void publish(Current next, Optional<List<String>> nodes) {
        lock.lock();
        try {
            Versions now = versions;
            if (next.version() > now.newest()) {
                versions = nodes.isPresent()
                        ? new Versions(now.all(), Optional.of(new Staged(next, nodes.get())))
                        : new Versions(next, Optional.empty());
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

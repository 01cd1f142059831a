package io.rialto.client.inbox;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The messages of the user who is logged in on this device. Say who handles each topic, then {@link #start}. Three ways,
 * with the promise of each:
 *
 * <ul>
 *   <li>{@link #on(String, JournaledHandler)}: exactly once, by the app's own transactions;
 *   <li>{@link #stored}: exactly once, in a list that the SDK keeps;
 *   <li>{@link #on(String, MessageHandler)}: in order, at least once, and marked where it may be again.
 * </ul>
 */
public final class Inbox implements Closeable {
    private static final String TOPIC = "[a-z0-9-]{1,32}";

    private final @Nullable Path directory;
    private final Consumer<String> report;
    private final SyncEngine engine;
    private @Nullable FileChannel lock;

    /**
     * An inbox on a line; apps get theirs from the client.
     *
     * @param nanoTime a clock that only rises
     * @param random spreads what many phones would do at once
     * @param report is told when something works less well than it should
     */
    public Inbox(
            Line line,
            Notes notes,
            InboxSettings settings,
            LongSupplier nanoTime,
            Random random,
            Consumer<String> report) {
        this.directory = settings.directory();
        this.report = report;
        this.engine = new SyncEngine(line, settings, new Beats(notes), new Pauses(random), nanoTime, report);
    }

    /** Applies a topic's messages in the app's own transactions. */
    public void on(String topic, JournaledHandler handler) {
        engine.add(checked(topic), new JournaledSink(topic, handler, engine));
    }

    /**
     * Hands a topic's messages to a handler whose return confirms them.
     *
     * @throws UncheckedIOException where the journal cannot be opened
     */
    public void on(String topic, MessageHandler handler) {
        try {
            Path file = journal("confirmed-", checked(topic));
            engine.add(topic, new ConfirmedSink(topic, handler, engine, file, report));
        } catch (IOException e) {
            throw new UncheckedIOException("inbox: the journal of " + topic + " cannot be opened", e);
        }
    }

    /**
     * Keeps a topic's messages durably until the app removes them.
     *
     * @throws UncheckedIOException where the journal cannot be opened
     */
    public StoredMessages stored(String topic) {
        try {
            Path file = journal("stored-", checked(topic));
            StoredMessages stored = new StoredMessages(topic, engine, file, report);
            engine.add(topic, stored.sink());
            return stored;
        } catch (IOException e) {
            throw new UncheckedIOException("inbox: the journal of " + topic + " cannot be opened", e);
        }
    }

    private String checked(String topic) {
        if (!topic.matches(TOPIC)) {
            throw new IllegalArgumentException("topic: " + topic + " (expected: " + TOPIC + ")");
        }
        if (engine.has(topic)) {
            throw new IllegalArgumentException("topic: " + topic + " has a handler already (expected: one)");
        }
        return topic;
    }

    private synchronized Path journal(String kind, String topic) throws IOException {
        if (directory == null) {
            throw new IllegalStateException("topic " + topic + ": no directory for its journal (expected:"
                    + " InboxSettings.directory, or a JournaledHandler)");
        }
        if (lock == null) {
            boolean posix =
                    directory.getFileSystem().supportedFileAttributeViews().contains("posix");
            FileAttribute<?>[] attributes = posix
                    ? new FileAttribute<?>[] {
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
                    }
                    : new FileAttribute<?>[0];
            Files.createDirectories(directory, attributes);
            lock = locked(directory.resolve("inbox.lock"));
        }
        return directory.resolve(kind + topic + ".journal");
    }

    /** Two that write one journal would both be wrong. */
    private static FileChannel locked(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
        FileLock taken = null;
        try {
            taken = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            // this process has it: the same answer
        }
        if (taken == null) {
            channel.close();
            throw new IOException(file + " is locked (expected: one inbox for each directory; close the other)");
        }
        return channel;
    }

    /** Opens the stream, and keeps one open. Topics should have their handlers before. */
    public void start() {
        engine.resume();
    }

    /** Ends the stream, as when the app goes to the background; what has come is still handled. */
    public void pause() {
        engine.pause();
    }

    /** Opens a stream again, at once; also takes it back from another place that superseded this one, without its pause. */
    public void resume() {
        engine.resume();
    }

    /**
     * The device's network is another one now: a new stream is opened at once.
     *
     * @param name tells networks apart, so that what was learned about each is used again; empty where it is not known
     */
    public void networkChanged(String name) {
        engine.networkChanged(name);
    }

    /** Another user is logged in, or none: a new stream is opened. */
    public void userChanged() {
        engine.reopenNow();
    }

    public InboxState state() {
        return engine.state();
    }

    /** Is told of each change of {@link #state}, on threads of the inbox. Must return soon. */
    public void onState(Consumer<InboxState> listener) {
        engine.onState(listener);
    }

    /** Ends the stream and the threads. A handler that runs is waited for a few seconds. */
    @Override
    public void close() {
        engine.close();
        synchronized (this) {
            if (lock != null) {
                try {
                    lock.close();
                } catch (IOException e) {
                    report.accept("inbox: the lock cannot be closed: " + e.getMessage());
                }
            }
        }
    }
}

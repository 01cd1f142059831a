package io.rialto.node;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a node on the newest snapshot: starts from the file, then asks control for a newer one by long poll, for ever. A
 * snapshot is applied when a trusted key signed it and its version rises; it never expires. With control away the node
 * goes on with what it has.
 *
 * <p>One virtual thread asks, keeps the file and calls the listeners, one after the other, in the order they were added;
 * {@link #start} calls them for the snapshot in the file on the thread of its caller. {@link #current} and
 * {@link #health} may be asked from any thread.
 */
public final class SnapshotFollower implements AutoCloseable {
    /** How long control holds a request when there is nothing newer; below the idle limits of usual proxies. */
    static final Duration WAIT = Duration.ofSeconds(20);

    private static final Logger LOG = LoggerFactory.getLogger(SnapshotFollower.class);
    private static final Duration CONNECT = Duration.ofSeconds(2);
    private static final Duration ANSWER = WAIT.plusSeconds(10);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
    /** A control that does not hold requests back must not be asked in a tight loop. */
    private static final Duration SHORTEST_ROUND = Duration.ofMillis(50);

    private static final Duration CLOSE = Duration.ofSeconds(5);

    private static final int MAX_PORT = 65_535;

    private static final int OK = 200;
    private static final int NOTHING_NEWER = 204;

    /**
     * Where snapshots come from.
     *
     * @param controls base URLs
     * @param trustedKeys Ed25519 public keys, 32 bytes in base64url
     * @param token shown to control as bearer token
     * @param file where the newest one is kept
     */
    public record Source(List<URI> controls, List<String> trustedKeys, String token, Path file) {
        public Source {
            controls = List.copyOf(controls);
            trustedKeys = List.copyOf(trustedKeys);
            check(controls);
        }

        /** @throws IllegalArgumentException where one of them can never be asked */
        static void check(List<URI> controls) {
            for (URI control : controls) {
                String scheme = control.getScheme();
                boolean web = "http".equals(scheme) || "https".equals(scheme);
                boolean port = control.getPort() == -1 || control.getPort() >= 1 && control.getPort() <= MAX_PORT;
                if (!web || control.getHost() == null || !port) {
                    throw new IllegalArgumentException(
                            "control-urls: " + control + " (expected: http://host:port or https://host:port)");
                }
            }
        }

        /** The source that the settings name. */
        public static Source of(SnapshotSettings settings) throws IOException {
            Optional<Path> tokenFile = settings.controlTokenFile();
            String token = tokenFile.isPresent() ? Secrets.read(tokenFile.get()) : "";
            return new Source(settings.controlUrls(), settings.controlKeys(), token, settings.file());
        }

        /** Without the token. */
        @Override
        public String toString() {
            return controls + " and " + file;
        }
    }

    /**
     * How following goes.
     *
     * @param version of the current snapshot; 0 where there is none yet
     * @param issued when control accepted it
     * @param contact when control last answered as it should
     * @param lastError what went wrong last, since the last good answer
     */
    public record Health(
            long version, Optional<Instant> issued, Optional<Instant> contact, Optional<String> lastError) {}

    private final Source source;
    private final SnapshotEnvelope envelope;
    private final Clock clock;
    private final RandomGenerator random;
    private final HttpClient client;
    private final List<Consumer<Snapshot>> listeners = new ArrayList<>();
    private final CountDownLatch first = new CountDownLatch(1);
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread = Thread.ofVirtual().name("snapshot-follower").unstarted(this::follow);
    private volatile @Nullable Snapshot current;
    private volatile @Nullable Instant contact;
    private volatile @Nullable String lastError;
    private volatile String node = "";
    private volatile long serves;

    /**
     * Prepares to follow; {@link #start} begins.
     *
     * @throws IllegalArgumentException where no key is trusted or one is no key
     */
    public SnapshotFollower(Source source, Clock clock, RandomGenerator random) {
        this.source = source;
        this.envelope = SnapshotEnvelope.trusting(source.trustedKeys());
        this.clock = clock;
        this.random = random;
        this.client = HttpClient.newBuilder()
                .connectTimeout(CONNECT)
                .executor(Executors.newVirtualThreadPerTaskExecutor())
                .build();
    }

    /** Says who asks, so that control can list what this node serves, and may name it to try a version; before the start. */
    public SnapshotFollower as(String nodeId) {
        node = nodeId;
        return this;
    }

    /** Adds a listener, before the start. It gets every snapshot that is applied, and must not block for long. */
    public void listen(Consumer<Snapshot> listener) {
        if (thread.getState() != Thread.State.NEW) {
            throw new IllegalStateException("listener: too late (expected: before the start)");
        }
        listeners.add(listener);
    }

    /** Applies the snapshot in the file, if there is one that can be trusted, and begins to ask control. */
    public void start() {
        if (Files.exists(source.file())) {
            try {
                if (Files.size(source.file()) > SnapshotEnvelope.MAX_BYTES) {
                    throw new SnapshotException("larger than " + SnapshotEnvelope.MAX_BYTES + " bytes");
                }
                apply(envelope.open(Files.readAllBytes(source.file())));
            } catch (IOException | SnapshotException e) {
                failed(source.file() + ": " + e.getMessage());
            }
        }
        thread.start();
    }

    /** The newest snapshot, where there is one. */
    public Optional<Snapshot> current() {
        return Optional.ofNullable(current);
    }

    /** Waits until there is a first snapshot; whether there is one. */
    public boolean awaitFirst(Duration limit) throws InterruptedException {
        return first.await(limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** How following goes. */
    public Health health() {
        Snapshot now = current;
        return new Health(
                now == null ? 0 : now.version(),
                Optional.ofNullable(now).map(Snapshot::issued),
                Optional.ofNullable(contact),
                Optional.ofNullable(lastError));
    }

    private void follow() {
        Duration pause = FIRST_PAUSE;
        try {
            for (int turn = 0; closed.getCount() > 0 && !source.controls().isEmpty(); turn++) {
                URI control = source.controls().get(turn % source.controls().size());
                if (ask(control)) {
                    pause = FIRST_PAUSE;
                    // The same one again.
                    turn--;
                    closed.await(SHORTEST_ROUND.toMillis(), TimeUnit.MILLISECONDS);
                } else {
                    long jittered = random.nextLong(pause.toMillis() / 2, pause.toMillis() + 1);
                    closed.await(jittered, TimeUnit.MILLISECONDS);
                    pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
                }
            }
        } catch (InterruptedException e) {
            // closed
        }
    }

    private boolean ask(URI control) throws InterruptedException {
        Snapshot now = current;
        long version = now == null ? 0 : now.version();
        try {
            HttpRequest.Builder request = HttpRequest.newBuilder(
                            control.resolve("/v1/snapshot?after=" + version + "&wait=" + WAIT.toSeconds() + "s"))
                    .header("authorization", "Bearer " + source.token())
                    .timeout(ANSWER);
            if (!node.isEmpty()) {
                request.header("rialto-node", node).header("rialto-serves", Long.toString(serves));
            }
            HttpResponse<byte[]> answer = client.send(
                    request.build(),
                    HttpResponse.BodyHandlers.limiting(
                            HttpResponse.BodyHandlers.ofByteArray(), SnapshotEnvelope.MAX_BYTES));
            return answered(control, answer, version);
        } catch (IOException | RuntimeException e) {
            // Whatever it is, the next control is asked, or this one again: a node that no longer follows is lost.
            if (closed.getCount() > 0) {
                failed(control + ": " + e);
            }
            return false;
        }
    }

    private boolean answered(URI control, HttpResponse<byte[]> answer, long version) {
        if (answer.statusCode() == NOTHING_NEWER) {
            contact = clock.instant();
            long theirs =
                    answer.headers().firstValueAsLong("rialto-snapshot-version").orElse(version);
            lastError = theirs < version
                    ? control + ": has version " + theirs + " only (expected: " + version
                            + " or more, as this node has)"
                    : null;
            return true;
        }
        if (answer.statusCode() != OK) {
            failed(control + ": status " + answer.statusCode() + " (expected: 200 or 204)");
            return false;
        }
        try {
            Snapshot next = envelope.open(answer.body());
            if (next.version() <= version) {
                failed(control + ": version " + next.version() + " (expected: above " + version + ")");
                return false;
            }
            contact = clock.instant();
            lastError = null;
            apply(next);
            keep(answer.body());
            return true;
        } catch (SnapshotException e) {
            failed(control + ": " + e.getMessage());
            return false;
        }
    }

    private void apply(Snapshot next) {
        current = next;
        LOG.info("snapshot {} of {} applied", next.version(), next.issued());
        boolean taken = true;
        for (Consumer<Snapshot> listener : listeners) {
            try {
                listener.accept(next);
            } catch (RuntimeException e) {
                // One room that cannot use its section must not keep the others from theirs.
                LOG.error("snapshot {}: a listener failed", next.version(), e);
                lastError = "snapshot " + next.version() + ": a listener failed: " + e;
                taken = false;
            }
        }
        if (taken) {
            serves = next.version();
        }
        first.countDown();
    }

    private void keep(byte[] bytes) {
        try {
            DurableFiles.replace(source.file(), bytes);
        } catch (IOException e) {
            failed(source.file() + ": not kept: " + e);
        }
    }

    private void failed(String error) {
        if (!error.equals(lastError)) {
            LOG.warn("snapshot: {}", error);
        }
        lastError = error;
    }

    /** Ends following; a snapshot that is being applied is still kept on disk. */
    @Override
    public void close() {
        closed.countDown();
        client.shutdownNow();
        if (thread.getState() == Thread.State.NEW) {
            return;
        }
        try {
            // Not interrupted: that would tear the writing of the file.
            if (!thread.join(CLOSE)) {
                LOG.warn("snapshot: following does not end within {}", CLOSE);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

package io.rialto.sync.inbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.postgres.PostgresServer;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.protocol.sync.SyncMessage;
import io.rialto.sync.InboxException;
import io.rialto.sync.Publication;
import io.rialto.sync.Slice;
import io.rialto.sync.Stored;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What was answered is there, once and in order, whatever happened to the database meanwhile. */
@Timeout(90)
class FaultTest {
    private static final int USERS = 12;
    private static final int PUBLISHERS = 16;
    private static final PostgresInbox.Settings SETTINGS =
            new PostgresInbox.Settings(2, 4, Duration.ofSeconds(10), Duration.ofSeconds(5), Duration.ofSeconds(1));

    @TempDir
    static Path binaries;

    @TempDir
    Path directory;

    private PostgresServer server;
    private Cell cell;
    private final AtomicBoolean running = new AtomicBoolean(true);
    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicInteger uncertain = new AtomicInteger();
    /** By user and sequence, the key that was answered to have it. */
    private final Map<String, Map<Long, String>> history = new ConcurrentHashMap<>();

    @BeforeEach
    void open() throws Exception {
        server = Cell.start(binaries, directory);
        cell = Cell.of(server, "cell");
    }

    @AfterEach
    void close() throws Exception {
        cell.close();
        server.close();
    }

    private long postmaster() throws Exception {
        try (Stream<String> lines = Files.lines(directory.resolve("server/data/postmaster.pid"))) {
            return Long.parseLong(lines.findFirst().orElseThrow().strip());
        }
    }

    /** Publishes until told to stop; a key whose fate is not known is given again until it is. */
    private void publish(PostgresInbox inbox, int publisher) throws Exception {
        for (int i = 0; running.get(); i++) {
            Publication publication = Cell.message("user" + i % USERS, publisher + "/" + i);
            Stored stored = null;
            while (stored == null) {
                try {
                    stored = Cell.get(inbox.publish(publication));
                } catch (ProtocolException e) {
                    assertThat(e.reason()).isIn(Reason.STORE_UNAVAILABLE, Reason.OVERLOADED);
                    uncertain.incrementAndGet();
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
                }
            }
            answered.incrementAndGet();
            assertThat(history.computeIfAbsent(publication.user(), u -> new ConcurrentHashMap<>())
                            .put(stored.sequence(), publication.key()))
                    .isNull();
        }
    }

    /** A device that follows one user the whole time: all it is given is contiguous and comes once. */
    private List<String> follow(PostgresInbox inbox, String user, long upTo) {
        List<String> keys = new ArrayList<>();
        SyncKey after = Cell.NO_KEY;
        while (running.get() || after.sequence() < upTo) {
            try {
                Slice slice =
                        inbox.read(List.of(Cell.want(user, "phone", after))).getFirst();
                if (slice instanceof Slice.Next next) {
                    assertThat(next.batch().first()).isEqualTo(after.sequence() + 1);
                    assertThat(next.batch().dropped()).isZero();
                    for (SyncMessage message : next.batch().messages()) {
                        keys.add(new String(message.payload(), StandardCharsets.UTF_8));
                        assertThat(message.sequence()).isEqualTo(keys.size());
                    }
                    after = next.batch().end();
                } else if (!running.get()) {
                    break;
                } else {
                    assertThat(slice).isEqualTo(new Slice.Nothing());
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
                }
            } catch (InboxException e) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
        }
        return keys;
    }

    /** What is done to the database while publishers and devices work. */
    @FunctionalInterface
    private interface Fault {
        void happen() throws Exception;
    }

    private void holdsThrough(Fault fault) throws Exception {
        try (PostgresInbox one = cell.node(SETTINGS);
                PostgresInbox two = cell.node(SETTINGS);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> publishers = new ArrayList<>();
            for (int p = 0; p < PUBLISHERS; p++) {
                int publisher = p;
                publishers.add(threads.submit(() -> {
                    publish(publisher % 2 == 0 ? one : two, publisher);
                    return null;
                }));
            }
            Future<List<String>> device = threads.submit(() -> follow(two, "user0", 0));
            try {
                awaitAnswers(500);
                fault.happen();
                awaitAnswers(answered.get() + 500);
            } finally {
                running.set(false);
            }
            for (Future<?> publisher : publishers) {
                publisher.get(40, TimeUnit.SECONDS);
            }
            List<String> seen = device.get(20, TimeUnit.SECONDS);
            List<String> all =
                    follow(one, "user0", history.getOrDefault("user0", Map.of()).size());
            assertThat(all.subList(0, seen.size())).isEqualTo(seen);
            check(one);
        }
    }

    private void awaitAnswers(int count) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
        while (answered.get() < count) {
            assertThat(System.nanoTime())
                    .as("answers: %s of %s", answered, count)
                    .isLessThan(deadline);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    private void check(PostgresInbox inbox) {
        history.forEach((user, bySequence) -> {
            List<SyncMessage> messages = Cell.all(inbox, user).stream()
                    .flatMap(batch -> batch.messages().stream())
                    .toList();
            // Every key was given until it was answered: what is there is what was answered, no more and no less.
            assertThat(messages).hasSize(bySequence.size());
            for (int i = 0; i < messages.size(); i++) {
                assertThat(messages.get(i).sequence()).isEqualTo(i + 1);
                assertThat(new String(messages.get(i).payload(), StandardCharsets.UTF_8))
                        .isEqualTo(bySequence.get(i + 1L));
            }
            assertThat(Set.copyOf(bySequence.values())).hasSize(bySequence.size());
        });
    }

    @Test
    void a_killed_database_loses_nothing_and_repeats_nothing() throws Exception {
        holdsThrough(() -> {
            for (int i = 1; i <= 3; i++) {
                int restarts = i;
                ProcessHandle postmaster = ProcessHandle.of(postmaster()).orElseThrow();
                List<ProcessHandle> all = new ArrayList<>(List.of(postmaster));
                all.addAll(postmaster.descendants().toList());
                all.forEach(ProcessHandle::destroyForcibly);
                await(() -> server.health().restarts() >= restarts
                        && server.health().running());
                awaitAnswers(answered.get() + 200);
            }
        });
        assertThat(server.health().restarts()).isEqualTo(3);
    }

    @Test
    void a_paused_database_is_waited_out() throws Exception {
        holdsThrough(() -> signal("STOP", "CONT", Duration.ofSeconds(3)));
        assertThat(uncertain.get()).isZero();
    }

    @Test
    void a_database_that_does_not_answer_fails_publishes_and_reads_within_a_bound() throws Exception {
        PostgresInbox.Settings hasty =
                new PostgresInbox.Settings(2, 2, Duration.ofSeconds(1), Duration.ofMillis(500), Duration.ofMinutes(1));
        try (PostgresInbox inbox = cell.node(hasty)) {
            Cell.get(inbox.publish(Cell.message("ann", "k1")));
            Cell.all(inbox, "ann");
            long began = System.nanoTime();
            List<Reason> reasons = new ArrayList<>();
            signal("STOP", "CONT", () -> {
                try {
                    Cell.get(inbox.publish(Cell.message("ann", "k2")));
                } catch (ProtocolException e) {
                    reasons.add(e.reason());
                }
                try {
                    Cell.all(inbox, "ann");
                } catch (InboxException e) {
                    reasons.add(Reason.STORE_UNAVAILABLE);
                }
            });
            assertThat(reasons).containsExactly(Reason.STORE_UNAVAILABLE, Reason.STORE_UNAVAILABLE);
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(15));
            Stored stored = null;
            while (stored == null) {
                try {
                    stored = Cell.get(inbox.publish(Cell.message("ann", "k2")));
                } catch (ProtocolException e) {
                    assertThat(e.reason()).isEqualTo(Reason.STORE_UNAVAILABLE);
                }
            }
            assertThat(stored.sequence()).isEqualTo(2);
        }
    }

    private void signal(String stop, String go, Duration pause) throws Exception {
        signal(stop, go, () -> {
            long until = System.nanoTime() + pause.toNanos();
            while (System.nanoTime() < until) {
                LockSupport.parkNanos(until - System.nanoTime());
            }
        });
    }

    /** To the postmaster and all of its processes. */
    private void signal(String stop, String go, Fault meanwhile) throws Exception {
        ProcessHandle postmaster = ProcessHandle.of(postmaster()).orElseThrow();
        List<Long> all = new ArrayList<>(List.of(postmaster.pid()));
        kill(stop, List.of(postmaster.pid()));
        postmaster.descendants().forEach(process -> all.add(process.pid()));
        kill(stop, all);
        try {
            meanwhile.happen();
        } finally {
            kill(go, all);
        }
    }

    private static void kill(String signal, List<Long> processes) throws Exception {
        List<String> command = new ArrayList<>(List.of("kill", "-" + signal));
        processes.forEach(process -> command.add(Long.toString(process)));
        new ProcessBuilder(command).inheritIO().start().waitFor();
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }
}

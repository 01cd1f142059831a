package io.rialto.sync.inbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.rialto.node.postgres.PostgresServer;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.SyncMessage;
import io.rialto.sync.AckOutcome;
import io.rialto.sync.Acknowledgement;
import io.rialto.sync.Publication;
import io.rialto.sync.Slice;
import io.rialto.sync.Stored;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PublishTest {
    @TempDir
    static Path directory;

    private static PostgresServer server;
    private static int cells;

    private Cell cell;
    private PostgresInbox inbox;

    @BeforeAll
    static void start() throws Exception {
        server = Cell.start(directory);
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @BeforeEach
    void open() throws Exception {
        cell = Cell.of(server, "cell" + cells++);
        inbox = cell.node();
    }

    @AfterEach
    void close() {
        inbox.close();
        cell.close();
    }

    private static Reason refusal(CompletableFuture<Stored> answer) {
        return catchThrowableOfType(ProtocolException.class, () -> Cell.get(answer))
                .reason();
    }

    @Test
    void what_is_published_is_read_in_order_and_acknowledged() throws Exception {
        for (int i = 1; i <= 100; i++) {
            assertThat(Cell.get(inbox.publish(Cell.message("ann", "k" + i)))).isEqualTo(new Stored(i, false));
        }
        List<Batch> batches = Cell.all(inbox, "ann");
        assertThat(batches).hasSize(2).allMatch(batch -> batch.dropped() == 0);
        assertThat(batches.stream().flatMap(batch -> batch.messages().stream()))
                .extracting(message -> new String(message.payload(), StandardCharsets.UTF_8))
                .isEqualTo(IntStream.rangeClosed(1, 100).mapToObj(i -> "k" + i).toList());
        SyncMessage first = batches.getFirst().messages().getFirst();
        assertThat(first.id()).isEqualTo("payments.1.ann");
        assertThat(first.contentType()).isEqualTo("text/plain");
        assertThat(first.expiresMillis()).isZero();
        assertThat(inbox.highest(List.of("ann", "bob")))
                .isEqualTo(List.of(List.of(batches.getLast().end()), List.of()));
        assertThat(inbox.acknowledge(List.of(new Acknowledgement(
                        Cell.shard("ann"), "ann", "phone", batches.getLast().end()))))
                .containsExactly(AckOutcome.KEPT);
        assertThat(cell.number("SELECT sequence FROM inbox.cursor WHERE uid = 'ann' AND device = 'phone'"))
                .isEqualTo(100);
    }

    @Test
    void sequences_have_no_gap_when_nodes_write_to_the_same_users() throws Exception {
        int publishers = 16;
        int each = 200;
        Map<String, Map<Long, String>> stored = new HashMap<>();
        try (PostgresInbox other = cell.node();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> running = new ArrayList<>();
            for (int p = 0; p < publishers; p++) {
                PostgresInbox node = p % 2 == 0 ? inbox : other;
                int publisher = p;
                running.add(threads.submit(() -> {
                    List<CompletableFuture<Stored>> answers = new ArrayList<>();
                    List<Publication> given = new ArrayList<>();
                    for (int i = 0; i < each; i++) {
                        given.add(Cell.message("user" + i % 7, publisher + "/" + i));
                        answers.add(node.publish(given.getLast()));
                    }
                    for (int i = 0; i < each; i++) {
                        Stored answer = Cell.get(answers.get(i));
                        assertThat(answer.repeated()).isFalse();
                        synchronized (stored) {
                            assertThat(stored.computeIfAbsent(given.get(i).user(), u -> new HashMap<>())
                                            .put(answer.sequence(), given.get(i).key()))
                                    .isNull();
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> one : running) {
                one.get(40, TimeUnit.SECONDS);
            }
        }
        stored.forEach((user, bySequence) -> {
            List<SyncMessage> messages = Cell.all(inbox, user).stream()
                    .flatMap(batch -> batch.messages().stream())
                    .toList();
            assertThat(messages).hasSize(bySequence.size());
            for (int i = 0; i < messages.size(); i++) {
                assertThat(messages.get(i).sequence()).isEqualTo(i + 1);
                assertThat(new String(messages.get(i).payload(), StandardCharsets.UTF_8))
                        .isEqualTo(bySequence.get(i + 1L));
            }
        });
        assertThat(stored.values().stream().mapToInt(Map::size).sum()).isEqualTo(publishers * each);
    }

    @Test
    void a_repeated_key_gets_the_first_answer() throws Exception {
        List<CompletableFuture<Stored>> answers = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            answers.add(inbox.publish(Cell.message("ann", "k" + i % 3)));
        }
        for (int i = 0; i < 300; i++) {
            assertThat(Cell.get(answers.get(i))).isEqualTo(new Stored(i % 3 + 1, i >= 3));
        }
        try (PostgresInbox restarted = cell.node()) {
            assertThat(Cell.get(restarted.publish(Cell.message("ann", "k1")))).isEqualTo(new Stored(2, true));
            assertThat(Cell.get(restarted.publish(Cell.message("bob", "k1")))).isEqualTo(new Stored(1, false));
        }
        assertThat(cell.number("SELECT count(*) FROM inbox.message WHERE uid = 'ann'"))
                .isEqualTo(3);
    }

    @Test
    void one_key_given_to_two_nodes_at_once_is_stored_once() throws Exception {
        try (PostgresInbox other = cell.node()) {
            List<CompletableFuture<Stored>> answers = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                answers.add(inbox.publish(Cell.message("ann", "k" + i)));
                answers.add(other.publish(Cell.message("ann", "k" + i)));
            }
            for (int i = 0; i < answers.size(); i += 2) {
                Stored one = Cell.get(answers.get(i));
                Stored two = Cell.get(answers.get(i + 1));
                assertThat(one.sequence()).isEqualTo(two.sequence());
                assertThat(one.repeated()).isNotEqualTo(two.repeated());
            }
        }
        assertThat(cell.number("SELECT count(*) FROM inbox.message")).isEqualTo(500);
        assertThat(cell.number("SELECT last FROM inbox.head")).isEqualTo(500);
    }

    @Test
    void a_closed_shard_refuses_its_own_and_nothing_is_stored_after_it_closed() throws Exception {
        String closing = "ann";
        String open = IntStream.range(0, 100)
                .mapToObj(i -> "user" + i)
                .filter(user ->
                        Cell.shard(user) % 4 == Cell.shard(closing) % 4 && Cell.shard(user) != Cell.shard(closing))
                .findFirst()
                .orElseThrow();
        long atClose;
        List<CompletableFuture<Stored>> answers = new ArrayList<>();
        try (Connection connection = cell.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            for (int i = 0; i < 2000; i++) {
                answers.add(inbox.publish(Cell.message(closing, "k" + i)));
                answers.add(inbox.publish(Cell.message(open, "k" + i)));
                if (i == 1000) {
                    Cell.get(answers.get(20));
                    // As whoever closes a shard does: batches under way hold the same lock together.
                    statement.execute("SELECT pg_advisory_xact_lock(21068, " + Cell.shard(closing) + ")");
                    statement.execute("UPDATE rialto.fence SET state = 'CLOSED' WHERE shard = " + Cell.shard(closing));
                    connection.commit();
                }
            }
            atClose = cell.number("SELECT coalesce(max(sequence), 0) FROM inbox.message WHERE uid = '" + closing + "'");
        }
        long accepted = 0;
        for (int i = 0; i < answers.size(); i += 2) {
            try {
                Cell.get(answers.get(i));
                accepted++;
            } catch (ProtocolException e) {
                assertThat(e.reason()).isEqualTo(Reason.FENCED);
            }
            assertThat(Cell.get(answers.get(i + 1)).sequence()).isEqualTo(i / 2 + 1);
        }
        assertThat(accepted).isEqualTo(atClose).isBetween(1L, 1999L);
        assertThat(cell.number("SELECT count(*) FROM inbox.message WHERE uid = '" + closing + "'"))
                .isEqualTo(atClose);
    }

    @Test
    void an_old_epoch_is_refused() throws Exception {
        cell.execute("UPDATE rialto.fence SET epoch = 2");
        assertThat(refusal(inbox.publish(Cell.message("ann", "k")))).isEqualTo(Reason.FENCED);
    }

    @Test
    void a_message_that_the_database_refuses_fails_alone() throws Exception {
        List<CompletableFuture<Stored>> answers = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            answers.add(inbox.publish(Cell.message("ann", i == 25 ? "k\0" : "k" + i)));
        }
        assertThat(refusal(answers.get(25))).isEqualTo(Reason.INVALID_BODY);
        for (int i = 0; i < 50; i++) {
            if (i != 25) {
                assertThat(Cell.get(answers.get(i)).sequence()).isEqualTo(i < 25 ? i + 1 : i);
            }
        }
    }

    @Test
    void more_than_the_queue_holds_is_refused_at_once() throws Exception {
        List<CompletableFuture<Stored>> answers = new ArrayList<>();
        byte[] large = new byte[64 << 10];
        for (int i = 0; i < 3_000; i++) {
            answers.add(inbox.publish(Cell.message("ann", "k" + i, large)));
        }
        int refused = 0;
        for (CompletableFuture<Stored> answer : answers) {
            try {
                answer.get(30, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                assertThat(e.getCause())
                        .isInstanceOfSatisfying(
                                ProtocolException.class,
                                p -> assertThat(p.reason()).isEqualTo(Reason.OVERLOADED));
                refused++;
            }
        }
        assertThat(refused).isPositive();
        assertThat(cell.number("SELECT last FROM inbox.head")).isEqualTo(3_000 - refused);
    }

    @Test
    void nothing_is_for_a_device_that_has_all() throws Exception {
        Cell.get(inbox.publish(Cell.message("ann", "k")));
        Batch batch = Cell.next(inbox, Cell.want("ann", "phone", Cell.NO_KEY));
        assertThat(inbox.read(List.of(Cell.want("ann", "phone", batch.end()), Cell.want("bob", "phone", Cell.NO_KEY))))
                .containsExactly(new Slice.Nothing(), new Slice.Nothing());
    }
}

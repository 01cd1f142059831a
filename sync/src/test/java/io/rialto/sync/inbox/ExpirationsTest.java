package io.rialto.sync.inbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.postgres.PostgresServer;
import io.rialto.protocol.sync.Step;
import io.rialto.sync.Acknowledgement;
import io.rialto.sync.MessageId;
import io.rialto.sync.Publication;
import io.rialto.sync.Trace;
import io.rialto.sync.Versions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ExpirationsTest {
    private static final String USER = "100000000042";
    private static final String EVENTS = "SELECT count(*) FROM inbox.webhook_event WHERE webhook = 'crm'";

    @TempDir
    static Path directory;

    private static PostgresServer server;
    private static Cell cell;
    private static PostgresInbox inbox;

    @BeforeAll
    static void open() throws Exception {
        server = Cell.start(directory);
        cell = Cell.of(server, "expirations");
        inbox = cell.node();
    }

    @AfterAll
    static void close() throws Exception {
        inbox.close();
        cell.close();
        server.close();
    }

    @BeforeEach
    void begin() throws Exception {
        cell.execute("TRUNCATE inbox.webhook, inbox.webhook_event, inbox.expiry_mark, inbox.cursor, inbox.message,"
                + " inbox.head, inbox.receipt");
        cell.execute(
                "INSERT INTO inbox.webhook VALUES ('" + Cell.TOPIC + "', " + Step.EXPIRED.number() + ", 'crm', now())");
        inbox.tidy();
        // Whatever ends from an hour ago on has not been looked at.
        cell.execute("UPDATE inbox.expiry_mark SET mark = now() - interval '1 hour'");
    }

    private static void publish(String key, long endsInSeconds, String collapse, @Nullable String device)
            throws Exception {
        Cell.get(inbox.publish(new Publication(
                Cell.shard(USER),
                1,
                USER,
                Cell.TOPIC,
                key,
                device,
                null,
                "text/plain",
                key.getBytes(StandardCharsets.UTF_8),
                Instant.now(),
                Instant.now().plusSeconds(endsInSeconds),
                Versions.ALL,
                false,
                collapse,
                0)));
    }

    private static void acknowledge(String device) {
        inbox.acknowledge(List.of(new Acknowledgement(
                Cell.shard(USER),
                USER,
                device,
                inbox.highest(List.of(USER)).getFirst().getFirst())));
    }

    @Test
    void a_message_that_ends_before_anybody_had_it_is_told_once() throws Exception {
        publish("gone", -60, "", null);
        publish("still good", 600, "", null);
        inbox.tidy();
        inbox.tidy();
        assertThat(cell.number(EVENTS)).isEqualTo(1);
        assertThat(cell.number("SELECT first FROM inbox.webhook_event WHERE device = '' AND step = 8"))
                .isEqualTo(1);
        Trace trace = inbox.trace(new MessageId(Cell.TOPIC, 1, USER), USER).orElseThrow();
        assertThat(trace.steps().stream().map(Trace.Passed::step))
                .as("once in a trace too")
                .containsOnlyOnce(Step.EXPIRED);
    }

    @Test
    void one_that_a_device_had_is_not_told() throws Exception {
        publish("had", -60, "", null);
        acknowledge("phone");
        inbox.tidy();
        assertThat(cell.number(EVENTS)).isZero();
    }

    @Test
    void of_one_for_a_single_device_only_that_device_counts() throws Exception {
        publish("for the tablet", -60, "", "tablet");
        acknowledge("phone");
        inbox.tidy();
        assertThat(cell.number(EVENTS)).isEqualTo(1);
    }

    @Test
    void one_that_was_replaced_or_taken_back_is_not_told() throws Exception {
        publish("first", -60, "balance", null);
        publish("second", 600, "balance", null);
        publish("taken back", -60, "", null);
        inbox.revoke(Cell.shard(USER), 1, new MessageId(Cell.TOPIC, 3, USER));
        inbox.tidy();
        assertThat(cell.number(EVENTS)).isZero();
    }

    @Test
    void nothing_is_looked_at_where_no_webhook_asks() throws Exception {
        cell.execute("DELETE FROM inbox.webhook");
        publish("gone", -60, "", null);
        inbox.tidy();
        assertThat(cell.number("SELECT count(*) FROM inbox.receipt")).isZero();
    }

    @Test
    void a_shard_that_is_not_open_is_left_alone() throws Exception {
        publish("gone", -60, "", null);
        cell.execute("UPDATE rialto.fence SET state = 'CLOSED' WHERE shard = " + Cell.shard(USER));
        try {
            inbox.tidy();
            assertThat(cell.number(EVENTS)).isZero();
        } finally {
            cell.execute("UPDATE rialto.fence SET state = 'OPEN' WHERE shard = " + Cell.shard(USER));
        }
    }
}

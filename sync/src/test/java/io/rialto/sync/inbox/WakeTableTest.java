package io.rialto.sync.inbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.postgres.PostgresServer;
import io.rialto.protocol.sync.Step;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.sync.Acknowledgement;
import io.rialto.sync.MessageId;
import io.rialto.sync.Publication;
import io.rialto.sync.Topic;
import io.rialto.sync.Trace;
import io.rialto.sync.Versions;
import io.rialto.sync.vendor.WakeQueue;
import io.rialto.sync.vendor.WakeQueue.Away;
import io.rialto.sync.vendor.WakeQueue.Settled;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
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
class WakeTableTest {
    private static final Topic TOPIC = Topic.of(Cell.TOPIC, "wallet");
    private static final List<Topic> TOPICS = List.of(TOPIC);
    private static final Duration LEASE = Duration.ofMinutes(1);
    private static final String USER = "100000000042";

    @TempDir
    static Path directory;

    private static PostgresServer server;
    private static Cell cell;
    private static PostgresInbox inbox;
    private static WakeQueue queue;

    @BeforeAll
    static void open() throws Exception {
        server = Cell.start(directory);
        cell = Cell.of(server, "wakes");
        inbox = cell.node();
        queue = inbox.wakes();
    }

    @AfterAll
    static void close() throws Exception {
        inbox.close();
        cell.close();
        server.close();
    }

    @BeforeEach
    void begin() throws Exception {
        cell.execute(
                "TRUNCATE inbox.wake, inbox.wake_mark, inbox.wake_everyone, inbox.device, inbox.cursor, inbox.message, inbox.head,"
                        + " inbox.receipt");
        assertThat(queue.noteLate(TOPIC, Duration.ZERO)).as("begins now").isFalse();
        device(USER, "phone", "token");
    }

    private void device(String user, String device, String token) throws Exception {
        cell.execute(
                "INSERT INTO inbox.device (shard, uid, device, app, version, locale, platform, push_vendor, push_token,"
                        + " time_zone, seen) VALUES (" + Cell.shard(user) + ", '" + user + "', '" + device
                        + "', 'wallet', 5, 'de', 'ios', 'apns', '" + token + "', 'Europe/Berlin', clock_timestamp())");
    }

    private void publish(String user, String key, boolean urgent) throws Exception {
        publish(user, key, urgent, null, null, Versions.ALL);
    }

    private void publish(
            String user,
            String key,
            boolean urgent,
            @Nullable String device,
            @Nullable Instant expires,
            Versions versions)
            throws Exception {
        Cell.get(inbox.publish(new Publication(
                Cell.shard(user),
                1,
                user,
                Cell.TOPIC,
                key,
                device,
                null,
                "text/plain",
                key.getBytes(StandardCharsets.UTF_8),
                Instant.now(),
                expires,
                versions,
                urgent,
                "",
                0)));
    }

    private void acknowledge(String user, String device) throws Exception {
        SyncKey own = inbox.highest(List.of(user)).getFirst().getFirst();
        inbox.acknowledge(List.of(new Acknowledgement(Cell.shard(user), user, device, own)));
    }

    private List<Away> late() {
        queue.noteLate(TOPIC, Duration.ZERO);
        return queue.take(TOPICS, 10, LEASE);
    }

    private void settle(Away away, boolean woken, @Nullable Instant again, boolean failed) {
        queue.settle(List.of(new Settled(away, woken, again, failed, woken ? "apns" : null)));
    }

    /** The next page, as if its time had come. */
    private void page(WakeQueue node) throws Exception {
        cell.execute("UPDATE inbox.wake_everyone SET paged = now() - interval '1 hour'");
        node.noteEveryone(TOPIC, Duration.ZERO);
    }

    private void toEveryone(String key, @Nullable String rule) throws Exception {
        Cell.get(inbox.publish(new Publication(
                -1,
                1,
                "",
                Cell.TOPIC,
                key,
                null,
                rule,
                "text/plain",
                key.getBytes(StandardCharsets.UTF_8),
                Instant.now(),
                null,
                Versions.ALL,
                false,
                "",
                "{\"template\":\"t\"}",
                0)));
    }

    @Test
    void a_message_to_everyone_wakes_each_device_that_is_behind_once() throws Exception {
        device(USER, "tablet", "");
        queue.noteEveryone(TOPIC, Duration.ZERO);
        toEveryone("k1", null);
        page(queue);
        List<Away> away = queue.take(TOPICS, 10, LEASE);
        assertThat(away).hasSize(1);
        assertThat(away.getFirst().device()).isEqualTo("phone");
        assertThat(away.getFirst().missing())
                .containsExactly(new WakeQueue.Missing(Cell.TOPIC, true, 1, 1, false, null, "{\"template\":\"t\"}"));
        settle(away.getFirst(), true, null, false);
        page(queue);
        assertThat(queue.take(TOPICS, 10, LEASE)).isEmpty();
        publish(USER, "k2", false);
        assertThat(late().getFirst().missing())
                .as("what it was woken for already is not said again")
                .containsExactly(new WakeQueue.Missing(Cell.TOPIC, false, 1, 1, false, null, null));
    }

    @Test
    void a_message_to_everyone_wakes_none_that_has_it_or_is_not_meant() throws Exception {
        device("100000000043", "laptop", "other");
        queue.noteEveryone(TOPIC, Duration.ZERO);
        toEveryone("k1", "laptop");
        page(queue);
        List<Away> away = queue.take(TOPICS, 10, LEASE);
        assertThat(away).hasSize(2);
        assertThat(away.stream().filter(one -> !one.missing().isEmpty()).map(Away::device))
                .containsExactly("laptop");
        away.forEach(one -> settle(one, !one.missing().isEmpty(), null, false));
        toEveryone("k2", null);
        SyncKey all = inbox.highest(List.of(USER)).getFirst().getFirst();
        inbox.acknowledge(List.of(new Acknowledgement(Cell.shard(USER), USER, "phone", all)));
        page(queue);
        assertThat(queue.take(TOPICS, 10, LEASE)).extracting(Away::device).containsExactly("laptop");
    }

    @Test
    void a_walk_through_all_devices_is_paced_and_another_node_goes_on_with_it() throws Exception {
        int devices = WakeEveryone.PAGE + 500;
        cell.execute("INSERT INTO inbox.device (shard, uid, device, app, version, locale, platform, push_vendor,"
                + " push_token, time_zone, seen) SELECT 1, 'u' || n, 'd', 'wallet', 5, '', '', 'fcm', 't' || n, '', now()"
                + " FROM generate_series(1, " + (devices - 1) + ") n");
        queue.noteEveryone(TOPIC, Duration.ZERO);
        toEveryone("k1", null);
        page(queue);
        queue.noteEveryone(TOPIC, Duration.ZERO);
        assertThat(cell.number("SELECT count(*) FROM inbox.wake")).isEqualTo(WakeEveryone.PAGE);
        toEveryone("k2", null);
        try (PostgresInbox other = cell.node()) {
            page(other.wakes());
            assertThat(cell.number("SELECT count(*) FROM inbox.wake WHERE everyone"))
                    .isEqualTo(devices);
            assertThat(cell.number("SELECT sequence FROM inbox.wake_everyone WHERE uid IS NULL"))
                    .as("the first walk is over")
                    .isEqualTo(1);
            page(other.wakes());
            assertThat(cell.number("SELECT sequence FROM inbox.wake_everyone WHERE uid IS NOT NULL"))
                    .as("and one for what came meanwhile begins")
                    .isEqualTo(2);
        }
    }

    @Test
    void what_was_there_before_the_first_look_wakes_nobody() throws Exception {
        toEveryone("k1", null);
        queue.noteEveryone(TOPIC, Duration.ZERO);
        page(queue);
        assertThat(queue.take(TOPICS, 10, LEASE)).isEmpty();
    }

    @Test
    void a_wake_up_is_a_step_of_each_message_that_the_device_misses() throws Exception {
        publish(USER, "k1", false);
        publish(USER, "k2", false);
        settle(late().getFirst(), true, null, false);
        for (long sequence = 1; sequence <= 2; sequence++) {
            Trace trace =
                    inbox.trace(new MessageId(Cell.TOPIC, sequence, USER), USER).orElseThrow();
            assertThat(trace.steps().getLast())
                    .satisfies(step -> assertThat(step.step()).isEqualTo(Step.WOKEN))
                    .satisfies(step -> assertThat(step.device()).isEqualTo("phone"))
                    .satisfies(step -> assertThat(step.reason()).isEqualTo("apns"));
        }
    }

    @Test
    void finds_a_device_that_has_not_acknowledged() throws Exception {
        publish(USER, "k1", false);
        List<Away> away = late();
        assertThat(away).hasSize(1);
        Away one = away.getFirst();
        assertThat(one.user()).isEqualTo(USER);
        assertThat(one.device()).isEqualTo("phone");
        assertThat(one.app()).isEqualTo("wallet");
        assertThat(one.vendor()).isEqualTo("apns");
        assertThat(one.token()).isEqualTo("token");
        assertThat(one.timeZone()).isEqualTo("Europe/Berlin");
        assertThat(one.woken()).isNull();
        assertThat(one.missing()).containsExactly(new WakeQueue.Missing(Cell.TOPIC, false, 1, 1, false, null, null));
        assertThat(one.toString()).doesNotContain("token");
    }

    @Test
    void passes_over_a_device_that_has_acknowledged() throws Exception {
        publish(USER, "k1", false);
        acknowledge(USER, "phone");
        assertThat(late()).isEmpty();
        assertThat(cell.number("SELECT count(*) FROM inbox.wake")).isZero();
    }

    @Test
    void a_device_that_has_come_meanwhile_misses_nothing() throws Exception {
        publish(USER, "k1", false);
        queue.noteLate(TOPIC, Duration.ZERO);
        acknowledge(USER, "phone");
        List<Away> away = queue.take(TOPICS, 10, LEASE);
        assertThat(away.getFirst().missing()).isEmpty();
        settle(away.getFirst(), false, null, false);
        assertThat(late()).isEmpty();
    }

    @Test
    void waits_for_the_grace_of_messages_that_are_not_urgent() throws Exception {
        publish(USER, "k1", false);
        assertThat(queue.noteLate(TOPIC, Duration.ofHours(1))).isFalse();
        assertThat(queue.take(TOPICS, 10, LEASE)).isEmpty();
    }

    @Test
    void an_urgent_message_is_noted_at_once() throws Exception {
        Instant from = queue.noteUrgent(TOPICS, null);
        publish(USER, "k1", false);
        queue.noteUrgent(TOPICS, from);
        assertThat(queue.take(TOPICS, 10, LEASE)).isEmpty();
        publish(USER, "k2", true);
        queue.noteUrgent(TOPICS, from);
        List<Away> away = queue.take(TOPICS, 10, LEASE);
        assertThat(away.getFirst().missing())
                .containsExactly(new WakeQueue.Missing(Cell.TOPIC, false, 1, 2, true, null, null));
    }

    @Test
    void a_device_is_taken_by_one_node_until_its_lease_ends() throws Exception {
        publish(USER, "k1", false);
        assertThat(late()).hasSize(1);
        try (PostgresInbox other = cell.node()) {
            assertThat(other.wakes().take(TOPICS, 10, LEASE)).isEmpty();
            cell.execute("UPDATE inbox.wake SET leased = now() - interval '1 second'");
            assertThat(other.wakes().take(TOPICS, 10, LEASE)).hasSize(1);
        }
    }

    @Test
    void a_device_is_woken_once_for_a_message() throws Exception {
        publish(USER, "k1", false);
        settle(late().getFirst(), true, null, false);
        assertThat(late()).isEmpty();
        publish(USER, "k2", false);
        Away again = late().getFirst();
        assertThat(again.woken()).isNotNull();
        assertThat(again.missing()).containsExactly(new WakeQueue.Missing(Cell.TOPIC, false, 1, 2, false, null, null));
    }

    @Test
    void what_comes_while_the_vendor_is_called_is_not_forgotten() throws Exception {
        publish(USER, "k1", false);
        Away away = late().getFirst();
        publish(USER, "k2", false);
        queue.noteLate(TOPIC, Duration.ZERO);
        settle(away, true, null, false);
        assertThat(queue.take(TOPICS, 10, LEASE).getFirst().missing())
                .containsExactly(new WakeQueue.Missing(Cell.TOPIC, false, 1, 2, false, null, null));
    }

    @Test
    void a_failed_try_waits_whatever_comes() throws Exception {
        publish(USER, "k1", false);
        Away away = late().getFirst();
        settle(away, false, away.now().plusSeconds(600), true);
        publish(USER, "k2", true);
        queue.noteUrgent(TOPICS, away.now());
        assertThat(late()).isEmpty();
        cell.execute("UPDATE inbox.wake SET due = now()");
        assertThat(queue.take(TOPICS, 10, LEASE).getFirst().tries()).isEqualTo(1);
    }

    @Test
    void a_message_that_the_device_does_not_get_wakes_nobody() throws Exception {
        publish(USER, "other device", false, "tablet", null, Versions.ALL);
        publish(USER, "other version", false, null, null, new Versions(6, 7));
        publish(USER, "expired", false, null, Instant.now().minusSeconds(60), Versions.ALL);
        publish(USER, "taken back", false);
        inbox.revoke(Cell.shard(USER), 1, new MessageId(Cell.TOPIC, 4, USER));
        assertThat(late()).allSatisfy(away -> assertThat(away.missing()).isEmpty());
    }

    @Test
    void a_token_is_that_of_the_device_which_told_it_last() throws Exception {
        device("100000000077", "phone-of-the-next", "token");
        publish(USER, "k1", false);
        assertThat(late()).singleElement().satisfies(away -> {
            assertThat(away.token()).isEmpty();
            assertThat(away.app()).isEmpty();
            assertThat(away.missing()).isEmpty();
        });
    }

    @Test
    void a_device_of_a_shard_that_is_not_open_here_is_left_alone() throws Exception {
        publish(USER, "k1", false);
        queue.noteLate(TOPIC, Duration.ZERO);
        cell.execute("UPDATE rialto.fence SET state = 'CLOSED' WHERE shard = " + Cell.shard(USER));
        assertThat(queue.take(TOPICS, 10, LEASE)).isEmpty();
        cell.execute("UPDATE rialto.fence SET state = 'OPEN' WHERE shard = " + Cell.shard(USER));
        assertThat(queue.take(TOPICS, 10, LEASE)).hasSize(1);
    }

    @Test
    void a_message_that_becomes_visible_late_is_not_passed_over() throws Exception {
        try (Connection connection = cell.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("SELECT rialto.open_shards(ARRAY[" + Cell.shard(USER) + "])");
            statement.execute("INSERT INTO inbox.head (shard, uid, topic, last) VALUES (" + Cell.shard(USER) + ", '"
                    + USER + "', 'payments', 1)");
            statement.execute(
                    "INSERT INTO inbox.message (shard, uid, topic, sequence, key, content_type, payload, accepted,"
                            + " stored, urgent, revokes) VALUES (" + Cell.shard(USER) + ", '" + USER
                            + "', 'payments', 1, 'k', '', '', now(), clock_timestamp(), false, 0)");
            publish("100000000077", "later", false);
            assertThat(late()).isEmpty();
            connection.commit();
        }
        assertThat(late())
                .singleElement()
                .satisfies(away -> assertThat(away.missing()).hasSize(1));
    }

    @Test
    void old_rows_are_forgotten() throws Exception {
        publish(USER, "k1", false);
        settle(late().getFirst(), true, null, false);
        assertThat(queue.forget(Duration.ofHours(1))).isZero();
        cell.execute("UPDATE inbox.wake SET newest = now() - interval '2 hours'");
        assertThat(queue.forget(Duration.ofHours(1))).isEqualTo(1);
    }
}

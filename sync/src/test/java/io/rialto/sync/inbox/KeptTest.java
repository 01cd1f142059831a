package io.rialto.sync.inbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.postgres.PostgresServer;
import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.Step;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.sync.Acknowledgement;
import io.rialto.sync.Broadcasts;
import io.rialto.sync.DeviceState;
import io.rialto.sync.MessageId;
import io.rialto.sync.Publication;
import io.rialto.sync.Slice;
import io.rialto.sync.StepNote;
import io.rialto.sync.Trace;
import io.rialto.sync.Versions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is kept beside messages: devices, traces, and messages to everyone in other cells. */
@Timeout(60)
class KeptTest {
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
        cell = Cell.of(server, "kept" + cells++);
        inbox = cell.node();
    }

    @AfterEach
    void close() {
        inbox.close();
        cell.close();
    }

    private static DeviceState device(String user, String device, String token) {
        return new DeviceState(
                Cell.shard(user),
                user,
                device,
                "wallet",
                Versions.parse("1.2"),
                "de-CH",
                "android",
                "fcm",
                token,
                "Europe/Zurich",
                Instant.EPOCH);
    }

    private static Publication broadcast(String key, @Nullable String rule) {
        return new Publication(
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
                0);
    }

    private static SyncKey everyone(long id, long sequence) {
        return new SyncKey(Cell.TOPIC, true, id, sequence);
    }

    private static List<String> payloads(Batch batch) {
        return batch.messages().stream()
                .map(message -> new String(message.payload(), StandardCharsets.UTF_8))
                .toList();
    }

    @Test
    void a_device_is_what_it_said_last() {
        inbox.seen(List.of(device("ann", "phone", "t1"), device("ann", "tablet", "t2"), device("ann", "phone", "t3")));
        inbox.seen(List.of(device("ann", "phone", "t4")));
        List<DeviceState> devices = inbox.devicesOf("ann");
        assertThat(devices).extracting(DeviceState::device).containsExactly("phone", "tablet");
        assertThat(devices).extracting(DeviceState::pushToken).containsExactly("t4", "t2");
        assertThat(devices.getFirst().seen()).isAfter(Instant.EPOCH);
        assertThat(devices.getFirst().toString()).doesNotContain("t4");
        inbox.unregister("fcm", "t4");
        inbox.unregister("apns", "t2");
        assertThat(inbox.devicesOf("ann")).extracting(DeviceState::pushToken).containsExactly("", "t2");
    }

    @Test
    void what_one_device_says_does_not_stop_the_others() throws Exception {
        String incompressible = new Random(1)
                .ints(4_000, '0', 'z')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        inbox.seen(List.of(device("cid", "phone", incompressible), device("dan", "tablet", "t3")));
        assertThat(inbox.devicesOf("cid")).extracting(DeviceState::pushToken).containsExactly(incompressible);
        Cell.get(inbox.publish(Cell.message("ann", "k")));
        for (Instant at : List.of(Instant.ofEpochMilli(Long.MAX_VALUE), Instant.ofEpochMilli(Long.MIN_VALUE))) {
            inbox.note(List.of(new StepNote(
                    Cell.shard("ann"), "ann", "at " + at, Cell.TOPIC, false, 1, 1, Step.SHOWN, at, "", "")));
        }
        assertThat(cell.number("SELECT count(*) FROM inbox.receipt WHERE at BETWEEN '1970-01-01' AND now()"))
                .isEqualTo(2);
        inbox.seen(List.of(device("ann", "phone", "t\0"), device("bob", "tablet", "t2")));
        assertThat(inbox.devicesOf("ann")).extracting(DeviceState::pushToken).containsExactly("t\uFFFD");
        assertThat(inbox.devicesOf("bob")).hasSize(1);
        assertThat(inbox.read(List.of(Cell.want("ann", "phone", new SyncKey("a\0", false, 0, 0)))))
                .containsExactly(new Slice.Nothing());
    }

    @Test
    void a_push_token_is_with_the_last_who_told_it() {
        inbox.seen(List.of(device("ann", "phone", "t1")));
        inbox.seen(List.of(device("bob", "phone", "t1")));
        assertThat(inbox.devicesOf("ann")).extracting(DeviceState::pushToken).containsExactly("");
        assertThat(inbox.devicesOf("bob")).extracting(DeviceState::pushToken).containsExactly("t1");
    }

    @Test
    void a_closed_shard_keeps_its_devices_and_steps_as_they_are() throws Exception {
        Cell.get(inbox.publish(Cell.message("ann", "k")));
        cell.execute("UPDATE rialto.fence SET state = 'CLOSED'");
        inbox.seen(List.of(device("ann", "phone", "t1")));
        inbox.note(List.of(note(Step.SENT, 1)));
        assertThat(inbox.devicesOf("ann")).isEmpty();
        assertThat(cell.number("SELECT count(*) FROM inbox.receipt")).isZero();
    }

    private static StepNote note(Step step, long sequence) {
        return new StepNote(
                Cell.shard("ann"), "ann", "phone", Cell.TOPIC, false, sequence, sequence, step, null, "east-1", "");
    }

    @Test
    void a_trace_tells_each_step_and_why_it_stopped() throws Exception {
        MessageId id = new MessageId(Cell.TOPIC, 2, "ann");
        Cell.get(inbox.publish(Cell.message("ann", "k1")));
        Cell.get(inbox.publish(Cell.message("ann", "k2")));
        assertThat(stopped(id)).startsWith("no device");
        inbox.seen(List.of(device("ann", "phone", ""), device("ann", "tablet", "")));
        inbox.note(List.of(note(Step.ROUTED, 2), note(Step.SENT, 2), note(Step.SENT, 2), note(Step.OPENED, 77)));
        SyncKey end = Cell.all(inbox, "ann").getLast().end();
        inbox.acknowledge(List.of(new Acknowledgement(Cell.shard("ann"), "ann", "phone", end)));
        inbox.note(List.of(note(Step.SHOWN, 2), note(Step.OPENED, 2)));
        Trace trace = inbox.trace(id, "").orElseThrow();
        assertThat(trace.steps())
                .extracting(Trace.Passed::step)
                .containsExactly(
                        Step.ACCEPTED, Step.STORED, Step.ROUTED, Step.SENT, Step.ACKED, Step.SHOWN, Step.OPENED);
        assertThat(trace.steps().get(3))
                .satisfies(step -> assertThat(step.device() + step.node()).isEqualTo("phoneeast-1"));
        assertThat(trace.stopped()).isEqualTo("waits for tablet at 0");
        cell.execute("UPDATE inbox.message SET expires = now() - interval '1 second' WHERE sequence = 2");
        assertThat(stopped(id)).isEqualTo("expired before it was acknowledged by tablet at 0");
        inbox.revoke(Cell.shard("ann"), 1, id);
        assertThat(stopped(id)).isEqualTo("revoked before it was acknowledged by tablet at 0");
        inbox.acknowledge(List.of(new Acknowledgement(Cell.shard("ann"), "ann", "tablet", end)));
        assertThat(stopped(id)).isEmpty();
        assertThat(inbox.trace(new MessageId(Cell.TOPIC, 9, "ann"), "")).isEmpty();
        // What is acknowledged at once is one row.
        assertThat(cell.number("SELECT count(*) FROM inbox.receipt WHERE device = 'tablet'"))
                .isEqualTo(1);
        assertThat(inbox.traceUser("ann", 2))
                .extracting(Trace::id)
                .containsExactly(new MessageId(Cell.TOPIC, 3, "ann"), id);
    }

    private String stopped(MessageId id) {
        return inbox.trace(id, "").orElseThrow().stopped();
    }

    @Test
    void a_message_to_everyone_is_merged_on_read_for_those_of_its_rule() throws Exception {
        Cell.get(inbox.publish(broadcast("k1", null)));
        Cell.get(inbox.publish(broadcast("k2", "{\"devices\":[\"phone\"]}")));
        Batch phone = Cell.next(inbox, Cell.want("ann", "phone", everyone(0, 0)));
        assertThat(payloads(phone)).containsExactly("k1", "k2");
        assertThat(phone.messages().getFirst().id()).isEqualTo("payments.1.*");
        Batch tablet = Cell.next(inbox, Cell.want("bob", "tablet", everyone(0, 0)));
        assertThat(payloads(tablet)).containsExactly("k1");
        assertThat(tablet.end()).isEqualTo(phone.end());
        assertThat(inbox.highest(List.of("ann", "bob"))).isEqualTo(List.of(List.of(phone.end()), List.of(phone.end())));
        inbox.seen(List.of(device("bob", "tablet", "")));
        inbox.acknowledge(List.of(new Acknowledgement(Cell.shard("bob"), "bob", "tablet", tablet.end())));
        Trace trace = inbox.trace(new MessageId(Cell.TOPIC, 1, ""), "bob").orElseThrow();
        assertThat(trace.steps()).extracting(Trace.Passed::step).endsWith(Step.ACKED);
        assertThat(trace.stopped()).isEmpty();
    }

    @Test
    void copies_have_the_same_sequences_and_ids_and_leave_no_gap() throws Exception {
        for (int i = 1; i <= 10; i++) {
            Cell.get(inbox.publish(broadcast("k" + i, i % 2 == 0 ? "{}" : null)));
        }
        inbox.revoke(-1, 1, new MessageId(Cell.TOPIC, 3, ""));
        cell.execute("DELETE FROM inbox.message WHERE sequence = 5");
        try (Cell west = Cell.of(server, "kept" + cells++);
                PostgresInbox copy = west.node()) {
            // A copy is not this cell's to decide on.
            west.execute("UPDATE rialto.fence SET state = 'ABSENT' WHERE shard = -1");
            List<Broadcasts.Page> pages = new ArrayList<>();
            for (Optional<Broadcasts.Page> page = inbox.after(Cell.TOPIC, 0, 4);
                    page.isPresent();
                    page = inbox.after(Cell.TOPIC, page.get().end().sequence(), 4)) {
                pages.add(page.get());
            }
            assertThat(pages).hasSize(3);
            assertThat(copy.copy(pages.get(1))).isFalse();
            assertThat(copy.copy(pages.get(0))).isTrue();
            assertThat(copy.copy(pages.get(2))).isFalse();
            assertThat(copy.highestBroadcast(Cell.TOPIC)).isEqualTo(4);
            assertThat(copy.copy(pages.get(1))).isTrue();
            assertThat(copy.copy(pages.get(0))).isTrue();
            assertThat(copy.copy(pages.get(2))).isTrue();
            assertThat(copy.highestBroadcast(Cell.TOPIC)).isEqualTo(11);
            Batch there = Cell.next(inbox, Cell.want("ann", "phone", everyone(0, 0)));
            Batch here = Cell.next(copy, Cell.want("ann", "phone", everyone(0, 0)));
            assertThat(here.end()).isEqualTo(there.end());
            assertThat(here.dropped()).isEqualTo(1);
            assertThat(payloads(here)).isEqualTo(payloads(there));
            assertThat(copy.copy(new Broadcasts.Page(12, everyone(here.inbox() + 1, 12), List.of())))
                    .isFalse();
            // Taken back after it was copied.
            inbox.revoke(-1, 1, new MessageId(Cell.TOPIC, 1, ""));
            assertThat(copy.copy(inbox.after(Cell.TOPIC, 11, 4).orElseThrow())).isTrue();
            assertThat(Cell.next(copy, Cell.want("ann", "phone", everyone(0, 0)))
                            .messages())
                    .noneMatch(message -> message.sequence() == 1)
                    .anyMatch(message -> message.revokes() == 1);
            assertThat(copy.read(List.of(Cell.want("ann", "phone", everyone(here.inbox(), 12)))))
                    .containsExactly(new Slice.Nothing());
        }
    }
}

package io.rialto.sync.inbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.rialto.node.postgres.PostgresServer;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.protocol.sync.SyncMessage;
import io.rialto.sync.AckOutcome;
import io.rialto.sync.Acknowledgement;
import io.rialto.sync.Inbox;
import io.rialto.sync.MessageId;
import io.rialto.sync.Publication;
import io.rialto.sync.Slice;
import io.rialto.sync.Stored;
import io.rialto.sync.Topic;
import io.rialto.sync.Versions;
import io.rialto.sync.Want;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a device gets of a sequence, and what the frame says of the rest. */
@Timeout(60)
class ReadTest {
    @TempDir
    static Path directory;

    private static PostgresServer server;
    private static int cells;

    private Cell cell;
    private PostgresInbox inbox;

    /** A publication with what is not as usual. */
    private record Message(
            String key, @Nullable String device, @Nullable Instant expires, Versions versions, String collapse) {
        static Message of(String key) {
            return new Message(key, null, null, Versions.ALL, "");
        }

        Message only(String one) {
            return new Message(key, one, expires, versions, collapse);
        }

        Message until(Instant time) {
            return new Message(key, device, time, versions, collapse);
        }

        Message versions(String min, String max) {
            return new Message(key, device, expires, new Versions(Versions.parse(min), Versions.parse(max)), collapse);
        }

        Message collapse(String by) {
            return new Message(key, device, expires, versions, by);
        }

        Publication to(String user) {
            Publication plain = Cell.message(user, key);
            return new Publication(
                    plain.shard(),
                    1,
                    user,
                    Cell.TOPIC,
                    key,
                    device,
                    null,
                    "text/plain",
                    plain.payload(),
                    plain.accepted(),
                    expires,
                    versions,
                    true,
                    collapse,
                    0);
        }
    }

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
        cell = Cell.of(server, "read" + cells++);
        inbox = cell.node();
    }

    @AfterEach
    void close() {
        inbox.close();
        cell.close();
    }

    private long publish(Message message) throws Exception {
        return Cell.get(inbox.publish(message.to("ann"))).sequence();
    }

    private void publish(int count) throws Exception {
        for (int i = 1; i <= count; i++) {
            publish(Message.of("k" + i));
        }
    }

    private Batch read(String device, long version) {
        return Cell.next(inbox, new Want("ann", device, Cell.NO_KEY, version, 64, 1 << 17));
    }

    private Batch read() {
        return read("phone", Versions.UNKNOWN);
    }

    private static List<Long> sequences(Batch batch) {
        return batch.messages().stream().map(SyncMessage::sequence).toList();
    }

    private Slice slice(SyncKey after) {
        return inbox.read(List.of(Cell.want("ann", "phone", after))).getFirst();
    }

    private void topic(int keepNewest, boolean fromOldest) {
        Duration month = Duration.ofDays(30);
        cell.topics.put(
                Cell.TOPIC,
                new Topic(
                        Cell.TOPIC, "wallet", month, keepNewest, 65_536, Duration.ZERO, month, fromOldest, true, true));
    }

    @Test
    void a_shard_is_open_at_its_epoch_only() throws Exception {
        cell.execute("UPDATE rialto.fence SET state = 'RETIRED' WHERE shard = 2");
        Inbox.ShardEpoch open = new Inbox.ShardEpoch(1, 1);
        assertThat(inbox.open(Set.of(
                        open, new Inbox.ShardEpoch(0, 2), new Inbox.ShardEpoch(2, 1), new Inbox.ShardEpoch(1007, 1))))
                .containsExactly(open);
        cell.execute("UPDATE rialto.fence SET state = 'OPEN' WHERE shard = 2");
    }

    @Test
    void a_message_for_one_device_is_passed_over_by_the_others() throws Exception {
        publish(Message.of("k1").only("phone"));
        publish(Message.of("k2").only("tablet"));
        assertThat(sequences(read("phone", 0))).containsExactly(1L);
        Batch tablet = read("tablet", 0);
        assertThat(sequences(tablet)).containsExactly(2L);
        assertThat(List.of(tablet.first(), tablet.last(), tablet.dropped())).containsExactly(1L, 2L, 0L);
        Batch watch = read("watch", 0);
        assertThat(watch.messages()).isEmpty();
        assertThat(watch.end().sequence()).isEqualTo(2);
        assertThat(slice(watch.end())).isEqualTo(new Slice.Nothing());
    }

    @Test
    void a_version_gets_what_is_for_it_and_an_unknown_one_what_is_for_all() throws Exception {
        publish(Message.of("k1").versions("1.0", "1.9"));
        publish(Message.of("k2").versions("2.0", "2.9"));
        publish(Message.of("k3"));
        assertThat(sequences(read("phone", Versions.parse("1.5")))).containsExactly(1L, 3L);
        assertThat(sequences(read("phone", Versions.parse("2.9")))).containsExactly(2L, 3L);
        assertThat(sequences(read("phone", Versions.parse("2.9.1")))).containsExactly(3L);
        assertThat(sequences(read())).containsExactly(3L);
    }

    @Test
    void what_has_expired_by_the_databases_clock_is_not_given() throws Exception {
        publish(Message.of("k1").until(Instant.now().plusSeconds(3600)));
        publish(Message.of("k2").until(Instant.now().plusSeconds(3600)));
        publish(Message.of("k3"));
        assertThat(read().messages().getFirst().expiresMillis()).isPositive();
        cell.execute("UPDATE inbox.message SET expires = now() - interval '1 second' WHERE sequence = 1");
        Batch batch = read();
        assertThat(sequences(batch)).containsExactly(2L, 3L);
        assertThat(batch.dropped()).isZero();
    }

    @Test
    void of_one_collapse_key_only_the_last_is_given() throws Exception {
        publish(Message.of("k1").collapse("balance"));
        publish(Message.of("k2").collapse("other"));
        publish(Message.of("k3").collapse("balance"));
        publish(Message.of("k4").collapse("balance").only("tablet"));
        Batch phone = read("phone", 0);
        assertThat(sequences(phone)).containsExactly(2L, 3L);
        assertThat(phone.messages().getLast().collapse()).isEqualTo("balance");
        assertThat(sequences(read("tablet", 0))).containsExactly(2L, 4L);
    }

    @Test
    void what_is_taken_back_is_not_given_and_those_who_have_it_are_told() throws Exception {
        publish(3);
        MessageId second = new MessageId(Cell.TOPIC, 2, "ann");
        assertThat(inbox.revoke(Cell.shard("ann"), 1, second)).isEqualTo(new Stored(4, false));
        assertThat(inbox.revoke(Cell.shard("ann"), 1, second)).isEqualTo(new Stored(4, true));
        Batch batch = read();
        assertThat(sequences(batch)).containsExactly(1L, 3L, 4L);
        assertThat(batch.dropped()).isZero();
        assertThat(batch.messages().getLast().revokes()).isEqualTo(2);
        assertThat(batch.messages().getLast().payload()).isEmpty();
        assertThat(cell.number("SELECT octet_length(payload) FROM inbox.message WHERE sequence = 2"))
                .isZero();
        // Its key is still known.
        assertThat(Cell.get(inbox.publish(Message.of("k2").to("ann")))).isEqualTo(new Stored(2, true));
    }

    @Test
    void only_an_ordinary_message_of_an_open_shard_can_be_taken_back() throws Exception {
        publish(1);
        inbox.revoke(Cell.shard("ann"), 1, new MessageId(Cell.TOPIC, 1, "ann"));
        assertThat(refusal(new MessageId(Cell.TOPIC, 7, "ann"), 1)).isEqualTo(Reason.UNKNOWN_MESSAGE);
        assertThat(refusal(new MessageId(Cell.TOPIC, 2, "ann"), 1)).isEqualTo(Reason.UNKNOWN_MESSAGE);
        assertThat(refusal(new MessageId(Cell.TOPIC, 1, "ann"), 9)).isEqualTo(Reason.FENCED);
    }

    private Reason refusal(MessageId id, long epoch) {
        return catchThrowableOfType(ProtocolException.class, () -> inbox.revoke(Cell.shard("ann"), epoch, id))
                .reason();
    }

    @Test
    void what_retention_deletes_is_counted_and_its_key_is_free_again() throws Exception {
        publish(10);
        inbox.acknowledge(List.of(new Acknowledgement(Cell.shard("ann"), "ann", "phone", read().end())));
        cell.execute("UPDATE inbox.message SET stored = stored - interval '31 days' WHERE sequence IN (1, 2, 3, 10)");
        cell.execute("UPDATE rialto.fence SET state = 'CLOSED'");
        assertThat(inbox.tidy()).isZero();
        cell.execute("UPDATE rialto.fence SET state = 'OPEN'");
        assertThat(inbox.tidy()).isEqualTo(4);
        Batch batch = read();
        assertThat(sequences(batch)).containsExactly(4L, 5L, 6L, 7L, 8L, 9L);
        assertThat(List.of(batch.first(), batch.last(), batch.dropped())).containsExactly(1L, 10L, 4L);
        assertThat(cell.number("SELECT count(*) FROM inbox.receipt")).isZero();
        assertThat(publish(Message.of("k1"))).isEqualTo(11);
    }

    @Test
    void all_that_is_old_goes_in_batches() throws Exception {
        cell.execute("INSERT INTO inbox.head (shard, uid, topic, last) VALUES (1, 'old', 'payments', 2500)");
        cell.execute(
                "INSERT INTO inbox.message (shard, uid, topic, sequence, key, content_type, payload, accepted, stored,"
                        + " urgent, revokes) SELECT 1, 'old', 'payments', n, n::text, '', '', now(), now() - interval '40 days',"
                        + " false, 0 FROM generate_series(1, 2500) n");
        cell.execute(
                "INSERT INTO inbox.receipt (shard, uid, topic, everyone, first, last, device, step, at, node, reason)"
                        + " SELECT 1, 'old', 'payments', true, n, n, '', 3, now() - interval '40 days', '', ''"
                        + " FROM generate_series(1, 1500) n");
        assertThat(inbox.tidy()).isEqualTo(2500);
        assertThat(cell.number("SELECT count(*) FROM inbox.receipt")).isZero();
        Batch batch = Cell.next(inbox, Cell.want("old", "phone", Cell.NO_KEY));
        assertThat(List.of(batch.first(), batch.last(), batch.dropped())).containsExactly(1L, 2500L, 2500L);
    }

    @Test
    void of_a_topic_that_keeps_the_newest_the_others_are_counted_before_and_after_they_are_deleted() throws Exception {
        publish(10);
        topic(4, true);
        for (int i = 0; i < 2; i++) {
            Batch batch = read();
            assertThat(sequences(batch)).containsExactly(7L, 8L, 9L, 10L);
            assertThat(batch.dropped()).isEqualTo(6);
            assertThat(inbox.tidy()).isEqualTo(i == 0 ? 6 : 0);
        }
    }

    @Test
    void a_new_device_of_a_topic_that_begins_at_the_newest_gets_the_key_only() throws Exception {
        publish(3);
        topic(0, false);
        Batch batch = read();
        assertThat(batch.messages()).isEmpty();
        assertThat(List.of(batch.first(), batch.last(), batch.dropped())).containsExactly(1L, 3L, 0L);
        assertThat(inbox.acknowledge(List.of(new Acknowledgement(Cell.shard("ann"), "ann", "phone", batch.end()))))
                .containsExactly(AckOutcome.KEPT);
        assertThat(cell.number("SELECT count(*) FROM inbox.receipt")).isZero();
        publish(Message.of("k4"));
        assertThat(sequences(((Slice.Next) slice(batch.end())).batch())).containsExactly(4L);
    }

    @Test
    void a_batch_ends_where_the_device_has_no_more_room() throws Exception {
        for (int i = 1; i <= 6; i++) {
            Cell.get(inbox.publish(Cell.message("ann", "k" + i, new byte[1000])));
        }
        Slice.Next bytes = (Slice.Next) inbox.read(List.of(new Want("ann", "phone", Cell.NO_KEY, 0, 64, 2500)))
                .getFirst();
        assertThat(sequences(bytes.batch())).containsExactly(1L, 2L, 3L);
        assertThat(bytes.more()).isTrue();
        Slice.Next one = (Slice.Next) inbox.read(List.of(new Want("ann", "phone", Cell.NO_KEY, 0, 64, 1)))
                .getFirst();
        assertThat(sequences(one.batch())).containsExactly(1L);
        Slice.Next count = (Slice.Next)
                inbox.read(List.of(new Want("ann", "phone", one.batch().end(), 0, 5, 1 << 17)))
                        .getFirst();
        assertThat(sequences(count.batch())).containsExactly(2L, 3L, 4L, 5L, 6L);
        assertThat(count.more()).isFalse();
    }

    @Test
    void many_devices_are_read_for_at_once_and_in_their_order() throws Exception {
        for (int i = 0; i < 40; i++) {
            Cell.get(inbox.publish(Cell.message("user" + i, "k" + i)));
        }
        List<Want> wants = IntStream.range(0, 256)
                .mapToObj(i -> Cell.want("user" + i % 64, "phone", Cell.NO_KEY))
                .toList();
        List<Slice> slices = inbox.read(wants);
        assertThat(slices).hasSize(256);
        for (int i = 0; i < 256; i++) {
            if (i % 64 < 40) {
                assertThat(((Slice.Next) slices.get(i))
                                .batch()
                                .messages()
                                .getFirst()
                                .id())
                        .isEqualTo("payments.1.user" + i % 64);
            } else {
                assertThat(slices.get(i)).isEqualTo(new Slice.Nothing());
            }
        }
    }

    @Test
    void keys_that_are_not_of_this_inbox_are_told_apart() throws Exception {
        publish(3);
        long id = read().inbox();
        assertThat(future(slice(key(id, 4)))).isTrue();
        assertThat(future(slice(key(id, Long.MAX_VALUE)))).isTrue();
        assertThat(future(slice(key(id + 1, 3)))).isFalse();
        assertThat(future(slice(key(id + 1, 400)))).isFalse();
        assertThat(future(slice(key(0, 1)))).isFalse();
        assertThat(future(slice(new SyncKey("other", false, id, 1)))).isFalse();
        assertThat(future(slice(new SyncKey(Cell.TOPIC, true, id, 1)))).isFalse();
        assertThat(slice(key(id, 3))).isEqualTo(new Slice.Nothing());
        assertThat(((Slice.Next) slice(key(id, 0))).batch().first()).isEqualTo(1);
        assertThat(((Slice.Next) slice(key(id, 2))).batch().first()).isEqualTo(3);
        assertThat(inbox.acknowledge(List.of(ack(id, 4), ack(id + 1, 1), ack(id, 2), ack(id, 1))))
                .containsExactly(AckOutcome.FUTURE_KEY, AckOutcome.FOREIGN_KEY, AckOutcome.KEPT, AckOutcome.KEPT);
        assertThat(cell.number("SELECT sequence FROM inbox.cursor")).isEqualTo(2);
        cell.execute("UPDATE rialto.fence SET state = 'CLOSED'");
        assertThat(inbox.acknowledge(List.of(ack(id, 3)))).containsExactly(AckOutcome.FENCED);
        assertThat(cell.number("SELECT sequence FROM inbox.cursor")).isEqualTo(2);
    }

    private static SyncKey key(long id, long sequence) {
        return new SyncKey(Cell.TOPIC, false, id, sequence);
    }

    private static Acknowledgement ack(long id, long sequence) {
        return new Acknowledgement(Cell.shard("ann"), "ann", "phone", key(id, sequence));
    }

    private static boolean future(Slice slice) {
        return ((Slice.BadKey) slice).future();
    }
}

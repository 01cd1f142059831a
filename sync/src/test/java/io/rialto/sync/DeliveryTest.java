package io.rialto.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.Fetched;
import io.rialto.protocol.sync.Hello;
import io.rialto.protocol.sync.Receipt;
import io.rialto.protocol.sync.ServerFrame;
import io.rialto.protocol.sync.Step;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.sync.NodeFixture.FakeDevice;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class DeliveryTest {
    private static final Topic PAYMENTS = NodeFixture.PAYMENTS;
    private static final Topic NEWS = NodeFixture.NEWS;

    private final NodeFixture node = new NodeFixture();

    @Test
    void greets_with_the_highest_sequences_and_brings_what_is_missing() {
        node.publish("anna", PAYMENTS, 5);
        FakeDevice device = node.open("d1", "anna", node.key("anna", PAYMENTS, 2));

        assertThat(device.frames.get(0).kind()).isEqualTo(ServerFrame.Kind.WELCOME);
        assertThat(device.frames.get(0).highest()).containsExactly(node.key("anna", PAYMENTS, 5));
        assertThat(device.sequences(PAYMENTS)).containsExactly(3L, 4L, 5L);
    }

    @Test
    void brings_a_message_after_a_hint() {
        FakeDevice device = node.open("d1", "anna");
        node.publish("anna", PAYMENTS, 1);
        int asked = node.inbox.asked;
        node.delivery.stored(List.of("anna", "bert"));
        node.work();

        assertThat(device.sequences(PAYMENTS)).containsExactly(1L);
        assertThat(node.inbox.asked).isEqualTo(asked + 1);
        assertThat(node.inbox.reads).isEqualTo(1);
    }

    @Test
    void merges_what_is_for_everyone() {
        FakeDevice device = node.open("d1", "anna");
        node.publish("", NEWS, 2);
        node.publish("anna", NEWS, 1);
        node.delivery.storedForEveryone("news");
        node.work();

        assertThat(device.of(ServerFrame.Kind.BATCH))
                .extracting(frame -> frame.batch().end())
                .containsExactlyInAnyOrder(node.key("", NEWS, 2), node.key("anna", NEWS, 1));
    }

    @Test
    void keeps_topics_of_other_apps_to_themselves() {
        node.publish("anna", NodeFixture.RIDES, 1);
        FakeDevice device = node.open("d1", "anna");

        assertThat(device.frames).hasSize(1);
        assertThat(device.frames.get(0).highest()).isEmpty();
    }

    @Test
    void sends_no_more_than_a_device_may_owe_and_goes_on_after_an_ack() {
        node.publish("anna", PAYMENTS, 100);
        FakeDevice device = node.open("d1", "anna");
        assertThat(device.sequences(PAYMENTS)).hasSize(Progress.MAX_MESSAGES);

        node.delivery.stored(List.of("anna"));
        node.work();
        assertThat(device.sequences(PAYMENTS)).hasSize(Progress.MAX_MESSAGES);

        device.acks(node.key("anna", PAYMENTS, 64));
        node.work();
        assertThat(device.sequences(PAYMENTS))
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, 100).boxed().toList());
    }

    @Test
    void owes_no_more_bytes_than_the_bound_and_one_message() {
        byte[] large = new byte[60_000];
        for (int i = 0; i < 20; i++) {
            node.publish("anna", PAYMENTS, large);
            node.publish("anna", NEWS, large);
        }
        FakeDevice device = node.open("d1", "anna");

        int bytes = device.of(ServerFrame.Kind.BATCH).stream()
                .mapToInt(frame -> frame.encode().length)
                .sum();
        assertThat(bytes).isBetween(Progress.MAX_BYTES - 65_536, Progress.MAX_BYTES + 65_536);
    }

    @Test
    void sends_nothing_while_the_channel_is_full() {
        FakeDevice device = node.open("d1", "anna");
        device.writable = false;
        node.publish("anna", PAYMENTS, 3);
        node.delivery.stored(List.of("anna"));
        node.work();
        assertThat(device.sequences(PAYMENTS)).isEmpty();

        device.writable = true;
        device.listener().writable();
        node.work();
        assertThat(device.sequences(PAYMENTS)).containsExactly(1L, 2L, 3L);
    }

    @Test
    void tells_the_database_the_highest_ack_whatever_comes_later() {
        node.publish("anna", PAYMENTS, 5);
        FakeDevice device = node.open("d1", "anna");
        device.acks(node.key("anna", PAYMENTS, 4));
        node.work();
        device.acks(node.key("anna", PAYMENTS, 2));
        device.acks(node.key("anna", PAYMENTS, 4));
        node.work();

        assertThat(node.inbox.acknowledged).containsExactly(4L);
        assertThat(device.bye).isNull();
        assertThat(node.meters.acknowledged).isZero(); // the batch as a whole is not yet
        device.acks(node.key("anna", PAYMENTS, 5));
        assertThat(node.meters.acknowledged).isEqualTo(5);
    }

    @Test
    void tells_the_database_the_keys_of_a_hello() {
        node.publish("anna", PAYMENTS, 5);
        node.open("d1", "anna", node.key("anna", PAYMENTS, 5));

        assertThat(node.inbox.cursors).containsEntry("d1/payments", 5L);
    }

    @Test
    void refuses_an_ack_of_the_future() {
        node.publish("anna", PAYMENTS, 5);
        FakeDevice device = node.open("d1", "anna");
        device.acks(node.key("anna", PAYMENTS, 6));
        node.work();
        assertThat(device.reason()).isEqualTo("future_key");
        assertThat(node.inbox.cursors).isEmpty();
    }

    @Test
    void an_ack_that_met_a_server_which_lacks_the_message_is_not_refused() {
        node.publish("anna", PAYMENTS, 5);
        FakeDevice device = node.open("d1", "anna");
        node.inbox.stale = true;
        device.acks(node.key("anna", PAYMENTS, 5));
        node.work();
        assertThat(device.bye).isNull();
    }

    @Test
    void believes_an_ack_of_what_another_stream_brought_if_the_database_does() {
        FakeDevice device = node.open("d1", "anna");
        node.publish("anna", PAYMENTS, 3);
        device.acks(node.key("anna", PAYMENTS, 2));
        node.work();

        assertThat(device.bye).isNull();
        assertThat(node.inbox.cursors).containsEntry("d1/payments", 2L);
        assertThat(device.sequences(PAYMENTS)).containsExactly(3L);
    }

    @Test
    void refuses_keys_of_another_inbox() {
        node.publish("anna", PAYMENTS, 5);
        node.publish("bert", PAYMENTS, 5);

        assertThat(node.open("d1", "anna", node.key("bert", PAYMENTS, 1)).reason())
                .isEqualTo("foreign_key");
        assertThat(node.open("d2", "anna", new SyncKey("news", false, 77, 1)).reason())
                .isEqualTo("foreign_key");
        assertThat(node.open("d3", "anna", node.key("anna", PAYMENTS, 6)).reason())
                .isEqualTo("future_key");
        node.publish("anna", NodeFixture.RIDES, 1);
        assertThat(node.open("d4", "anna", node.key("anna", NodeFixture.RIDES, 1))
                        .reason())
                .isEqualTo("wrong_app");
        FakeDevice device = node.open("d5", "anna");
        device.acks(node.key("bert", PAYMENTS, 1));
        node.work();
        assertThat(device.reason()).isEqualTo("foreign_key");
        assertThat(node.delivery.streams()).isZero();
    }

    @Test
    void a_device_whose_shard_is_not_open_here_is_not_told_that_its_key_is_wrong() {
        node.publish("anna", PAYMENTS, 2);
        FakeDevice acks = node.open("d1", "anna");
        FakeDevice reads = node.open("d2", "anna");
        node.inbox.elsewhere = true;
        assertThat(node.open("d3", "anna", new SyncKey(PAYMENTS.name(), false, 77, 1))
                        .reason())
                .isEqualTo("fenced");
        assertThat(node.open("d4", "anna", node.key("anna", PAYMENTS, 6)).reason())
                .isEqualTo("fenced");
        acks.acks(new SyncKey(PAYMENTS.name(), false, 77, 1));
        node.work();
        assertThat(acks.reason()).isEqualTo("fenced");
        node.publish("anna", PAYMENTS, 1);
        node.work();
        assertThat(reads.sequences(PAYMENTS)).as("what may be old is not sent").containsExactly(1L, 2L);
    }

    @Test
    void passes_over_keys_of_topics_that_there_are_no_more() {
        FakeDevice device = node.open("d1", "anna", new SyncKey("old", false, 77, 1));

        assertThat(device.bye).isNull();
        assertThat(device.frames).hasSize(1);
    }

    @Test
    void notices_that_the_database_has_lost_what_it_gave() {
        node.publish("anna", PAYMENTS, 5);
        FakeDevice device = node.open("d1", "anna");
        node.inbox.lose("anna", "payments", 2);
        node.delivery.stored(List.of("anna"));
        node.work();

        assertThat(device.reason()).isEqualTo("future_key");
    }

    @Test
    void tells_a_device_that_has_more_than_a_database_that_took_over_to_keep_its_key() {
        node.publish("anna", PAYMENTS, 3);
        node.inbox.tookOver = true;
        FakeDevice hello = node.open("d1", "anna", node.key("anna", PAYMENTS, 5));
        assertThat(hello.reason()).isEqualTo("read_only");
        FakeDevice ack = node.open("d2", "anna");
        ack.acks(node.key("anna", PAYMENTS, 4));
        node.work();
        assertThat(ack.reason()).isEqualTo("read_only");
        assertThat(node.inbox.outran).containsExactly("anna payments 5", "anna payments 4");
        node.publish("bert", PAYMENTS, 1);
        assertThat(node.open("d3", "anna", node.key("bert", PAYMENTS, 1)).reason())
                .isEqualTo("foreign_key");
    }

    @Test
    void ends_the_older_stream_of_a_device() {
        FakeDevice older = node.open("d1", "anna");
        FakeDevice newer = node.open("d1", "anna");
        assertThat(older.reason()).isEqualTo("superseded");

        older.listener().closed();
        node.publish("anna", PAYMENTS, 1);
        node.delivery.stored(List.of("anna"));
        node.work();
        assertThat(newer.sequences(PAYMENTS)).containsExactly(1L);
        assertThat(node.delivery.whereIs("anna")).containsExactly(new Delivery.Whereabouts("d1", "east-1"));
    }

    @Test
    void a_beat_makes_up_for_a_lost_hint() {
        FakeDevice device =
                node.open("d1", "anna", Hello.builder().beatSeconds(15).build());
        node.pass(Duration.ofSeconds(4));
        assertThat(device.of(ServerFrame.Kind.BEAT)).hasSize(1); // the one that comes soon after the greeting
        node.publish("anna", PAYMENTS, 1);
        node.pass(Duration.ofSeconds(20));

        assertThat(device.sequences(PAYMENTS)).containsExactly(1L);
        assertThat(device.of(ServerFrame.Kind.BEAT)).hasSize(2);
        assertThat(device.of(ServerFrame.Kind.BEAT).get(1).highest()).containsExactly(node.key("anna", PAYMENTS, 1));
    }

    @Test
    void beats_come_as_often_as_asked_within_bounds() {
        FakeDevice eager =
                node.open("d1", "anna", Hello.builder().beatSeconds(1).build());
        FakeDevice lazy =
                node.open("d2", "anna", Hello.builder().beatSeconds(3_600).build());
        node.pass(Duration.ofMinutes(10));

        assertThat(eager.of(ServerFrame.Kind.BEAT)).hasSizeBetween(600 / 19, 600 / 12 + 1);
        assertThat(lazy.of(ServerFrame.Kind.BEAT)).hasSizeBetween(2, 3);
        assertThat(eager.frames.get(0).beatSeconds()).isEqualTo(Beats.longestSilence(15));
    }

    @Test
    void a_ping_is_answered_with_a_beat() {
        FakeDevice device = node.open("d1", "anna");
        device.says(DeviceFrame.ping(0));
        node.work();

        assertThat(device.of(ServerFrame.Kind.BEAT)).hasSize(1);
    }

    @Test
    void a_beat_is_an_answer_of_the_database() {
        FakeDevice device = node.open("d1", "anna");
        node.inbox.door = call -> {
            throw new InboxException("not now", new IllegalStateException("away"));
        };
        device.says(DeviceFrame.ping(0));
        node.pass(Duration.ofMinutes(3));
        assertThat(device.frames).hasSize(1);
        assertThat(node.meters.unanswered).isBetween(10, 400);

        node.publish("anna", PAYMENTS, 2);
        node.inbox.door = call -> {};
        node.pass(Duration.ofSeconds(5));
        assertThat(device.of(ServerFrame.Kind.BEAT)).hasSize(1);
        assertThat(device.sequences(PAYMENTS)).containsExactly(1L, 2L);
    }

    @Test
    void acks_outlive_a_silence_of_the_database() {
        node.publish("anna", PAYMENTS, 2);
        FakeDevice device = node.open("d1", "anna");
        node.inbox.door = call -> {
            throw new InboxException("not now", new IllegalStateException("away"));
        };
        device.acks(node.key("anna", PAYMENTS, 1));
        node.pass(Duration.ofSeconds(1));
        device.acks(node.key("anna", PAYMENTS, 2));
        device.listener().closed();
        node.inbox.door = call -> {};
        node.pass(Duration.ofSeconds(5));

        assertThat(node.inbox.cursors).containsEntry("d1/payments", 2L);
    }

    @Test
    void a_failure_in_reading_one_device_is_not_that_of_the_others() {
        FakeDevice good = node.open("d1", "anna");
        FakeDevice bad = node.open("d2", "bert");
        node.publish("anna", PAYMENTS, 1);
        node.publish("bert", PAYMENTS, 1);
        int[] calls = {0};
        node.inbox.door = call -> {
            // both together, then anna alone, then bert alone
            if (call.equals("read") && calls[0]++ != 1) {
                throw new IllegalStateException("a row that cannot be read");
            }
        };
        node.tasks.clear();
        node.delivery.stored(List.of("anna", "bert"));
        node.tasks.removeLast(); // one worker for both
        node.work();

        assertThat(good.sequences(PAYMENTS)).containsExactly(1L);
        assertThat(good.bye).isNull();
        assertThat(bad.reason()).isEqualTo("internal");
    }

    @Test
    void ends_the_stream_of_a_device_that_acknowledges_nothing() {
        node.publish("anna", PAYMENTS, 1);
        FakeDevice silent = node.open("d1", "anna");
        FakeDevice idle = node.open("d2", "bert");
        node.pass(Duration.ofMinutes(9));
        assertThat(silent.bye).isNull();
        node.pass(Duration.ofMinutes(2));

        assertThat(silent.reason()).isEqualTo("not_acknowledged");
        assertThat(idle.bye).isNull();
    }

    @Test
    void refuses_what_is_no_hello_and_a_second_one() {
        FakeDevice none = new FakeDevice();
        node.delivery.open(NodeFixture.device("d1", "anna"), DeviceFrame.ping(0).encode(), none);
        assertThat(none.reason()).isEqualTo("malformed_frame");
        FakeDevice junk = new FakeDevice();
        node.delivery.open(NodeFixture.device("d1", "anna"), new byte[] {1, 2, 3}, junk);
        assertThat(junk.reason()).isEqualTo("malformed_frame");
        FakeDevice version =
                node.open("d1", "anna", Hello.builder().appVersion("one").build());
        assertThat(version.reason()).isEqualTo("malformed_frame");

        FakeDevice twice = node.open("d2", "anna");
        twice.says(DeviceFrame.hello(Hello.builder().build()));
        assertThat(twice.reason()).isEqualTo("malformed_frame");
        assertThat(node.delivery.streams()).isZero();
    }

    @Test
    void spreads_openings_over_time() {
        int refused = 0;
        int longest = 0;
        for (int i = 0; i < 10_000; i++) {
            FakeDevice device = new FakeDevice();
            device.listener = node.delivery.open(
                    NodeFixture.device("d" + i, "user"),
                    DeviceFrame.hello(Hello.builder().build()).encode(),
                    device);
            if (device.bye != null) {
                assertThat(device.reason()).isEqualTo("overloaded");
                assertThat(device.pauseMillis()).isPositive();
                longest = Math.max(longest, device.pauseMillis());
                refused++;
            }
        }
        assertThat(refused).isBetween(7_900, 8_001);
        assertThat(longest).isBetween(3_900, 4_500);
        node.nanos += Duration.ofSeconds(1).toNanos();
        assertThat(node.open("late", "user").bye).isNull();
    }

    @Test
    void drains_with_pauses_that_differ() {
        FakeDevice one = node.open("d1", "anna");
        FakeDevice two = node.open("d2", "bert");
        one.listener().drain();
        two.listener().drain();

        assertThat(one.reason()).isEqualTo("draining");
        assertThat(one.pauseMillis()).isNotEqualTo(two.pauseMillis());
    }

    @Test
    void notes_what_devices_say_of_themselves_and_of_messages() {
        node.publish("anna", PAYMENTS, 1);
        Hello hello = Hello.builder()
                .appVersion("1.2")
                .platform("android")
                .push("fcm", "token")
                .build();
        FakeDevice device = node.open("d1", "anna", hello);
        device.says(DeviceFrame.receipts(List.of(
                new Receipt("payments.1.anna", Step.SHOWN, node.now() + 99_999),
                new Receipt("payments.1.bert", Step.SHOWN, 1),
                new Receipt("payments.1.anna", Step.ACKED, 1),
                new Receipt("rides.1.anna", Step.SHOWN, 1),
                new Receipt("nonsense", Step.SHOWN, 1))));
        node.work();

        assertThat(node.inbox.devicesOf("anna"))
                .extracting(DeviceState::version, DeviceState::pushToken)
                .containsExactly(tuple(Versions.parse("1.2"), "token"));
        assertThat(node.inbox.notes).extracting(StepNote::step).containsExactly(Step.SENT, Step.SHOWN);
        assertThat(node.inbox.notes.get(1).at()).isEqualTo(Instant.ofEpochMilli(node.now()));
    }

    @Test
    void a_fetch_acknowledges_and_brings_what_is_next() throws Exception {
        node.publish("anna", PAYMENTS, 100);
        node.publish("anna", NEWS, 1);
        Fetched first = fetch("d1", "anna");
        assertThat(first.more()).isTrue();
        assertThat(first.highest()).contains(node.key("anna", PAYMENTS, 100));
        List<SyncKey> keys = first.batches().stream().map(Batch::end).toList();

        Fetched second = fetch("d1", "anna", keys.toArray(SyncKey[]::new));
        assertThat(second.batches().get(0).first())
                .isEqualTo(first.batches().get(0).last() + 1);
        assertThat(node.inbox.cursors)
                .containsEntry("d1/payments", first.batches().get(0).last());
        assertThat(fetch("d2", "anna", node.key("anna", PAYMENTS, 100), node.key("anna", NEWS, 1))
                        .batches())
                .isEmpty();
    }

    private Fetched fetch(String device, String user, SyncKey... keys) throws Exception {
        CompletableFuture<byte[]> answer = node.delivery
                .fetch(
                        NodeFixture.device(device, user),
                        Fetched.request(Hello.builder().keys(List.of(keys)).build()))
                .toCompletableFuture();
        node.work();
        return Fetched.decode(answer.get());
    }

    @Test
    void a_fetch_is_bounded_and_refuses_bad_keys() throws Exception {
        for (int i = 0; i < 10; i++) {
            node.publish("anna", PAYMENTS, new byte[60_000]);
            node.publish("anna", NEWS, new byte[60_000]);
        }
        int bytes = fetch("d1", "anna").batches().stream()
                .flatMap(batch -> batch.messages().stream())
                .mapToInt(message -> message.payload().length)
                .sum();
        assertThat(bytes).isBetween(60_000, 128 * 1024);
        CompletableFuture<byte[]> refused = node.delivery
                .fetch(
                        NodeFixture.device("d1", "anna"),
                        Fetched.request(Hello.builder()
                                .keys(List.of(node.key("anna", PAYMENTS, 11)))
                                .build()))
                .toCompletableFuture();
        node.work();
        assertThat(refused).failsWithin(Duration.ZERO).withThrowableThat().withMessageContaining("payments: key 11");
    }
}

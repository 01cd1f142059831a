package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.client.WalletService.Login;
import io.rialto.client.fake.Fault;
import io.rialto.client.fake.FrameFault;
import io.rialto.client.inbox.Inbox;
import io.rialto.client.inbox.InboxMessage;
import io.rialto.client.inbox.InboxSettings;
import io.rialto.client.inbox.InboxState;
import io.rialto.client.inbox.JournaledHandler;
import io.rialto.client.inbox.MessageHandler;
import io.rialto.client.inbox.StoredKey;
import io.rialto.client.inbox.StoredMessages;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.Receipt;
import io.rialto.protocol.sync.Step;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole of a phone's inbox, against a platform that speaks the wire. */
@Timeout(60)
final class InboxTest {
    private static final String USER = "100042";
    private static final String TOPIC = "payments";
    private static final String FETCH = "/rialto.Sync/Fetch";
    private static final String STREAM = "/rialto.Sync/Stream";
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final Fixture fixture = new Fixture();

    @TempDir
    Path directory;

    @AfterEach
    void close() {
        fixture.close();
    }

    private Rialto phone(Storage storage) {
        return phone(storage, Protection.SEALED);
    }

    private Rialto phone(Storage storage, Protection protection) {
        return fixture.client(fixture.phone()
                .storage(storage)
                .protection(protection)
                .inbox(InboxSettings.none().directory(directory).appVersion("1.0.0.6")));
    }

    private Rialto loggedIn(Storage storage) {
        Rialto phone = phone(storage);
        phone.service(WalletService.class).login(new Login(USER));
        return phone;
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean() && System.nanoTime() < end) {
            LockSupport.parkNanos(2_000_000);
        }
        assertThat(condition.getAsBoolean()).as("came true in time").isTrue();
    }

    private void publish(int from, int to) {
        for (int i = from; i <= to; i++) {
            fixture.platform.inbox().publish(USER, TOPIC, "m" + i);
        }
    }

    private static List<String> texts(int to) {
        return IntStream.rangeClosed(1, to).mapToObj(i -> "m" + i).toList();
    }

    private static List<String> texts(StoredMessages stored) {
        return stored.all().stream().map(InboxMessage::text).toList();
    }

    private long acknowledged() {
        return fixture.platform.inbox().acknowledged(USER, TOPIC);
    }

    /** A database of an app: rows and keys change together. */
    private static final class Ledger implements JournaledHandler {
        final List<String> rows = new CopyOnWriteArrayList<>();
        final List<Long> revoked = new CopyOnWriteArrayList<>();
        final Map<String, String> keys = new ConcurrentHashMap<>();
        final List<Long> dropped = new CopyOnWriteArrayList<>();

        @Override
        public @Nullable String load(String name) {
            return keys.get(name);
        }

        @Override
        public void apply(InboxMessage message, StoredKey key) {
            rows.add(message.text());
            keys.put(key.name(), key.value());
        }

        @Override
        public void pass(StoredKey key) {
            keys.put(key.name(), key.value());
        }

        @Override
        public void forget(String name) {
            keys.remove(name);
        }

        @Override
        public void revoked(long sequence, StoredKey key) {
            revoked.add(sequence);
            keys.put(key.name(), key.value());
        }

        @Override
        public void dropped(long count) {
            dropped.add(count);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SEALED", "SIGNED", "SIGNED_BY_DEVICE"})
    void messages_of_before_and_after_arrive_in_order_and_are_acknowledged(Protection protection) {
        Rialto phone = phone(new InMemoryStorage(), protection);
        phone.service(WalletService.class).login(new Login(USER));
        publish(1, 100);
        Inbox inbox = phone.inbox();
        StoredMessages stored = inbox.stored(TOPIC);
        inbox.start();
        await(() -> stored.size() == 100);
        publish(101, 200);
        await(() -> acknowledged() == 200);
        assertThat(texts(stored)).isEqualTo(texts(200));
        assertThat(fixture.platform.inbox().opened()).isEqualTo(1);
        assertThat(inbox.state()).isEqualTo(InboxState.OPEN);
    }

    @ParameterizedTest
    @EnumSource(names = {"SEALED", "SIGNED", "SIGNED_BY_DEVICE"})
    void where_http_2_does_not_come_through_the_stream_is_a_web_socket(Protection protection) {
        fixture.platform.withoutHttp2();
        fixture.platform.inbox().beatEvery(10_000); // so that a busy machine is not taken for a dead link
        Rialto phone = phone(new InMemoryStorage(), protection);
        phone.service(WalletService.class).login(new Login(USER));
        Inbox inbox = phone.inbox();
        StoredMessages stored = inbox.stored(TOPIC);
        fixture.platform.restartEdge("east"); // its refusal is healed here, too
        inbox.start();
        publish(1, 100);
        await(() -> acknowledged() == 100);
        await(() -> fixture.platform.webSockets() >= 1 && inbox.state() == InboxState.OPEN);
        publish(101, 200);
        await(() -> acknowledged() == 200);
        fixture.platform.inbox().cut();
        publish(201, 300);
        await(() -> acknowledged() == 300);
        assertThat(texts(stored)).isEqualTo(texts(300));
        await(() -> fixture.platform.webSockets() >= 2 && inbox.state() == InboxState.OPEN);
        fixture.platform.inbox().sayBye(Reason.SUPERSEDED, 0, "elsewhere");
        await(() -> inbox.state() == InboxState.SUPERSEDED);
    }

    @Test
    void a_restarted_phone_has_what_it_stored_and_gets_only_the_rest() {
        Storage storage = new InMemoryStorage();
        Rialto first = loggedIn(storage);
        publish(1, 30);
        StoredMessages before = first.inbox().stored(TOPIC);
        first.inbox().start();
        await(() -> before.size() == 30);
        first.close();
        publish(31, 40);

        Inbox inbox = phone(storage).inbox();
        StoredMessages stored = inbox.stored(TOPIC);
        assertThat(texts(stored)).isEqualTo(texts(30));
        inbox.start();
        await(() -> stored.size() == 40);
        assertThat(texts(stored)).isEqualTo(texts(40));
        assertThat(fixture.platform.inbox().hellos().get(1).keys().get(0).sequence())
                .isEqualTo(30);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whatever_happens_to_frames_each_message_is_applied_once_and_in_order(long seed) {
        fixture.platform.inbox().batchSize(3);
        fixture.platform.inbox().beatEvery(200);
        fixture.platform.inbox().faults(stream -> FrameFault.random(seed * 1000 + stream));
        Inbox inbox = loggedIn(new InMemoryStorage()).inbox();
        Ledger ledger = new Ledger();
        inbox.on(TOPIC, ledger);
        inbox.start();
        publish(1, 150);
        long start = System.nanoTime();
        await(() -> {
            if (inbox.state() == InboxState.WAITING) {
                inbox.resume(); // the pauses are another test's
            }
            return ledger.rows.size() >= 150 && acknowledged() == 150;
        });
        assertThat(ledger.rows).isEqualTo(texts(150));
        assertThat(System.nanoTime() - start).isPositive();
    }

    @Test
    void two_topics_and_everyone_have_their_own_order() {
        Inbox inbox = loggedIn(new InMemoryStorage()).inbox();
        Ledger payments = new Ledger();
        StoredMessages news = inbox.stored("news");
        inbox.on(TOPIC, payments);
        inbox.start();
        publish(1, 5);
        fixture.platform.inbox().publishToEveryone("news", "n1");
        fixture.platform.inbox().publish(USER, "news", "mine");
        fixture.platform.inbox().publish(USER, "unheard", "nobody handles this");
        await(() -> payments.rows.size() == 5 && news.size() == 2 && acknowledged() == 5);
        assertThat(news.all()).extracting(InboxMessage::everyone).containsExactlyInAnyOrder(true, false);
        await(() -> fixture.platform.inbox().acknowledged(USER, "unheard") == 1);
    }

    @Test
    void a_message_whose_handler_fails_comes_again_marked_and_the_next_ones_wait() {
        Inbox inbox = loggedIn(new InMemoryStorage()).inbox();
        List<String> handled = new CopyOnWriteArrayList<>();
        List<Boolean> repeated = new CopyOnWriteArrayList<>();
        AtomicInteger tries = new AtomicInteger();
        inbox.on(TOPIC, (MessageHandler) message -> {
            if (message.sequence() == 3 && tries.getAndIncrement() == 0) {
                throw new IllegalStateException("the app's database is busy");
            }
            handled.add(message.text());
            repeated.add(message.possiblyRepeated());
        });
        publish(1, 5);
        inbox.start();
        await(() -> acknowledged() == 5);
        assertThat(handled).isEqualTo(texts(5));
        assertThat(repeated.get(2)).isTrue();
        assertThat(repeated.subList(0, 2)).containsOnly(false);
        assertThat(fixture.reports).anyMatch(report -> report.contains("the app's database is busy"));
    }

    @Test
    void revocations_and_dropped_messages_are_told() {
        Inbox inbox = loggedIn(new InMemoryStorage()).inbox();
        publish(1, 10);
        fixture.platform.inbox().drop(USER, TOPIC, 4);
        Ledger ledger = new Ledger();
        inbox.on(TOPIC, ledger);
        StoredMessages news = inbox.stored("news");
        fixture.platform.inbox().publish(USER, "news", "wrong");
        fixture.platform.inbox().publish(USER, "news", "right");
        inbox.start();
        await(() -> acknowledged() == 10 && news.size() == 2);
        assertThat(ledger.dropped).containsExactly(4L);
        assertThat(ledger.rows).isEqualTo(texts(10).subList(4, 10));
        fixture.platform.inbox().revoke(USER, TOPIC, 6);
        fixture.platform.inbox().revoke(USER, "news", 1);
        await(() -> ledger.revoked.size() == 1 && news.size() == 1);
        assertThat(ledger.revoked).containsExactly(6L);
        assertThat(news.all()).extracting(InboxMessage::text).containsExactly("right");
    }

    @Test
    void what_streams_do_not_bring_is_fetched_by_calls() {
        List<Fault> faults = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            faults.add(new Fault.Refuse(Reason.OVERLOADED));
        }
        fixture.platform.inject(STREAM, faults.toArray(new Fault[0]));
        Inbox inbox = loggedIn(new InMemoryStorage()).inbox();
        StoredMessages stored = inbox.stored(TOPIC);
        publish(1, 150);
        inbox.start();
        await(() -> acknowledged() == 150);
        assertThat(texts(stored)).isEqualTo(texts(150));
        assertThat(fixture.platform.requests(FETCH)).isPositive();
        assertThat(fixture.platform.inbox().opened()).isZero();
    }

    @Test
    void a_superseded_stream_stays_away_until_the_app_takes_it_back() {
        Inbox inbox = loggedIn(new InMemoryStorage()).inbox();
        StoredMessages stored = inbox.stored(TOPIC);
        inbox.start();
        await(() -> inbox.state() == InboxState.OPEN);
        fixture.platform.inbox().sayBye(Reason.SUPERSEDED, 0, "elsewhere");
        await(() -> inbox.state() == InboxState.SUPERSEDED);
        publish(1, 1);
        assertThat(fixture.platform.inbox().opened()).isEqualTo(1);
        inbox.resume();
        await(() -> stored.size() == 1);
    }

    @Test
    void a_stream_whose_frame_was_refused_is_not_opened_again_until_the_app_says_so() {
        Inbox inbox = loggedIn(new InMemoryStorage()).inbox();
        StoredMessages stored = inbox.stored(TOPIC);
        inbox.start();
        await(() -> inbox.state() == InboxState.OPEN);
        fixture.platform.inbox().sayBye(Reason.MALFORMED_FRAME, 0, "a second hello");
        await(() -> inbox.state() == InboxState.REFUSED);
        publish(1, 1);
        assertThat(fixture.platform.inbox().opened()).isEqualTo(1);
        inbox.resume();
        await(() -> stored.size() == 1);
        assertThat(fixture.platform.inbox().opened()).isEqualTo(2);
    }

    @Test
    void keys_of_another_inbox_are_forgotten_when_the_platform_says_so() {
        Inbox inbox = loggedIn(new InMemoryStorage()).inbox();
        Ledger ledger = new Ledger();
        inbox.on(TOPIC, ledger);
        publish(1, 3);
        inbox.start();
        await(() -> acknowledged() == 3);
        inbox.pause();
        await(() -> inbox.state() == InboxState.STOPPED);
        fixture.platform.inbox().makeAnew(USER, TOPIC);
        fixture.platform.inbox().publish(USER, TOPIC, "new");
        inbox.resume();
        await(() -> ledger.rows.contains("new"));
        assertThat(ledger.rows).containsExactly("m1", "m2", "m3", "new");
        assertThat(fixture.reports).anyMatch(report -> report.contains("foreign_key"));
    }

    @Test
    void a_key_above_what_a_city_that_took_over_has_is_kept() {
        Inbox inbox = loggedIn(new InMemoryStorage()).inbox();
        Ledger ledger = new Ledger();
        inbox.on(TOPIC, ledger);
        publish(1, 3);
        inbox.start();
        await(() -> acknowledged() == 3);
        fixture.platform.inbox().sayBye(Reason.READ_ONLY, 0, TOPIC + ": the messages up to 3 were lost with a city");
        await(() -> fixture.platform.inbox().opened() == 2);
        publish(4, 4);
        await(() -> ledger.rows.contains("m4"));
        assertThat(ledger.rows).containsExactly("m1", "m2", "m3", "m4");
        assertThat(fixture.reports).anyMatch(report -> report.contains("read_only"));
    }

    @Test
    void a_silent_stream_is_found_dead_and_another_one_opened() {
        fixture.platform
                .inbox()
                .faults(stream ->
                        stream == 1 ? (index, frame) -> index == 0 ? List.of(frame) : List.of() : FrameFault.none());
        Inbox inbox = loggedIn(new InMemoryStorage()).inbox();
        StoredMessages stored = inbox.stored(TOPIC);
        inbox.start();
        await(() -> inbox.state() == InboxState.OPEN);
        publish(1, 2);
        await(() -> stored.size() == 2);
        assertThat(fixture.platform.inbox().opened()).isGreaterThan(1);
    }

    @Test
    void a_lost_batch_is_noticed_by_a_beat() {
        fixture.platform.inbox().beatEvery(100);
        fixture.platform
                .inbox()
                .faults(stream ->
                        (index, frame) -> stream == 1 && frame.kind() == io.rialto.protocol.sync.ServerFrame.Kind.BATCH
                                ? List.of()
                                : List.of(frame));
        Inbox inbox = loggedIn(new InMemoryStorage()).inbox();
        StoredMessages stored = inbox.stored(TOPIC);
        inbox.start();
        publish(1, 2);
        await(() -> stored.size() == 2);
        assertThat(texts(stored)).isEqualTo(texts(2));
    }

    @Test
    void an_edge_that_started_anew_and_an_ended_ticket_are_healed_as_for_calls() {
        Inbox inbox = loggedIn(new InMemoryStorage()).inbox();
        StoredMessages stored = inbox.stored(TOPIC);
        fixture.platform.restartEdge("east");
        fixture.platform.endTickets();
        publish(1, 2);
        inbox.start();
        await(() -> stored.size() == 2);
        assertThat(fixture.reports).isEmpty();
    }

    @Test
    void a_login_opens_the_stream_and_a_logout_ends_it() {
        Rialto phone = phone(new InMemoryStorage());
        Inbox inbox = phone.inbox();
        StoredMessages stored = inbox.stored(TOPIC);
        inbox.start();
        await(() -> inbox.state() == InboxState.WAITING);
        publish(1, 1);
        phone.service(WalletService.class).login(new Login(USER));
        await(() -> stored.size() == 1);
        phone.logout();
        await(() -> fixture.platform.inbox().open() == 0);
    }

    @Test
    void a_change_of_network_opens_a_new_stream_at_once() {
        Rialto phone = loggedIn(new InMemoryStorage());
        StoredMessages stored = phone.inbox().stored(TOPIC);
        phone.inbox().start();
        await(() -> phone.inbox().state() == InboxState.OPEN);
        phone.networkChanged();
        publish(1, 1);
        await(() -> stored.size() == 1 && fixture.platform.inbox().opened() == 2);
    }

    @Test
    void a_slow_handler_is_not_flooded() {
        Inbox inbox = loggedIn(new InMemoryStorage()).inbox();
        fixture.platform.inbox().batchSize(1);
        fixture.platform.inbox().beatEvery(100);
        List<Long> seen = new CopyOnWriteArrayList<>();
        java.util.concurrent.Semaphore steps = new java.util.concurrent.Semaphore(0);
        inbox.on(TOPIC, (MessageHandler) message -> {
            steps.acquire();
            seen.add(message.sequence());
        });
        inbox.start();
        publish(1, 300);
        await(() -> steps.hasQueuedThreads());
        steps.release(300);
        await(() -> acknowledged() == 300);
        assertThat(seen).isEqualTo(LongStream.rangeClosed(1, 300).boxed().toList());
        assertThat(fixture.platform.inbox().opened()).isEqualTo(1);
    }

    @Test
    void what_the_person_did_is_told() {
        Inbox inbox = loggedIn(new InMemoryStorage()).inbox();
        StoredMessages stored = inbox.stored(TOPIC);
        publish(1, 1);
        inbox.start();
        await(() -> stored.size() == 1);
        stored.all().get(0).shown();
        stored.all().get(0).opened();
        await(() -> fixture.platform.inbox().receipts().size() == 2);
        assertThat(fixture.platform.inbox().receipts())
                .extracting(Receipt::step)
                .containsExactly(Step.SHOWN, Step.OPENED);
    }

    @Test
    void a_removed_message_does_not_come_again() throws Exception {
        Storage storage = new InMemoryStorage();
        Rialto phone = loggedIn(storage);
        StoredMessages stored = phone.inbox().stored(TOPIC);
        publish(1, 3);
        phone.inbox().start();
        await(() -> stored.size() == 3);
        stored.remove(stored.all().get(1));
        phone.close();
        StoredMessages again = phone(storage).inbox().stored(TOPIC);
        assertThat(again.all()).extracting(InboxMessage::text).containsExactly("m1", "m3");
    }

    @Test
    void one_directory_serves_one_inbox_and_one_topic_one_handler() {
        Inbox inbox = phone(new InMemoryStorage()).inbox();
        inbox.stored(TOPIC);
        assertThatThrownBy(() -> inbox.stored(TOPIC)).hasMessageContaining("handler already");
        assertThatThrownBy(() -> inbox.stored("Not a topic")).hasMessageContaining("expected");
        assertThatThrownBy(() -> phone(new InMemoryStorage()).inbox().stored(TOPIC))
                .hasRootCauseMessage(directory.resolve("inbox.lock")
                        + " is locked (expected: one inbox for each directory; close the other)");
    }
}

package io.rialto.sync.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.sync.DeviceState;
import io.rialto.sync.Devices;
import io.rialto.sync.PushAccounts;
import io.rialto.sync.QuietHours;
import io.rialto.sync.SyncConfig;
import io.rialto.sync.Template;
import io.rialto.sync.Topic;
import io.rialto.sync.vendor.WakeQueue.Away;
import io.rialto.sync.vendor.WakeQueue.Missing;
import io.rialto.sync.vendor.WakeQueue.Settled;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class WakerTest {
    private static final String TOKEN = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";
    private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

    @TempDir
    Path keys;

    private final KeyPair pair = PushServer.pair("EC", 256);
    private final FakeQueue queue = new FakeQueue();
    private final List<String> unregistered = new ArrayList<>();
    private final Set<String> streams = new HashSet<>();
    private final BlockingQueue<String> asked = new LinkedBlockingQueue<>();
    private Instant now = NOON;
    private PushServer server;
    private SyncConfig config;
    private Vendors vendors;
    private Waker waker;

    WakerTest() throws Exception {}

    /** Hands out what it was given, once. */
    private static final class FakeQueue implements WakeQueue {
        final List<Away> due = new ArrayList<>();
        final List<Settled> settled = new ArrayList<>();
        final BlockingQueue<String> looks = new LinkedBlockingQueue<>();

        @Override
        public synchronized boolean noteLate(Topic topic, Duration grace) {
            looks.add("late " + topic.name());
            return false;
        }

        @Override
        public synchronized void noteEveryone(Topic topic, Duration grace) {
            looks.add("everyone " + topic.name());
        }

        @Override
        public synchronized Instant noteUrgent(Collection<Topic> topics, @Nullable Instant after) {
            looks.add("urgent");
            return NOON;
        }

        @Override
        public synchronized List<Away> take(Collection<Topic> topics, int limit, Duration lease) {
            List<Away> taken = List.copyOf(due.subList(0, Math.min(limit, due.size())));
            due.subList(0, taken.size()).clear();
            return taken;
        }

        @Override
        public synchronized void settle(List<Settled> some) {
            settled.addAll(some);
        }

        @Override
        public int forget(Duration age) {
            return 0;
        }
    }

    private final class FakeDevices implements Devices {
        @Override
        public void seen(List<DeviceState> devices) {}

        @Override
        public List<DeviceState> devicesOf(String user) {
            return List.of();
        }

        @Override
        public void unregister(String vendor, String token) {
            unregistered.add(vendor + " " + token);
        }
    }

    @BeforeEach
    void start() throws Exception {
        server = new PushServer();
        PushAccounts.Apns apns = new PushAccounts.Apns("TEAM456789", "KEY4567890", "org.example.wallet", server.url());
        QuietHours night = new QuietHours(LocalTime.of(22, 0), LocalTime.of(7, 0), ZoneId.of("UTC"));
        Topic payments = Topic.of("payments", "wallet");
        Topic news = new Topic(
                "news",
                "wallet",
                payments.retention(),
                0,
                payments.maxPayloadBytes(),
                Duration.ZERO,
                payments.maxExpiry(),
                true,
                true,
                true,
                night,
                Map.of());
        config = new SyncConfig(
                Map.of("payments", payments, "news", news, "other", Topic.of("other", "shop")),
                List.of(),
                Map.of("wallet", new PushAccounts("wallet", apns, null, null)));
        Files.writeString(keys.resolve("wallet.apns.p8"), PushServer.pem(pair));
        vendors = new Vendors(keys, server.client(), () -> now, new SecureRandom());
        waker = new Waker(
                queue,
                new FakeDevices(),
                () -> config,
                vendors,
                (user, device) -> streams.contains(user + "/" + device),
                (vendor, outcome) -> asked.add(vendor + " " + outcome),
                () -> now,
                new Random(1));
    }

    @AfterEach
    void stop() {
        waker.close();
        vendors.close();
        server.close();
    }

    private Away away(String topic, boolean urgent, @Nullable Instant woken) {
        return new Away(
                0,
                "u1",
                "d1",
                "wallet",
                "apns",
                TOKEN,
                "de",
                "Europe/Berlin",
                0,
                woken,
                now,
                now,
                List.of(new Missing(topic, false, 1, 1, urgent, null, null)));
    }

    @Test
    void a_message_with_a_template_is_shown_in_the_locale_of_the_device() throws Exception {
        Topic plain = Topic.of("payments", "wallet");
        Template template = new Template(
                "received",
                Map.of(
                        "en",
                        new Template.Text("Payment", "{amount} from {name}"),
                        "de",
                        new Template.Text("Zahlung", "{amount}")),
                "en");
        Topic payments = new Topic(
                "payments",
                "wallet",
                plain.retention(),
                0,
                plain.maxPayloadBytes(),
                Duration.ZERO,
                plain.maxExpiry(),
                true,
                true,
                true,
                null,
                Map.of("received", template));
        config = new SyncConfig(Map.of("payments", payments), List.of(), config.accounts());
        server.answers(200, "");
        String notice = "{\"template\":\"received\",\"values\":{\"amount\":\"7.50\",\"name\":\"Ann\"}}";
        assertThat(settled(noticed("de-AT", notice)).woken()).isTrue();
        PushServer.Call call = server.call();
        assertThat(call.header("apns-push-type")).isEqualTo("alert");
        assertThat(call.text())
                .contains("\"title\":\"Zahlung\",\"body\":\"7.50\"")
                .doesNotContain("Ann");
        server.answers(200, "");
        settled(noticed("fr", notice));
        assertThat(server.call().text()).contains("7.50 from Ann");
        server.answers(200, "");
        settled(noticed("fr", notice.replace("received", "gone")));
        assertThat(server.call().text()).doesNotContain("alert");
    }

    private Away noticed(String locale, String notice) {
        return new Away(
                0,
                "u1",
                "d1",
                "wallet",
                "apns",
                TOKEN,
                locale,
                "",
                0,
                null,
                now,
                now,
                List.of(
                        new Missing("payments", false, 1, 2, false, null, null),
                        new Missing("payments", false, 1, 1, false, null, notice)));
    }

    private Settled settled(Away away) {
        queue.due.add(away);
        assertThat(waker.round(false)).isEqualTo(1);
        assertThat(queue.settled).hasSize(1);
        return queue.settled.removeFirst();
    }

    @Test
    void a_device_that_is_away_is_woken() throws Exception {
        server.answers(200, "");
        Settled settled = settled(away("payments", false, null));
        assertThat(settled.woken()).isTrue();
        assertThat(settled.again()).isNull();
        assertThat(server.call().path()).endsWith(TOKEN);
        assertThat(asked).containsExactly("apns sent");
    }

    @Test
    void a_device_with_a_stream_is_looked_at_later() {
        streams.add("u1/d1");
        Settled settled = settled(away("payments", true, null));
        assertThat(settled.woken()).isFalse();
        assertThat(settled.again()).isEqualTo(now.plus(Waker.STREAMING));
        assertThat(server.calls()).isZero();
    }

    @Test
    void a_device_that_misses_nothing_is_left_alone() {
        Away one = away("payments", false, null);
        Settled settled = settled(
                new Away(0, "u1", "d1", "wallet", "apns", TOKEN, "de", "", 0, null, one.now(), one.asOf(), List.of()));
        assertThat(settled.again()).isNull();
        assertThat(server.calls()).isZero();
    }

    @Test
    void a_device_is_woken_once_in_a_minute_unless_it_is_urgent() {
        Instant woken = now.minusSeconds(20);
        assertThat(settled(away("payments", false, woken)).again()).isEqualTo(woken.plusSeconds(60));
        server.answers(200, "").answers(200, "");
        assertThat(settled(away("payments", true, woken)).woken()).isTrue();
        assertThat(settled(away("payments", true, now.minusSeconds(2))).again()).isEqualTo(now.plusSeconds(3));
        assertThat(settled(away("payments", false, now.minusSeconds(61))).woken())
                .isTrue();
    }

    @Test
    void quiet_messages_wait_for_the_morning_of_the_person_and_urgent_ones_do_not() {
        now = Instant.parse("2026-03-01T22:30:00Z");
        Settled settled = settled(away("news", false, null));
        assertThat(settled.woken()).isFalse();
        assertThat(settled.again())
                .isBetween(Instant.parse("2026-03-02T06:00:00Z"), Instant.parse("2026-03-02T06:05:00Z"));
        server.answers(200, "").answers(200, "");
        assertThat(settled(away("news", true, null)).woken()).isTrue();
        assertThat(settled(away("payments", false, null)).woken()).isTrue();
    }

    @Test
    void a_token_that_is_not_registered_is_forgotten() {
        server.answers(410, "{\"reason\":\"Unregistered\"}");
        Settled settled = settled(away("payments", false, null));
        assertThat(settled.woken()).isFalse();
        assertThat(settled.again()).isNull();
        assertThat(unregistered).containsExactly("apns " + TOKEN);
    }

    @Test
    void a_busy_vendor_is_left_alone_by_all_devices() {
        server.answers(503, "{\"reason\":\"ServiceUnavailable\"}", "retry-after", "120");
        Settled first = settled(away("payments", false, null));
        assertThat(first.failed()).isTrue();
        assertThat(first.again()).isBetween(now.plusSeconds(120), now.plusSeconds(180));
        Settled second = settled(away("payments", true, null));
        assertThat(second.failed()).isFalse();
        assertThat(second.again()).isBetween(now.plusSeconds(120), now.plusSeconds(125));
        assertThat(server.calls()).isEqualTo(1);
        now = now.plusSeconds(121);
        server.answers(200, "");
        assertThat(settled(away("payments", true, null)).woken()).isTrue();
    }

    @Test
    void pauses_grow_and_end() {
        server.answers(429, "{\"reason\":\"TooManyRequests\"}").answers(429, "{\"reason\":\"TooManyRequests\"}");
        Away one = away("payments", false, null);
        Settled later = settled(tried(one, 3));
        assertThat(later.again()).isBetween(now.plusSeconds(40), now.plusSeconds(60));
        Settled last = settled(tried(one, 19));
        assertThat(last.failed()).isTrue();
        assertThat(last.again()).isNull();
    }

    private static Away tried(Away one, int tries) {
        return new Away(
                0, "u1", "d1", "wallet", "apns", TOKEN, "", "", tries, null, one.now(), one.asOf(), one.missing());
    }

    @Test
    void a_key_that_cannot_be_read_is_tried_again() throws Exception {
        Files.writeString(keys.resolve("wallet.apns.p8"), "not a key");
        assertThat(settled(away("payments", false, null)).woken()).isFalse();
        Files.writeString(keys.resolve("wallet.apns.p8"), PushServer.pem(pair));
        now = now.plus(Duration.ofMinutes(2));
        server.answers(200, "");
        assertThat(settled(away("payments", false, null)).woken()).isTrue();
    }

    @Test
    void without_accounts_nothing_is_looked_at() {
        config = new SyncConfig(config.topics(), List.of());
        assertThat(waker.round(true)).isZero();
        assertThat(queue.looks).isEmpty();
    }

    @Test
    void looks_at_topics_of_apps_with_accounts_by_itself_and_by_a_hint() throws Exception {
        waker.start();
        Set<String> seen = new HashSet<>();
        while (seen.size() < 5) {
            String look = queue.looks.poll(30, TimeUnit.SECONDS);
            assertThat(look).isNotNull().isNotEqualTo("late other");
            seen.add(look);
            waker.stored(List.of("u1"));
        }
        assertThat(seen)
                .containsExactlyInAnyOrder(
                        "urgent", "late payments", "late news", "everyone payments", "everyone news");
    }
}

package io.rialto.sync.inbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.Json;
import io.rialto.node.postgres.PostgresServer;
import io.rialto.sync.DeviceState;
import io.rialto.sync.Publication;
import io.rialto.sync.PushAccounts;
import io.rialto.sync.SyncConfig;
import io.rialto.sync.Topic;
import io.rialto.sync.Versions;
import io.rialto.sync.vendor.PushServer;
import io.rialto.sync.vendor.Vendors;
import io.rialto.sync.vendor.WakeMeters;
import io.rialto.sync.vendor.Waker;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** From a publish to the vendor, over a real database, by two nodes. */
@Timeout(120)
class WakingTest {
    private static final String USER = "100000000042";
    private static final String TOKEN = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";

    @TempDir
    static Path directory;

    private static Publication urgent(String key) {
        return new Publication(
                Cell.shard(USER),
                1,
                USER,
                Cell.TOPIC,
                key,
                null,
                null,
                "text/plain",
                key.getBytes(StandardCharsets.UTF_8),
                Instant.now(),
                null,
                Versions.ALL,
                true,
                "",
                "{\"template\":\"hello\",\"values\":{\"name\":\"" + key + "\"}}",
                0);
    }

    private static Topic greeting() throws Exception {
        return Objects.requireNonNull(SyncConfig.parse(Json.read("""
                {"topics": [{"name": "payments", "app": "wallet", "templates": {"hello": {
                    "en": {"title": "Rialto", "body": "Hello {name}"},
                    "de": {"title": "Rialto", "body": "Hallo {name}"}}}}]}""".replace("payments", Cell.TOPIC)))
                .topics()
                .get(Cell.TOPIC));
    }

    @Test
    void an_urgent_message_wakes_the_device_once_and_a_token_that_is_gone_is_not_used_again() throws Exception {
        Path keys = Files.createDirectory(directory.resolve("keys"));
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(256);
        Files.writeString(keys.resolve("wallet.apns.p8"), PushServer.pem(generator.generateKeyPair()));
        try (PostgresServer server = Cell.start(directory);
                Cell cell = Cell.of(server, "waking");
                PostgresInbox inbox = cell.node();
                PushServer vendor = new PushServer()) {
            PushAccounts.Apns apns =
                    new PushAccounts.Apns("TEAM456789", "KEY4567890", "org.example.wallet", vendor.url());
            SyncConfig config = new SyncConfig(
                    Map.of(Cell.TOPIC, greeting()),
                    List.of(),
                    Map.of("wallet", new PushAccounts("wallet", apns, null, null)));
            Vendors vendors = new Vendors(keys, vendor.client(), Clock.systemUTC(), new SecureRandom());
            List<Waker> nodes = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                Waker waker = new Waker(
                        inbox.wakes(),
                        inbox,
                        () -> config,
                        vendors,
                        (user, device) -> false,
                        WakeMeters.NONE,
                        Clock.systemUTC(),
                        new SplittableRandom(i));
                waker.start();
                nodes.add(waker);
            }
            try {
                inbox.seen(List.of(new DeviceState(
                        Cell.shard(USER), USER, "phone", "wallet", 1, "de", "ios", "apns", TOKEN, "", Instant.EPOCH)));
                Cell.get(inbox.publish(urgent("first")));
                nodes.getFirst().stored(List.of(USER));
                vendor.answers(200, "");
                PushServer.Call call = vendor.call();
                assertThat(call.path()).endsWith(TOKEN);
                assertThat(call.text()).contains("Hallo first");
                vendor.answers(410, "{\"reason\":\"Unregistered\"}");
                Cell.get(inbox.publish(urgent("second")));
                nodes.getFirst().stored(List.of(USER));
                vendor.call();
                assertThat(vendor.calls()).isEqualTo(2);
                while (!inbox.devicesOf(USER).getFirst().pushToken().isEmpty()) {
                    Thread.onSpinWait();
                }
                assertThat(vendor.calls()).isEqualTo(2);
            } finally {
                nodes.forEach(Waker::close);
                vendors.close();
            }
        }
    }
}

package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.client.WalletService.Login;
import io.rialto.client.fake.FrameFault;
import io.rialto.client.inbox.InboxMessage;
import io.rialto.client.inbox.InboxSettings;
import io.rialto.protocol.ServerKey;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A phone in a process of its own, killed again and again while messages come. */
@Timeout(120)
final class InboxCrashTest {
    private static final String USER = "100042";
    private static final int KILLS = Integer.getInteger("crash.kills", 8);
    private static final long SEED = Long.getLong("crash.seed", 20260101);

    private static final int MIN_MILLIS = 20;
    private static final int MORE_MILLIS = 150;

    private final Fixture fixture = new Fixture();

    @TempDir
    Path directory;

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void each_message_is_applied_once_and_in_order_though_the_phone_is_killed_at_any_moment() throws Exception {
        Random random = new Random(SEED);
        fixture.platform.inbox().batchSize(2);
        fixture.platform.inbox().beatEvery(100);
        fixture.platform.inbox().faults(stream -> FrameFault.random(SEED + stream));
        try (Rialto first =
                fixture.client(phone(directory, fixture.platform.gateways().get(0), fixture.platform.serverKey()))) {
            first.service(WalletService.class).login(new Login(USER));
        }
        int published = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            Process phone = start();
            awaitStart(phone);
            // without a pause, so that the kill meets the phone at work
            long end = System.nanoTime() + (MIN_MILLIS + random.nextInt(MORE_MILLIS)) * 1_000_000L;
            while (System.nanoTime() < end) {
                publish(++published);
                LockSupport.parkNanos(500_000);
            }
            phone.destroyForcibly().waitFor();
        }
        int messages = published;
        Process last = start();
        try {
            long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (System.nanoTime() < end && !isCurrent(messages)) {
                LockSupport.parkNanos(5_000_000);
            }
        } finally {
            last.destroyForcibly().waitFor();
        }
        List<String> all =
                IntStream.rangeClosed(1, messages).mapToObj(i -> "m" + i).toList();
        assertThat(ledger()).as("seed " + SEED + ", by a journaled handler").isEqualTo(all);
        assertThat(stored()).as("seed " + SEED + ", stored").isEqualTo(all);
    }

    private void publish(int number) {
        fixture.platform.inbox().publish(USER, "ledger", "m" + number);
        fixture.platform.inbox().publish(USER, "payments", "m" + number);
    }

    private boolean isCurrent(int messages) {
        return fixture.platform.inbox().acknowledged(USER, "ledger") == messages
                && fixture.platform.inbox().acknowledged(USER, "payments") == messages;
    }

    private List<String> ledger() throws IOException {
        return CrashPhone.rows(directory.resolve("ledger")).stream()
                .map(row -> row.split(" ", -1)[0])
                .toList();
    }

    private List<String> stored() {
        Rialto phone =
                fixture.client(phone(directory, fixture.platform.gateways().get(0), fixture.platform.serverKey()));
        return phone.inbox().stored("payments").all().stream()
                .map(InboxMessage::text)
                .toList();
    }

    private Process start() throws IOException {
        ServerKey key = fixture.platform.serverKey();
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        CrashPhone.class.getName(),
                        directory.toString(),
                        fixture.platform.gateways().get(0).toString(),
                        Integer.toString(key.suite()),
                        Base64.getEncoder().encodeToString(key.publicKey()))
                .redirectError(directory.resolve("phone.err").toFile())
                .start();
    }

    private static void awaitStart(Process phone) throws IOException, InterruptedException {
        assertThat(phone.getInputStream().read()).as("a phone that started").isEqualTo('+');
        assertThat(phone.waitFor(0, TimeUnit.SECONDS)).as("it has ended").isFalse();
    }

    static RialtoBuilder phone(Path directory, URI gateway, ServerKey key) {
        return Rialto.builder()
                .app("wallet")
                .gateways(List.of(gateway))
                .serverKeys(List.of(key))
                .storage(new FileStorage(directory.resolve("phone")))
                .inbox(InboxSettings.none().directory(directory.resolve("inbox")));
    }
}

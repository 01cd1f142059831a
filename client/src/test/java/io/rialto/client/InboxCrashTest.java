package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.client.WalletService.Login;
import io.rialto.client.fake.FrameFault;
import io.rialto.client.inbox.CrashDisk;
import io.rialto.client.inbox.CrashDisk.Point;
import io.rialto.client.inbox.FileLedger;
import io.rialto.client.inbox.InboxMessage;
import io.rialto.client.inbox.InboxSettings;
import io.rialto.protocol.ServerKey;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A phone in a process of its own that ends again and again while messages come: at chosen points of what it writes, with and
 * without its power, and by SIGKILL at random moments. {@code JournalCrashTest} goes through all points, but in one process.
 */
@Timeout(120)
final class InboxCrashTest {
    private static final String USER = "100042";
    private static final int ENDS = Integer.getInteger("crash.ends", 6);
    private static final long SEED = Long.getLong("crash.seed", 20260101);

    private static final int MIN_MILLIS = 20;
    private static final int MORE_MILLIS = 150;

    /** Of the points of one kind that a phone passes before it ends at one. */
    private static final int MAX_TIMES = 12;

    /** Messages that wait for a phone in each topic. */
    private static final int AHEAD = 40;

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final Fixture fixture = new Fixture();

    @TempDir
    Path directory;

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void each_message_is_applied_once_and_in_order_wherever_the_phone_ends() throws Exception {
        Random random = new Random(SEED);
        fixture.platform.inbox().batchSize(2);
        fixture.platform.inbox().beatEvery(100);
        fixture.platform.inbox().faults(stream -> FrameFault.random(SEED + stream));
        try (Rialto first = fixture.client(phone(directory))) {
            first.service(WalletService.class).login(new Login(USER));
        }
        int published = 0;
        for (int end = 0; end < ENDS; end++) {
            boolean killed = end % 4 == 3;
            Point point = end % 4 == 0 ? Point.TORN : end % 4 == 1 ? Point.WRITTEN : Point.FORCED;
            Process phone = killed
                    ? start()
                    : start(CrashPhone.ending(random.nextLong(), point, end % 8 < 4, 3 + random.nextInt(MAX_TIMES)));
            // there is always more for it to do, so that its end meets the phone at work
            long until = System.nanoTime() + LIMIT.toNanos();
            if (killed) {
                awaitStart(phone);
                until = System.nanoTime() + (MIN_MILLIS + random.nextInt(MORE_MILLIS)) * 1_000_000L;
            }
            while (phone.isAlive() && System.nanoTime() < until) {
                if (fixture.platform.inbox().acknowledged(USER, "payments") > published - AHEAD) {
                    publish(++published);
                } else {
                    LockSupport.parkNanos(500_000);
                }
            }
            assertThat(phone.isAlive())
                    .as(() -> "lives until it is killed: " + errors())
                    .isEqualTo(killed);
            phone.destroyForcibly().waitFor();
        }
        int messages = published;
        Process last = start();
        try {
            long until = System.nanoTime() + LIMIT.toNanos();
            while (System.nanoTime() < until && !isCurrent(messages)) {
                assertThat(last.isAlive()).as(() -> "lives: " + errors()).isTrue();
                LockSupport.parkNanos(5_000_000);
            }
        } finally {
            last.destroyForcibly().waitFor();
        }
        List<String> all =
                IntStream.rangeClosed(1, messages).mapToObj(i -> "m" + i).toList();
        assertThat(FileLedger.texts(directory.resolve("disk").resolve("ledger")))
                .as("seed " + SEED + ", by a journaled handler")
                .isEqualTo(all);
        assertThat(stored()).as("seed " + SEED + ", stored").isEqualTo(all);
        assertThat(fixture.platform.inbox().lost())
                .as("seed " + SEED + ", acknowledged and lost")
                .isEmpty();
    }

    private void publish(int number) {
        fixture.platform.inbox().publish(USER, "ledger", "m" + number);
        fixture.platform.inbox().publish(USER, "payments", "m" + number);
    }

    private boolean isCurrent(int messages) {
        return fixture.platform.inbox().acknowledged(USER, "ledger") == messages
                && fixture.platform.inbox().acknowledged(USER, "payments") == messages;
    }

    private List<String> stored() {
        return fixture.client(phone(directory)).inbox().stored("payments").all().stream()
                .map(InboxMessage::text)
                .toList();
    }

    private Process start(String... ending) throws IOException {
        ServerKey key = fixture.platform.serverKey();
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                CrashPhone.class.getName(),
                directory.toString(),
                fixture.platform.gateways().get(0).toString(),
                Integer.toString(key.suite()),
                Base64.getEncoder().encodeToString(key.publicKey())));
        command.addAll(List.of(ending));
        return new ProcessBuilder(command)
                .redirectError(directory.resolve("phone.err").toFile())
                .start();
    }

    private void awaitStart(Process phone) throws IOException {
        assertThat(phone.getInputStream().read())
                .as(() -> "a phone that started: " + errors())
                .isEqualTo('+');
    }

    private String errors() {
        try {
            return Files.readString(directory.resolve("phone.err"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    private RialtoBuilder phone(Path directory) {
        Path disk = CrashDisk.whole(directory.resolve("disk")).root();
        return phone(directory, disk, fixture.platform.gateways().get(0), fixture.platform.serverKey());
    }

    static RialtoBuilder phone(Path directory, Path disk, URI gateway, ServerKey key) {
        return Rialto.builder()
                .app("wallet")
                .gateways(List.of(gateway))
                .serverKeys(List.of(key))
                .storage(new FileStorage(directory.resolve("phone")))
                .inbox(InboxSettings.none().directory(disk));
    }
}

package io.rialto.client.inbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.protocol.sync.SyncMessage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Each kind of handler, over an end at every single point of what it writes: the process is killed there, or the power is cut
 * and what was not forced is lost or torn. Then it starts again, may end again, and goes on.
 */
@Timeout(60)
final class JournalCrashTest {
    private static final String TOPIC = "payments";
    private static final long INBOX = 0x77;
    private static final int MESSAGES = 24;
    private static final int BATCH = 3;

    /** Of ends after the first one of a run: each point is one of them once in so many. */
    private static final int AGAIN = 12;

    private static final int MORE_ENDS = 3;

    @TempDir
    Path directory;

    enum End {
        KILLED,
        POWER_CUT,
        /** What a killed process had written and not forced is there at its next start, and then may go. */
        KILLED_THEN_POWER_CUT
    }

    /** The lives of a device, from an end to the next. */
    private interface Device {
        void live(Path disk) throws Exception;
    }

    /** What outlives the device's lives: how far the platform was told that it is. */
    private abstract static class Lives implements Device {
        long acknowledged;

        /** What a life begins with: the first frame says the key, and acknowledges it by that. */
        void begins(@Nullable SyncKey key) {
            assertThat(sequence(key)).as("the key, and what was acknowledged").isGreaterThanOrEqualTo(acknowledged);
            acknowledged = sequence(key);
        }

        boolean isDone() {
            return acknowledged == MESSAGES;
        }
    }

    /** Ends lives at each point that there is. */
    private void sweep(End end, Supplier<Lives> lives) throws Exception {
        int points = 0;
        boolean reached = true;
        while (reached) {
            Path real = directory.resolve(end + "-" + points);
            Random random = new Random(points);
            int wanted = points++;
            int[] passed = {0};
            Lives device = lives.get();
            try {
                reached = !ends(device, real, random, end == End.POWER_CUT, point -> passed[0]++ == wanted);
                boolean powerCut = end != End.KILLED;
                for (int more = 0; more < MORE_ENDS && !device.isDone(); more++) {
                    ends(device, real, random, powerCut, point -> random.nextInt(AGAIN) == 0);
                }
                ends(device, real, random, powerCut, point -> false);
                assertThat(device.isDone()).as("all was handled").isTrue();
                // one more start finds the same
                ends(device, real, random, powerCut, point -> false);
            } catch (AssertionError | Exception e) {
                throw new AssertionError(end + " at point " + wanted, e);
            }
        }
        assertThat(points).as("points where it can end").isGreaterThan(MESSAGES);
    }

    /** One life; true where it came to its own end. */
    private static boolean ends(
            Device device, Path real, Random random, boolean powerCut, Predicate<CrashDisk.Point> at) throws Exception {
        CrashDisk disk = new CrashDisk(real, random, at, powerCut, () -> {});
        try {
            device.live(disk.root());
            return true;
        } catch (CrashDisk.Crash e) {
            return false;
        }
    }

    private static Batch batch(@Nullable SyncKey key, int payload) {
        long first = key == null ? 1 : key.sequence() + 1;
        long last = Math.min(MESSAGES, first + BATCH - 1);
        List<SyncMessage> messages = new ArrayList<>();
        for (long i = first; i <= last; i++) {
            String text = "m" + i + "-".repeat(payload);
            messages.add(SyncMessage.builder(i, TOPIC + "." + i)
                    .payload("text/plain", text.getBytes(StandardCharsets.US_ASCII))
                    .build());
        }
        return new Batch(new SyncKey(TOPIC, false, INBOX, last), first, 0, messages);
    }

    private static long sequence(@Nullable SyncKey key) {
        return key == null ? 0 : key.sequence();
    }

    /** With large payloads the journal is made anew within the run. */
    @ParameterizedTest
    @CsvSource({
        "KILLED, 1", "POWER_CUT, 1", "KILLED_THEN_POWER_CUT, 1",
        "KILLED, 60000", "POWER_CUT, 60000", "KILLED_THEN_POWER_CUT, 60000"
    })
    void stored_messages_are_there_once_and_in_order(End end, int payload) throws Exception {
        sweep(end, () -> new Lives() {
            private final Set<Long> removed = new TreeSet<>();
            private long removing;

            @Override
            public void live(Path disk) throws IOException {
                StoredMessages stored =
                        new StoredMessages(TOPIC, (message, step) -> {}, disk.resolve("stored.journal"), report -> {});
                Sink sink = stored.sink();
                try {
                    begins(key(sink));
                    found(stored, key(sink));
                    while (sequence(key(sink)) < MESSAGES) {
                        sink.take(batch(key(sink), payload));
                        acknowledged = sequence(key(sink));
                        if (stored.size() > BATCH) {
                            InboxMessage oldest = stored.all().get(0);
                            removing = oldest.sequence();
                            stored.remove(oldest);
                            removed.add(removing);
                        }
                        found(stored, key(sink));
                    }
                } catch (IOException e) {
                    throw e;
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
                sink.close();
            }

            private @Nullable SyncKey key(Sink sink) throws IOException {
                try {
                    return sink.key(false);
                } catch (Exception e) {
                    throw new IOException(e);
                }
            }

            private void found(StoredMessages stored, @Nullable SyncKey key) {
                assertThat(sequence(key))
                        .as("the key, and what was acknowledged")
                        .isGreaterThanOrEqualTo(acknowledged);
                List<Long> there =
                        stored.all().stream().map(InboxMessage::sequence).toList();
                if (removing > 0 && !there.contains(removing)) {
                    removed.add(removing);
                }
                assertThat(there)
                        .isEqualTo(LongStream.rangeClosed(1, sequence(key))
                                .boxed()
                                .filter(i -> !removed.contains(i))
                                .toList());
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    void a_journaled_handler_applies_each_once_and_in_order(End end) throws Exception {
        sweep(end, () -> new Lives() {
            @Override
            public void live(Path disk) throws Exception {
                FileLedger ledger = new FileLedger(disk.resolve("ledger"));
                Sink sink = new JournaledSink(TOPIC, ledger, (message, step) -> {});
                begins(sink.key(false));
                found(disk, sink);
                while (sequence(sink.key(false)) < MESSAGES) {
                    sink.take(batch(sink.key(false), 1));
                    acknowledged = sequence(sink.key(false));
                }
                found(disk, sink);
            }

            private void found(Path disk, Sink sink) throws Exception {
                assertThat(FileLedger.texts(disk.resolve("ledger")))
                        .isEqualTo(LongStream.rangeClosed(1, sequence(sink.key(false)))
                                .mapToObj(i -> "m" + i + "-")
                                .toList());
            }
        });
    }

    @ParameterizedTest
    @EnumSource
    void a_confirming_handler_misses_nothing_and_hears_what_may_be_again(End end) throws Exception {
        sweep(end, () -> new Lives() {
            private long highest;

            @Override
            public void live(Path disk) throws Exception {
                MessageHandler handler = message -> {
                    assertThat(message.sequence()).as("without a gap").isLessThanOrEqualTo(highest + 1);
                    assertThat(message.possiblyRepeated() || message.sequence() > highest)
                            .as(message.sequence() + " of " + highest + " comes again, and is marked")
                            .isTrue();
                    highest = Math.max(highest, message.sequence());
                };
                ConfirmedSink sink = new ConfirmedSink(
                        TOPIC, handler, (message, step) -> {}, disk.resolve("confirmed.journal"), report -> {});
                begins(sink.key(false));
                assertThat(acknowledged)
                        .as("confirmed, of what was handed over")
                        .isLessThanOrEqualTo(highest);
                while (sequence(sink.key(false)) < MESSAGES) {
                    sink.take(batch(sink.key(false), 1));
                    acknowledged = sequence(sink.key(false));
                }
                sink.close();
            }
        });
    }
}

package io.rialto.gateway.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.gateway.loop.EventLoops;
import io.rialto.gateway.loop.Loop;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DeadlineWheelTest {
    private static final class Noted extends DeadlineWheel.Entry {
        private long deadline;
        private int fired;
        private long firedAt;
        private boolean cancelled;

        @Override
        void expired(long now) {
            fired++;
            firedAt = now;
        }
    }

    private static final long SEED = 1;

    @Test
    void fires_each_entry_once_and_never_early_unless_it_was_cancelled() {
        Random random = new Random(SEED);
        List<Noted> all = new ArrayList<>();
        try (EventLoops loops = EventLoops.start(1, EventLoops.Transport.NIO)) {
            Loop loop = loops.next();
            CompletableFuture<Void> last = new CompletableFuture<>();
            loop.eventLoop().execute(() -> {
                DeadlineWheel wheel = new DeadlineWheel(loop);
                long now = loop.nanoTime();
                for (int i = 0; i < 500; i++) {
                    Noted entry = new Noted();
                    entry.deadline = now + random.nextLong(300_000_000);
                    wheel.set(entry, now, entry.deadline);
                    all.add(entry);
                    if (random.nextInt(3) == 0) {
                        Noted victim = all.get(random.nextInt(all.size()));
                        victim.cancelled = true;
                        wheel.cancel(victim);
                        wheel.cancel(victim);
                    }
                }
                // Further round the wheel than one turn.
                wheel.set(
                        new DeadlineWheel.Entry() {
                            @Override
                            void expired(long at) {
                                last.complete(null);
                            }
                        },
                        now,
                        now + 4_300_000_000L);
            });
            last.orTimeout(30, TimeUnit.SECONDS).join();
        }
        assertThat(all).as("seed " + SEED).allSatisfy(entry -> {
            assertThat(entry.fired).isEqualTo(entry.cancelled ? 0 : 1);
            if (!entry.cancelled) {
                assertThat(entry.firedAt).isGreaterThanOrEqualTo(entry.deadline);
            }
        });
    }
}

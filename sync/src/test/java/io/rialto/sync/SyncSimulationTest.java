package io.rialto.sync;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SyncSimulationTest {
    /** {@code -Dsync.seed=N} runs one seed, {@code -Dsync.seeds=N} that many. */
    private static final int SEEDS = Integer.getInteger("sync.seeds", 2_000);

    @Test
    void holds_its_invariants_whatever_happens() {
        Long only = Long.getLong("sync.seed");
        LongStream seeds = only == null ? LongStream.range(0, SEEDS) : LongStream.of(only);
        seeds.forEach(seed -> {
            try {
                new SyncSimulation(seed).run();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("replay with -Dsync.seed=" + seed + ": " + e.getMessage(), e);
            }
        });
    }
}

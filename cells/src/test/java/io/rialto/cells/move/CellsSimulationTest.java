package io.rialto.cells.move;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.cells.move.CellsSimulation.Mutant;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CellsSimulationTest {
    /** {@code -Dcells.seed=N} runs one seed, {@code -Dcells.seeds=N} that many. */
    private static final int SEEDS = Integer.getInteger("cells.seeds", 4_000);

    @Test
    void holds_its_invariants_whatever_happens() {
        Long only = Long.getLong("cells.seed");
        LongStream seeds = only == null ? LongStream.range(0, SEEDS) : LongStream.of(only);
        long[] sums = new long[2];
        seeds.forEach(seed -> {
            CellsSimulation simulation = new CellsSimulation(seed, Mutant.NONE);
            try {
                simulation.run();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("replay with -Dcells.seed=" + seed + ": " + e.getMessage(), e);
            }
            sums[0] += simulation.moved();
            sums[1] += simulation.acknowledged();
        });
        if (only == null) {
            assertThat(sums[0]).as("shards moved").isGreaterThan(SEEDS);
            assertThat(sums[1]).as("operations acknowledged").isGreaterThan(10L * SEEDS);
        }
    }

    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void finds_each_way_of_breaking_the_protocol(Mutant mutant) {
        for (long seed = 0; seed < SEEDS; seed++) {
            try {
                new CellsSimulation(seed, mutant).run();
            } catch (AssertionError found) {
                return;
            }
        }
        throw new AssertionError(mutant + " breaks nothing in " + SEEDS + " seeds");
    }
}

package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.server.ChaosCellsFault.Step;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ChaosCellsFaultTest {
    @Test
    void a_seed_always_gives_the_same_plan() {
        assertThat(ChaosCellsFault.plan(7, Duration.ofMinutes(5)))
                .isEqualTo(ChaosCellsFault.plan(7, Duration.ofMinutes(5)))
                .isNotEqualTo(ChaosCellsFault.plan(8, Duration.ofMinutes(5)));
        assertThat(ChaosCellsFault.quickPlan(7, true)).isEqualTo(ChaosCellsFault.quickPlan(7, true));
    }

    @Test
    void a_long_plan_has_every_fault_and_every_cell_and_ends_in_time() {
        for (long seed = 0; seed < 50; seed++) {
            Set<ChaosCellsFault> seen = EnumSet.noneOf(ChaosCellsFault.class);
            Duration all = Duration.ZERO;
            List<Step> steps = ChaosCellsFault.plan(seed, Duration.ofMinutes(6));
            for (Step step : steps) {
                seen.add(step.fault());
                all = all.plus(step.length()).plus(step.pause());
            }
            assertThat(seen).as("seed " + seed).containsExactlyInAnyOrder(ChaosCellsFault.values());
            assertThat(steps).extracting(Step::cell).contains(0, 1, 2);
            assertThat(steps)
                    .filteredOn(step -> !ChaosCellsFault.OF_MACHINES.contains(step.fault()))
                    .allMatch(step -> step.cell() < 3);
            assertThat(all).isLessThanOrEqualTo(Duration.ofMinutes(6));
        }
    }

    @Test
    void the_quick_plan_is_short_and_leaves_the_global_cell_alone() {
        for (boolean apart : new boolean[] {true, false}) {
            List<Step> steps = ChaosCellsFault.quickPlan(3, apart);
            assertThat(steps.stream()
                            .map(step -> step.length().plus(step.pause()))
                            .reduce(Duration.ZERO, Duration::plus))
                    .isLessThan(Duration.ofSeconds(20));
            assertThat(steps).extracting(Step::cell).isSubsetOf(0, 1);
            assertThat(steps.stream().map(Step::fault).anyMatch(ChaosCellsFault.OF_MACHINES::contains))
                    .isEqualTo(apart);
        }
    }

    @Test
    void a_step_says_where_it_is() {
        List<String> cells = List.of("east", "west", "global");
        Duration second = Duration.ofSeconds(1);
        assertThat(new Step(ChaosCellsFault.KILL_EDGE, 1, second, second).describe(cells))
                .isEqualTo("kill edge of west, 1000 ms");
        assertThat(new Step(ChaosCellsFault.KILL_CONTROL, 1, second, second).describe(cells))
                .isEqualTo("kill control, 1000 ms");
        assertThat(new Step(ChaosCellsFault.CUT_OFF_MACHINE, ChaosCellsFault.MACHINE_OF_PRIMARY, second, second)
                        .describe(cells))
                .isEqualTo("cut off machine of the primary, 1000 ms");
        assertThat(new Step(ChaosCellsFault.NOTHING_TO_MACHINE, ChaosCellsFault.MACHINE_OF_CONTROL, second, second)
                        .describe(cells))
                .isEqualTo("nothing to machine of control, 1000 ms");
        assertThat(new Step(ChaosCellsFault.KILL_PRIMARY, 2, second, second).describe(cells))
                .isEqualTo("kill primary, 1000 ms");
    }
}

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
        assertThat(ChaosCellsFault.quickPlan(7)).isEqualTo(ChaosCellsFault.quickPlan(7));
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
            assertThat(all).isLessThanOrEqualTo(Duration.ofMinutes(6));
        }
    }

    @Test
    void the_quick_plan_is_short_and_leaves_the_global_cell_alone() {
        List<Step> steps = ChaosCellsFault.quickPlan(3);
        assertThat(steps.stream().map(step -> step.length().plus(step.pause())).reduce(Duration.ZERO, Duration::plus))
                .isLessThan(Duration.ofSeconds(20));
        assertThat(steps).extracting(Step::cell).containsAnyOf(0, 1).doesNotContain(2);
    }

    @Test
    void a_step_says_where_it_is() {
        List<String> cells = List.of("east", "west", "global");
        Duration second = Duration.ofSeconds(1);
        assertThat(new Step(ChaosCellsFault.KILL_EDGE, 1, second, second).describe(cells))
                .isEqualTo("kill edge of west, 1000 ms");
        assertThat(new Step(ChaosCellsFault.KILL_CONTROL, 1, second, second).describe(cells))
                .isEqualTo("kill control, 1000 ms");
    }
}

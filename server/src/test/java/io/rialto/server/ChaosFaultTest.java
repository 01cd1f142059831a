package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChaosFaultTest {
    private static final int ALL = ChaosFault.values().length;

    @Test
    void the_same_seed_makes_the_same_faults_and_another_one_others() {
        Duration hour = Duration.ofHours(1);
        assertThat(ChaosFault.plan(7, hour)).isEqualTo(ChaosFault.plan(7, hour)).isNotEqualTo(ChaosFault.plan(8, hour));
        assertThat(ChaosFault.quickPlan(7)).isEqualTo(ChaosFault.quickPlan(7));
    }

    @Test
    void a_longer_plan_begins_as_a_shorter_one() {
        List<ChaosFault.Step> shorter = ChaosFault.plan(7, Duration.ofMinutes(3));
        assertThat(ChaosFault.plan(7, Duration.ofMinutes(30))).startsWith(shorter.toArray(ChaosFault.Step[]::new));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 7, 123_456})
    void each_fault_comes_once_in_each_round_on_either_edge_within_the_time(long seed) {
        Duration total = Duration.ofHours(1);
        List<ChaosFault.Step> steps = ChaosFault.plan(seed, total);
        for (int from = 0; from + ALL <= steps.size(); from += ALL) {
            assertThat(steps.subList(from, from + ALL).stream().map(ChaosFault.Step::fault))
                    .containsExactlyInAnyOrder(ChaosFault.values());
        }
        assertThat(steps)
                .hasSizeGreaterThan(5 * ALL)
                .extracting(ChaosFault.Step::edge)
                .contains(0, 1);
        Duration taken =
                steps.stream().map(step -> step.length().plus(step.pause())).reduce(Duration.ZERO, Duration::plus);
        assertThat(taken).isBetween(total.minusSeconds(20), total);
    }

    @Test
    void a_process_is_paused_for_five_seconds_and_there_is_time_after_each_fault() {
        for (ChaosFault.Step step : ChaosFault.plan(7, Duration.ofHours(1))) {
            if (step.fault() == ChaosFault.STOP_EDGE || step.fault() == ChaosFault.STOP_DATABASE) {
                assertThat(step.length()).isEqualTo(Duration.ofSeconds(5));
            }
            assertThat(step.pause()).isGreaterThanOrEqualTo(Duration.ofSeconds(2));
        }
    }

    @Test
    void the_short_form_needs_nothing_of_the_machine() {
        Set<ChaosFault> faults = Stream.of(1L, 2L, 3L)
                .flatMap(seed -> ChaosFault.quickPlan(seed).stream())
                .peek(step -> assertThat(step.length()).isLessThanOrEqualTo(Duration.ofSeconds(3)))
                .map(ChaosFault.Step::fault)
                .collect(Collectors.toSet());
        assertThat(faults)
                .containsExactlyInAnyOrderElementsOf(EnumSet.of(
                        ChaosFault.KILL_EDGE, ChaosFault.KILL_DATABASE, ChaosFault.STOP_EDGE, ChaosFault.PARTITION));
    }
}

package io.rialto.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import java.util.List;
import org.junit.jupiter.api.Test;

final class CellsReportTest {
    @Test
    void judges_medians_and_the_longest_of_moves_and_failovers() {
        assertThat(report(List.of(20.0, 40.0, 310.0), 0).goals())
                .extracting(Goal::name, Goal::figure, Goal::holds)
                .containsExactly(
                        tuple("ms closed, median of 3 moves of 1000 rows under 16 writers", 40.0, true),
                        tuple("ms closed, longest of them", 310.0, false),
                        tuple("ms without a write as phones see it, median", 70.0, false),
                        tuple("s without a write after kill -9 of a primary, longest", 3.5, true),
                        tuple("acknowledged writes that a failover lost", 0.0, true),
                        tuple("ms until a table is in force at 100 edges, p99", 90.0, true),
                        tuple("s to drain a cell of 50 shards", 61.0, false),
                        tuple("ns to locate a user", 12.5, true),
                        tuple("bytes allocated to locate a user", 0.0, true),
                        tuple("% that the fence adds to batched writes, 64 in flight", 6.25, true));
    }

    @Test
    void a_lost_write_misses_its_goal() {
        Goal goal = report(List.of(20.0), 1).goals().get(4);

        assertThat(goal.holds()).isFalse();
    }

    @Test
    void the_fence_is_compared_within_two_rounds_in_which_each_was_first_once() {
        FenceCost.Row row = new FenceCost.Row(
                64, List.of(120.0, 100.0, 100.0, 100.0, 20.0, 20.0), List.of(110.0, 132.0, 150.0, 150.0, 20.2, 20.2));

        assertThat(row.percent()).isCloseTo(10, org.assertj.core.data.Offset.offset(1e-9));
    }

    @Test
    void tells_what_failed_and_what_is_wrong() {
        assertThat(report(List.of(20.0, 40.0), 0).page())
                .contains(
                        "under 2000 writes a second; 3 calls failed; counters less acknowledged writes at the end: -4")
                .contains("| ms closed for writers | 30.0 | 20.0 | 40.0 |")
                .contains("| 64 | 17000 | 16000 | +6.3 |");
    }

    private static CellsReport report(List<Double> freeze, long lost) {
        return new CellsReport(
                new CellsReport.Setting(16, 1_000, 100),
                new CellMoves.Moved(freeze, List.of(70.0), List.of(2.0), 2_000, 3, -4),
                new CellMoves.Drained(50, 4, 61, 100, 0, 0),
                new UnitFailover.Failovers(List.of(2.5, 3.5), 10, lost),
                new TableSpread.Spread(100, 20, 30, 90, 95, 4_000),
                new CellsReport.Locate(12.5, 0),
                List.of(new FenceCost.Row(64, List.of(16_000.0, 16_000.0), List.of(17_000.0, 17_000.0))));
    }
}

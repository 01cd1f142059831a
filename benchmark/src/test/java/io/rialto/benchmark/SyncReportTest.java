package io.rialto.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import java.util.List;
import org.junit.jupiter.api.Test;

final class SyncReportTest {
    private static final List<Double> MILLIS = List.of(1.0, 1.0);

    @Test
    void compares_with_the_best_peer_of_each_kind_within_a_round() {
        assertThat(report(List.of(30.0, 60.0), 1_000).goals())
                .extracting(Goal::name, Goal::target, Goal::figure, Goal::holds)
                .containsExactly(
                        tuple("publishes at 64 in flight over the best peer's that fsyncs", ">= 3.0", 3.0, true),
                        tuple("publishes at 64 in flight over the best peer's that does not", ">= 1.0", 0.5, false),
                        tuple(
                                "ms p99 from publish to device at 500 messages a second, 200 devices",
                                "<= 25.0",
                                9.0,
                                true),
                        tuple("kilobytes resident of an idle device over TLS at 200", "<= 16.0", 10.0, true));
    }

    @Test
    void has_no_figure_of_publishes_that_failed() {
        Goal goal = report(List.of(Double.NaN, Double.NaN), 1_000).goals().getFirst();

        assertThat(goal.figure()).isNaN();
        assertThat(goal.holds()).isFalse();
    }

    @Test
    void has_no_delay_where_messages_did_not_come() {
        SyncReport report = report(List.of(30.0, 60.0), 999);

        assertThat(report.goals().get(2).holds()).isFalse();
        assertThat(report.page()).contains("| not all came | not all came |");
    }

    @Test
    void shows_systems_that_do_not_fsync_apart() {
        String page = report(List.of(30.0, 60.0), 1_000).page();

        int durable = page.indexOf("acknowledged after fsync");
        int others = page.indexOf("acknowledged from memory");
        assertThat(page.indexOf("| Fsyncs | 64 |")).isBetween(durable, others);
        assertThat(page.indexOf("| Best | 64 |")).isGreaterThan(others);
    }

    private static SyncReport report(List<Double> ours, int received) {
        return new SyncReport(
                List.of(
                        new SyncReport.Row("Rialto", true, 64, ours, MILLIS, MILLIS),
                        new SyncReport.Row("Fsyncs", true, 64, List.of(10.0, 20.0), MILLIS, MILLIS),
                        new SyncReport.Row("Worse", false, 64, List.of(20.0, 120.0), MILLIS, MILLIS),
                        new SyncReport.Row("Best", false, 64, List.of(60.0, 60.0), MILLIS, MILLIS)),
                List.of(64),
                List.of(new DeviceTurn.Row("Rialto", 200, 10_000, 11_000, 1_000, received, 3, 9, 2_000, 1_000)),
                500,
                1_000);
    }
}

package io.rialto.benchmark;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What one run of the benchmark of cells found, as goals, as tables and as JSON.
 *
 * @param fence the first row is the goal's
 */
record CellsReport(
        Setting setting,
        CellMoves.Moved moved,
        CellMoves.Drained drained,
        UnitFailover.Failovers failovers,
        TableSpread.Spread spread,
        Locate locate,
        List<FenceCost.Row> fence) {
    private static final double FREEZE_MILLIS = 50;
    private static final double LONGEST_FREEZE_MILLIS = 300;
    private static final double GAP_MILLIS = 60;
    private static final double FAILOVER_SECONDS = 5;
    private static final double SPREAD_MILLIS = 1_000;
    private static final double DRAIN_SECONDS = 60;
    private static final double LOCATE_NANOS = 20;
    private static final double FENCE_PERCENT = 10;

    /**
     * What was moved, under which load.
     *
     * @param rows of the shard that moves to and fro
     * @param otherRows of each other one of the cell that is drained
     */
    record Setting(int writers, int rows, int otherRows) {}

    record Locate(double nanos, double bytes) {}

    List<Goal> goals() {
        String moves =
                moved.freeze().size() + " moves of " + setting.rows() + " rows under " + setting.writers() + " writers";
        return List.of(
                Goal.atMost("ms closed, median of " + moves, FREEZE_MILLIS, Figures.median(moved.freeze())),
                Goal.atMost("ms closed, longest of them", LONGEST_FREEZE_MILLIS, longest(moved.freeze())),
                Goal.atMost("ms without a write as phones see it, median", GAP_MILLIS, Figures.median(moved.gap())),
                Goal.atMost(
                        "s without a write after kill -9 of a primary, longest",
                        FAILOVER_SECONDS,
                        longest(failovers.seconds())),
                Goal.atMost("acknowledged writes that a failover lost", 0, (double) failovers.lost()),
                Goal.atMost(
                        "ms until a table is in force at " + spread.edges() + " edges, p99",
                        SPREAD_MILLIS,
                        spread.p99Millis()),
                Goal.atMost("s to drain a cell of " + drained.shards() + " shards", DRAIN_SECONDS, drained.seconds()),
                Goal.atMost("ns to locate a user", LOCATE_NANOS, locate.nanos()),
                Goal.atMost("bytes allocated to locate a user", 0, locate.bytes()),
                Goal.atMost(
                        "% that the fence adds to batched writes, "
                                + fence.getFirst().inFlight() + " in flight",
                        FENCE_PERCENT,
                        fence.getFirst().percent()));
    }

    private static double longest(List<Double> values) {
        return values.isEmpty() ? Double.NaN : Collections.max(values);
    }

    String page() {
        return String.join("\n", Markdown.goals(goals()), moveTable(), otherTable(), fenceTable());
    }

    private String moveTable() {
        List<String> lines = List.of(
                line("ms closed for writers", "%.1f", moved.freeze()),
                line("ms without an acknowledged write", "%.1f", moved.gap()),
                line("s from the grant to the last row deleted", "%.2f", moved.seconds()));
        return Markdown.table(
                "%d moves of a shard of %d rows to and fro, under %.0f writes a second; %d calls failed; counters less acknowledged writes at the end: %d."
                        .formatted(
                                moved.freeze().size(),
                                setting.rows(),
                                moved.writesPerSecond(),
                                moved.failed(),
                                moved.wrong()),
                List.of("a move", "median", "shortest", "longest"),
                lines);
    }

    private static String line(String name, String format, List<Double> values) {
        Function<Double, String> number = value -> Markdown.number(format, value);
        return Markdown.line(
                name,
                number.apply(Figures.median(values)),
                number.apply(values.isEmpty() ? Double.NaN : Collections.min(values)),
                number.apply(longest(values)));
    }

    private String otherTable() {
        List<String> lines = new ArrayList<>();
        lines.add(Markdown.line(
                "draining %d shards, %d at once, all but one of %d rows"
                        .formatted(drained.shards(), drained.atOnce(), setting.otherRows()),
                "%.1f s; the longest time without any write %.0f ms; %d calls failed; counters less acknowledged writes %d"
                        .formatted(drained.seconds(), drained.gap(), drained.failed(), drained.wrong())));
        lines.add(Markdown.line(
                "kill -9 of a unit's primary, %d times"
                        .formatted(failovers.seconds().size()),
                "%s s without an acknowledged write; %d of %d acknowledged writes lost"
                        .formatted(Figures.range(failovers.seconds()), failovers.lost(), failovers.acknowledged())));
        lines.add(Markdown.line(
                "%d tables to %d edges, a snapshot of %d bytes"
                        .formatted(spread.publishes(), spread.edges(), spread.snapshotBytes()),
                "p50 %.1f ms, p99 %.1f ms, longest %.1f ms"
                        .formatted(spread.p50Millis(), spread.p99Millis(), spread.maxMillis())));
        lines.add(Markdown.line(
                "locating a user", "%.1f ns, %.0f bytes allocated".formatted(locate.nanos(), locate.bytes())));
        return Markdown.table("", List.of("what", "figures"), lines);
    }

    private String fenceTable() {
        List<String> lines = fence.stream()
                .map(row -> Markdown.line(
                        Integer.toString(row.inFlight()),
                        Markdown.number("%.0f", Figures.median(row.bare())),
                        Markdown.number("%.0f", Figures.median(row.fenced())),
                        Markdown.number("%+.1f", row.percent())))
                .toList();
        return Markdown.table(
                "Messages that the inbox stores a second, with its fence and guard and without, "
                        + FenceCost.SHARDS + " shards (medians of "
                        + fence.getFirst().bare().size()
                        + " rounds; what a message costs more is the median of those within two):",
                List.of("in flight", "without", "with them", "% more"),
                lines);
    }

    Map<String, Object> figures() {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("setting", setting);
        figures.put("moves", moved);
        figures.put("drain", drained);
        figures.put("failovers", failovers);
        figures.put("table", spread);
        figures.put("locate", locate);
        figures.put("fence", fence);
        return figures;
    }
}

package io.rialto.benchmark;

import io.rialto.benchmark.SecuredCalls.Mode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What plain, signed and sealed calls cost in one run, as goals and as a table.
 *
 * @param rate calls per second at which latencies were taken
 */
record SecuredReport(List<Secured.Row> rows, int rate) {
    private static final double RATIO = 1.25;

    /** One for each protocol, as phones speak one of them and not the worst of all. */
    List<Goal> goals() {
        List<Goal> goals = new ArrayList<>();
        for (Mode mode : List.of(Mode.SIGNED, Mode.SEALED)) {
            for (Secured.Row row : rows) {
                if (row.mode() == mode) {
                    goals.add(Goal.atMost(
                            title(mode) + " calls, " + row.protocol().title() + ": CPU over plain",
                            RATIO,
                            overPlain(row)));
                }
            }
        }
        return goals;
    }

    /** The median over rounds of the ratio within a round: what slows the machine slows both. */
    private double overPlain(Secured.Row row) {
        Secured.Row unprotected = rows.stream()
                .filter(other -> other.protocol() == row.protocol() && other.mode() == Mode.PLAIN)
                .findFirst()
                .orElseThrow();
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < row.micros().size(); i++) {
            ratios.add(row.micros().get(i) / unprotected.micros().get(i));
        }
        return Figures.median(ratios);
    }

    String page() {
        return String.join("\n", Markdown.goals(goals()), table());
    }

    private String table() {
        List<String> lines = new ArrayList<>();
        for (Secured.Row row : rows) {
            lines.add(Markdown.line(
                    row.protocol().title(),
                    title(row.mode()),
                    Markdown.number("%.1f", Figures.median(row.micros())),
                    Figures.range(row.micros()),
                    Markdown.number("%.1f", 1000 / Figures.median(row.micros())),
                    Markdown.number("%.2f", overPlain(row)),
                    Markdown.number("%.2f", Figures.median(row.p50())),
                    Markdown.number("%.2f", Figures.median(row.p99()))));
        }
        return Markdown.table(
                "Plain, signed (HMAC under a ticket) and sealed calls through the gateway, by one load program, "
                        + rows.getFirst().micros().size() + " rounds; latency at " + rate + " calls per second:",
                List.of("protocol", "call", "us of CPU", "range", "k/s per core", "CPU over plain", "p50 ms", "p99 ms"),
                lines);
    }

    private static String title(Mode mode) {
        return mode.name().toLowerCase(Locale.ROOT);
    }
}

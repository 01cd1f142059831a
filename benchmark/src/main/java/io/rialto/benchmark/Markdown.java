package io.rialto.benchmark;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Tables of the page of benchmarks. */
final class Markdown {
    private Markdown() {}

    /** @param title empty for none */
    static String table(String title, List<String> head, List<String> lines) {
        return (title.isEmpty() ? "" : title + "\n\n")
                + line(head.toArray(String[]::new)) + "\n"
                + head.stream().map(column -> "---").collect(Collectors.joining("|", "|", "|")) + "\n"
                + String.join("\n", lines) + "\n";
    }

    static String line(String... cells) {
        return "| " + String.join(" | ", cells) + " |";
    }

    /** A dash where there is no figure. */
    static String number(String format, double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, format, value);
    }

    static String goals(List<Goal> goals) {
        return table(
                "",
                List.of("goal", "target", "figure", "holds"),
                goals.stream()
                        .map(goal -> line(
                                goal.name(),
                                goal.target(),
                                number("%.2f", goal.figure()),
                                goal.holds() ? "yes" : "**no**"))
                        .toList());
    }
}

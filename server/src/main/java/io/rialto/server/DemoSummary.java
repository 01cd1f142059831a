package io.rialto.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/** What a demo came to, as a table for people: calls, errors by reason and latencies, in all, by cell and by operation. */
final class DemoSummary {
    private DemoSummary() {}

    /** @param summary as the phones write it, with the checks */
    static List<String> lines(JsonNode summary) {
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.add(String.format(Locale.ROOT, "%-24s %9s %10s %10s  %s", "", "calls", "p50 ms", "p99 ms", "errors"));
        summary.path("cells").forEachEntry((name, cell) -> lines.add(line("cell " + name, cell)));
        summary.path("operations").forEachEntry((name, operation) -> lines.add(line(name, operation)));
        lines.add(line("all", summary));
        JsonNode checks = summary.path("checks");
        lines.add("");
        lines.add("phones: " + outcome(checks.path("phones")));
        lines.add("ledger: " + outcome(checks.path("ledger")) + ", with "
                + summary.path("acknowledged-transfers").asLong() + " acknowledged transfers");
        lines.add("messages: " + outcome(checks.path("messages"))
                + ": every payment's message on every device, once, in order");
        JsonNode moves = summary.path("moves");
        if (!moves.isMissingNode()) {
            lines.add("moves: " + moves.path("moved").asLong() + " shards moved to another cell, each closed for "
                    + String.format(
                            Locale.ROOT,
                            "%.0f ms at most",
                            moves.path("longest-freeze-ms").asDouble())
                    + (moves.has("problem")
                            ? "; FAILED: " + moves.path("problem").asString()
                            : ""));
        }
        return lines;
    }

    private static String outcome(JsonNode fine) {
        return fine.asBoolean() ? "passed" : "FAILED";
    }

    private static String line(String name, JsonNode figures) {
        List<String> errors = new ArrayList<>();
        figures.path("errors").forEachEntry((reason, count) -> errors.add(reason + " " + count.asLong()));
        return String.format(
                Locale.ROOT,
                "%-24s %9d %10.1f %10.1f  %s",
                name,
                figures.path("calls").asLong(),
                figures.path("p50-ms").asDouble(),
                figures.path("p99-ms").asDouble(),
                errors.isEmpty() ? "0" : String.join(", ", errors));
    }
}

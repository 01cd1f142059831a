package io.rialto.wallet.phone;

import io.rialto.wallet.phone.Tally.Figures;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What the phones have seen, by operation and by cell: a table that grows a line a second, and a summary. Guarded by itself. */
final class Board {
    /** The headings come again after as many lines as a small terminal shows. */
    private static final int LINES_PER_HEADING = 20;

    private final Tally all = new Tally();
    private final Map<String, Tally> operations = new TreeMap<>();
    private final Map<String, Tally> cells = new TreeMap<>();
    private int lines;

    /**
     * @param cell whose gateway answered
     * @param error the reason; empty where the call succeeded
     */
    synchronized void add(String operation, String cell, long tookNanos, String error) {
        all.add(tookNanos, error);
        operations.computeIfAbsent(operation, name -> new Tally()).add(tookNanos, error);
        cells.computeIfAbsent(cell, name -> new Tally()).add(tookNanos, error);
    }

    synchronized long succeeded() {
        return all.total().calls()
                - all.errors().values().stream().mapToLong(Long::longValue).sum();
    }

    /** The line of a second, below headings where they are due. */
    synchronized String line(long second) {
        StringBuilder text = new StringBuilder();
        if (lines++ % LINES_PER_HEADING == 0) {
            text.append("                last second               all\n");
            text.append("   s   calls    p50 ms    p99 ms     calls    p50 ms    p99 ms  cells, errors\n");
        }
        Figures fresh = all.sinceLastLook();
        Figures total = all.total();
        text.append(String.format(
                Locale.ROOT,
                "%4d %7d %9.1f %9.1f %9d %9.1f %9.1f",
                second,
                fresh.calls(),
                fresh.p50Millis(),
                fresh.p99Millis(),
                total.calls(),
                total.p50Millis(),
                total.p99Millis()));
        cells.forEach((name, tally) -> text.append(cell(name, tally.sinceLastLook())));
        return text.append("  errors ").append(errors()).toString();
    }

    private static String cell(String name, Figures fresh) {
        return String.format(Locale.ROOT, "  %s %d p99 %.1f", name, fresh.calls(), fresh.p99Millis());
    }

    private String errors() {
        Map<String, Long> errors = all.errors();
        if (errors.isEmpty()) {
            return "0";
        }
        StringBuilder text = new StringBuilder();
        errors.forEach((reason, count) -> text.append(text.isEmpty() ? "" : " ")
                .append(reason)
                .append('=')
                .append(count));
        return text.toString();
    }

    synchronized Map<String, Object> summary() {
        Map<String, Object> summary = all.summary();
        summary.put("operations", summaries(operations));
        summary.put("cells", summaries(cells));
        return summary;
    }

    private static Map<String, Object> summaries(Map<String, Tally> tallies) {
        Map<String, Object> all = new LinkedHashMap<>();
        tallies.forEach((name, tally) -> all.put(name, tally.summary()));
        return all;
    }
}

package io.rialto.benchmark;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one run of the benchmark of messages found, as goals, as tables and as JSON. Rialto's rows come first.
 *
 * @param rate messages per second to devices
 * @param inFlight the bounds that publishes were made under
 */
record SyncReport(List<Row> publishes, List<Integer> inFlight, List<DeviceTurn.Row> devices, int rate, int users) {
    private static final double OVER_DURABLE = 3;
    private static final double OVER_OTHERS = 1;
    private static final double DELAY_MILLIS = 25;
    private static final double IDLE_KILOBYTES = 16;

    /**
     * One system's publishes under one bound, one value a round; {@code NaN} where one failed.
     *
     * @param durable whether it acknowledges after fsync
     */
    record Row(
            String system, boolean durable, int inFlight, List<Double> perSecond, List<Double> p50, List<Double> p99) {
        Row(Messaging system, int inFlight) {
            this(system.name(), system.isDurable(), inFlight, new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        }
    }

    List<Goal> goals() {
        List<Goal> goals = new ArrayList<>();
        for (int bound : inFlight) {
            goals.add(Goal.atLeast(
                    "publishes at " + bound + " in flight over the best peer's that fsyncs",
                    OVER_DURABLE,
                    ratio(bound, true)));
            goals.add(Goal.atLeast(
                    "publishes at " + bound + " in flight over the best peer's that does not",
                    OVER_OTHERS,
                    ratio(bound, false)));
        }
        DeviceTurn.Row ours = devices.getFirst();
        goals.add(Goal.atMost(
                "ms p99 from publish to device at " + rate + " messages a second, " + ours.devices() + " devices",
                DELAY_MILLIS,
                ours.received() < ours.sent() ? Double.NaN : ours.p99()));
        goals.add(Goal.atMost(
                "kilobytes resident of an idle device over TLS at " + ours.devices(), IDLE_KILOBYTES, ours.each()));
        return goals;
    }

    /** Ours over the best of the peers that are, or are not, durable; the median over rounds of that within a round. */
    private double ratio(int bound, boolean durable) {
        List<Row> rows =
                publishes.stream().filter(row -> row.inFlight() == bound).toList();
        Row ours = rows.getFirst();
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round < ours.perSecond().size(); round++) {
            double best = Double.NaN;
            for (Row row : rows.subList(1, rows.size())) {
                double theirs = row.perSecond().get(round);
                if (row.durable() == durable && !(theirs <= best)) {
                    best = Double.isNaN(theirs) ? best : theirs;
                }
            }
            ratios.add(ours.perSecond().get(round) / best);
        }
        return Figures.median(ratios);
    }

    String page() {
        return String.join("\n", Markdown.goals(goals()), publishTable(true), publishTable(false), deviceTable());
    }

    private String publishTable(boolean durable) {
        List<String> lines = new ArrayList<>();
        for (Row row : publishes) {
            if (row.durable() == durable) {
                lines.add(Markdown.line(
                        row.system(),
                        Integer.toString(row.inFlight()),
                        Markdown.number("%.0f", Figures.median(row.perSecond())),
                        Figures.range(row.perSecond()).replaceAll("\\.\\d", ""),
                        Markdown.number("%.2f", Figures.median(row.p50())),
                        Markdown.number("%.2f", Figures.median(row.p99()))));
            }
        }
        String title = durable
                ? "Publishes to " + users + " users, acknowledged after fsync (median and range of "
                        + publishes.getFirst().perSecond().size() + " rounds):"
                : "The same, acknowledged from memory or the page cache, which a power failure loses:";
        return Markdown.table(title, List.of("system", "in flight", "publishes/s", "range", "p50 ms", "p99 ms"), lines);
    }

    private String deviceTable() {
        List<String> lines = new ArrayList<>();
        for (DeviceTurn.Row row : devices) {
            boolean held = row.received() >= row.sent();
            lines.add(Markdown.line(
                    row.system(),
                    Integer.toString(row.devices()),
                    Markdown.number("%.1f", row.before() / 1024.0),
                    Markdown.number("%.1f", row.after() / 1024.0),
                    Markdown.number("%.1f", row.each()),
                    held ? Markdown.number("%.2f", row.p50()) : "not all came",
                    held ? Markdown.number("%.2f", row.p99()) : "not all came",
                    Markdown.number("%.1f", row.openMillis() / 1000.0),
                    Markdown.number("%.1f", row.backMillis() / 1000)));
        }
        return Markdown.table(
                "Devices over TLS, each of a user of its own: resident memory idle, delay from publish to device at "
                        + rate
                        + " messages a second, and the time until all are connected first, and until all have what they"
                        + " missed after a cut of all connections:",
                List.of(
                        "system",
                        "devices",
                        "MB before",
                        "MB with them",
                        "KB each",
                        "p50 ms",
                        "p99 ms",
                        "s to connect",
                        "s to be current"),
                lines);
    }

    Map<String, Object> figures() {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("users", users);
        figures.put("rate", rate);
        figures.put("publishes", publishes);
        figures.put("devices", devices);
        return figures;
    }
}

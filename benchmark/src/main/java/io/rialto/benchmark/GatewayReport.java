package io.rialto.benchmark;

import io.rialto.benchmark.H2Load.Protocol;
import io.rialto.benchmark.SecuredCalls.Mode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one run of the gateway benchmark found, as goals, as a page and as JSON.
 *
 * @param pairs peers whose ratio is taken: the first of each pair over the second
 * @param idleKilobytes resident growth for each idle connection
 */
record GatewayReport(
        List<Throughput.Row> rows,
        List<Pair> pairs,
        List<Secured.Row> secured,
        double idleKilobytes,
        int idleConnections,
        int rate) {
    private static final double HTTP2_RATIO = 1.1;
    private static final double HTTP1_RATIO = 0.9;
    private static final double SECURED_RATIO = 1.25;
    private static final double IDLE_KILOBYTES = 16;

    /** Two peers in front of the same backend, over the same protocol to it. */
    record Pair(String ours, String peer, String backend) {}

    List<Goal> goals() {
        List<Goal> goals = new ArrayList<>();
        Pair first = pairs.getFirst();
        for (Protocol protocol : Protocol.values()) {
            double target = protocol == Protocol.HTTP1 ? HTTP1_RATIO : HTTP2_RATIO;
            goals.add(Goal.atLeast(
                    "plain " + protocol.title() + ": requests per core over " + first.peer() + "'s",
                    target,
                    ratio(first, protocol)));
        }
        for (Mode mode : List.of(Mode.SIGNED, Mode.SEALED)) {
            double worst = secured.stream()
                    .filter(row -> row.mode() == mode)
                    .mapToDouble(row -> Figures.median(row.micros()) / plainMicros(row.protocol()))
                    .max()
                    .orElseThrow();
            goals.add(Goal.atMost(
                    mode.name().toLowerCase(java.util.Locale.ROOT) + " calls: CPU over plain, worst protocol",
                    SECURED_RATIO,
                    worst));
        }
        goals.add(Goal.atMost(
                "kilobytes resident of an idle TLS h2 connection at " + idleConnections,
                IDLE_KILOBYTES,
                idleKilobytes));
        return goals;
    }

    private double plainMicros(Protocol protocol) {
        return secured.stream()
                .filter(row -> row.protocol() == protocol && row.mode() == Mode.PLAIN)
                .mapToDouble(row -> Figures.median(row.micros()))
                .findFirst()
                .orElseThrow();
    }

    /** The median over rounds of the ratio within a round: what slows the machine slows both. */
    private double ratio(Pair pair, Protocol protocol) {
        List<Double> ours = row(pair.ours(), protocol).perCore();
        List<Double> theirs = row(pair.peer(), protocol).perCore();
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < ours.size(); i++) {
            ratios.add(ours.get(i) / theirs.get(i));
        }
        return Figures.median(ratios);
    }

    private Throughput.Row row(String peer, Protocol protocol) {
        return rows.stream()
                .filter(row -> row.peer().equals(peer) && row.protocol() == protocol)
                .findFirst()
                .orElseThrow();
    }

    String page() {
        StringBuilder page = new StringBuilder();
        page.append(
                        "Plain calls, thousands of requests per second of proxy CPU (median, range of rounds), and latency at ")
                .append(rate)
                .append(" requests per second:\n\n")
                .append("| protocol | proxy | k/s per core | range | p50 ms | p99 ms |\n|---|---|---|---|---|---|\n");
        for (Throughput.Row row : rows) {
            page.append("| %s | %s | %.1f | %s | %.2f | %.2f |%n"
                    .formatted(
                            row.protocol().title(),
                            row.peer(),
                            Figures.median(row.perCore()),
                            Figures.range(row.perCore()),
                            Figures.median(row.p50()),
                            Figures.median(row.p99())));
        }
        page.append("\nRatios, ours over the peer's, median over the rounds:\n\n| protocol to the backend | peer |");
        for (Protocol protocol : Protocol.values()) {
            page.append(' ').append(protocol.title()).append(" |");
        }
        page.append("\n|---|---|---|---|---|\n");
        for (Pair pair : pairs) {
            page.append("| ")
                    .append(pair.backend())
                    .append(" | ")
                    .append(pair.peer())
                    .append(" |");
            for (Protocol protocol : Protocol.values()) {
                boolean known =
                        rows.stream().anyMatch(row -> row.peer().equals(pair.peer()) && row.protocol() == protocol);
                page.append(known ? " %.2f |".formatted(ratio(pair, protocol)) : " - |");
            }
            page.append('\n');
        }
        page.append(
                        "\nPlain, signed (HMAC under a ticket) and sealed calls through the gateway, by one load program:\n\n")
                .append("| protocol | call | us of CPU | over plain | p50 ms | p99 ms |\n|---|---|---|---|---|---|\n");
        for (Secured.Row row : secured) {
            double micros = Figures.median(row.micros());
            page.append("| %s | %s | %.1f | %.2f | %.2f | %.2f |%n"
                    .formatted(
                            row.protocol().title(),
                            row.mode().name().toLowerCase(java.util.Locale.ROOT),
                            micros,
                            micros / plainMicros(row.protocol()),
                            Figures.median(row.p50()),
                            Figures.median(row.p99())));
        }
        page.append("\n| goal | target | figure | holds |\n|---|---|---|---|\n");
        for (Goal goal : goals()) {
            page.append("| %s | %s | %.2f | %s |%n"
                    .formatted(goal.name(), goal.target(), goal.figure(), goal.holds() ? "yes" : "**no**"));
        }
        return page.toString();
    }

    Map<String, Object> figures() {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("plain", rows);
        figures.put("secured", secured);
        figures.put("idle-kilobytes", idleKilobytes);
        return figures;
    }
}

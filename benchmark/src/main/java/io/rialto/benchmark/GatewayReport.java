package io.rialto.benchmark;

import io.rialto.benchmark.H2Load.Protocol;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one run of the gateway benchmark found, as goals, as tables and as JSON.
 *
 * @param pairs peers whose ratio is taken; goals are about the first
 * @param idle of the proxies that could hold so many connections
 */
record GatewayReport(
        Throughput.Result plain, List<Pair> pairs, SecuredReport secured, int idleConnections, List<Idle.Row> idle) {
    private static final double HTTP2_RATIO = 1.1;
    private static final double HTTP1_RATIO = 0.9;
    private static final double IDLE_KILOBYTES = 16;

    /** Two peers in front of the same backend, over the same protocol to it. */
    record Pair(String ours, String peer, String backend) {}

    /** All that is promised of the gateway. */
    List<Goal> goals() {
        List<Goal> goals = new ArrayList<>(ownGoals());
        goals.addAll(secured.goals());
        return goals;
    }

    private List<Goal> ownGoals() {
        List<Goal> goals = new ArrayList<>();
        Pair first = pairs.getFirst();
        for (Protocol protocol : Protocol.values()) {
            goals.add(Goal.atLeast(
                    "plain " + protocol.title() + ": requests per core over " + first.peer() + "'s",
                    protocol == Protocol.HTTP1 ? HTTP1_RATIO : HTTP2_RATIO,
                    ratio(first, protocol)));
        }
        double kilobytes = idle.stream()
                .filter(row -> row.peer().equals(first.ours()))
                .mapToDouble(Idle.Row::each)
                .findFirst()
                .orElse(Double.NaN);
        goals.add(Goal.atMost(
                "kilobytes resident of an idle TLS h2 connection at " + idleConnections, IDLE_KILOBYTES, kilobytes));
        return goals;
    }

    /** The median over rounds of the ratio within a round: what slows the machine slows both. */
    private double ratio(Pair pair, Protocol protocol) {
        List<Double> ours = row(pair.ours(), protocol).perCore();
        List<Double> theirs = row(pair.peer(), protocol).perCore();
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < Math.min(ours.size(), theirs.size()); i++) {
            ratios.add(ours.get(i) / theirs.get(i));
        }
        return Figures.median(ratios);
    }

    /** One without figures, where a peer does not speak a protocol. */
    private Throughput.Row row(String peer, Protocol protocol) {
        return plain.rows().stream()
                .filter(row -> row.peer().equals(peer) && row.protocol() == protocol)
                .findFirst()
                .orElse(new Throughput.Row(peer, protocol));
    }

    String page() {
        return String.join("\n", Markdown.goals(ownGoals()), ratioTable(), plainTable(), idleTable());
    }

    private String ratioTable() {
        List<String> head = new ArrayList<>(List.of("peer", "to the backend"));
        for (Protocol protocol : Protocol.values()) {
            head.add(protocol.title());
        }
        List<String> lines = new ArrayList<>();
        for (Pair pair : pairs) {
            List<String> cells = new ArrayList<>(List.of(pair.peer(), pair.backend()));
            for (Protocol protocol : Protocol.values()) {
                cells.add(Markdown.number("%.2f", ratio(pair, protocol)));
            }
            lines.add(Markdown.line(cells.toArray(String[]::new)));
        }
        return Markdown.table(
                "Plain calls, Rialto's requests per second of proxy CPU over the peer's (median over the rounds of the ratio within a round):",
                head,
                lines);
    }

    private String plainTable() {
        List<String> lines = new ArrayList<>();
        for (Throughput.Row row : plain.rows()) {
            boolean held = !Double.isNaN(Figures.median(row.p50()));
            lines.add(Markdown.line(
                    row.protocol().title(),
                    row.peer(),
                    Integer.toString(row.perCore().size()),
                    Markdown.number("%.1f", Figures.median(row.perCore())),
                    Figures.range(row.perCore()),
                    held ? Markdown.number("%.2f", Figures.median(row.p50())) : "rate not held",
                    held ? Markdown.number("%.2f", Figures.median(row.p99())) : "rate not held"));
        }
        return Markdown.table(
                "Plain calls, thousands of requests per second of proxy CPU (median and range of the rounds), and latency at "
                        + plain.rate() + " requests per second:",
                List.of("protocol", "proxy", "rounds", "k/s per core", "range", "p50 ms", "p99 ms"),
                lines);
    }

    private String idleTable() {
        List<String> lines = new ArrayList<>();
        for (Idle.Row row : idle) {
            lines.add(Markdown.line(
                    row.peer(),
                    Integer.toString(row.connections()),
                    Markdown.number("%.1f", row.before() / 1024.0),
                    Markdown.number("%.1f", row.after() / 1024.0),
                    Markdown.number("%.1f", row.each())));
        }
        return Markdown.table(
                "Idle TLS HTTP/2 connections, each after one call:",
                List.of("proxy", "connections", "MB resident before", "MB with them", "KB each"),
                lines);
    }

    Map<String, Object> figures() {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("rate", plain.rate());
        figures.put("plain", plain.rows());
        figures.put("secured", secured.rows());
        figures.put("idle", idle);
        return figures;
    }
}

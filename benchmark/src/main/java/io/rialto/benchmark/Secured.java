package io.rialto.benchmark;

import io.rialto.benchmark.H2Load.Protocol;
import io.rialto.benchmark.SecuredCalls.Mode;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Plain, signed and sealed calls through the gateway, made by one load program, in turns.
 *
 * @param calls of each connection
 * @param rate calls per second for latencies
 */
record Secured(Path folder, String processors, int rounds, int calls, int rate) {
    /**
     * What one way of calling cost.
     *
     * @param micros of gateway CPU for one call, one value a round
     */
    record Row(Protocol protocol, Mode mode, List<Double> micros, List<Double> p50, List<Double> p99) {}

    List<Row> measure(Peer edge, List<Protocol> protocols, boolean warmUp) throws IOException {
        List<Row> rows = new ArrayList<>();
        for (Protocol protocol : protocols) {
            Map<Mode, Row> byMode = new TreeMap<>();
            for (Mode mode : Mode.values()) {
                byMode.put(mode, new Row(protocol, mode, new ArrayList<>(), new ArrayList<>(), new ArrayList<>()));
                if (warmUp) {
                    run(edge, protocol, mode, calls, 0);
                }
            }
            for (int round = 0; round < rounds; round++) {
                for (Row row : byMode.values()) {
                    Turn full = run(edge, protocol, row.mode(), calls, 0);
                    row.micros().add(full.micros());
                    Turn paced = run(edge, protocol, row.mode(), Math.max(50, rate / 16), rate);
                    row.p50().add(paced.p50());
                    row.p99().add(paced.p99());
                    System.out.printf(
                            "%-9s %-7s %6.1f us CPU a call, at %d/s p50 %.2f ms p99 %.2f ms%n",
                            protocol.title(), row.mode(), full.micros(), rate, paced.p50(), paced.p99());
                }
            }
            rows.addAll(byMode.values());
        }
        return rows;
    }

    private record Turn(double micros, double p50, double p99) {}

    private Turn run(Peer edge, Protocol protocol, Mode mode, int each, int perSecond) throws IOException {
        URI target = URI.create(edge.target(protocol).url());
        try (Helper load = Helper.start(
                folder,
                processors,
                SecuredLoad.class,
                List.of(
                        "--url=" + target.resolve("/"),
                        "--protocol=" + protocol,
                        "--mode=" + mode,
                        "--calls=" + each,
                        "--rate=" + perSecond))) {
            load.expect("READY");
            double before = edge.cpuSeconds(protocol);
            load.go();
            String[] done = load.expect("DONE").split(" ", 7);
            double used = edge.cpuSeconds(protocol) - before;
            int failed = Integer.parseInt(done[2]);
            if (failed > 0) {
                throw new IOException(protocol + " " + mode + ": " + failed + " calls failed: " + done[6]);
            }
            return new Turn(
                    used * 1e6 / Integer.parseInt(done[1]),
                    Integer.parseInt(done[4]) / 1000.0,
                    Integer.parseInt(done[5]) / 1000.0);
        }
    }
}

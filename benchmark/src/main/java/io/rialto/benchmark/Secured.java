package io.rialto.benchmark;

import io.rialto.benchmark.H2Load.Protocol;
import io.rialto.benchmark.SecuredCalls.Mode;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Plain, signed and sealed calls through the gateway, made by one load program, in turns.
 *
 * @param calls of each connection at full speed
 * @param rate calls per second for latencies
 * @param pacedRounds of the latencies
 */
record Secured(Path folder, String processors, int rounds, int calls, int pacedRounds, int rate) {
    private static final int PACED_SECONDS = 2;

    /** Of each way of calling, before any is measured. */
    private static final int WARM_TURNS = 3;

    /** Three times what all turns take. */
    private static final Duration LIMIT = Duration.ofMinutes(10);

    /**
     * What one way of calling cost; {@code NaN} for a turn in which a call failed.
     *
     * @param micros of gateway CPU for one call, one value a round
     */
    record Row(Protocol protocol, Mode mode, List<Double> micros, List<Double> p50, List<Double> p99) {
        Row(Protocol protocol, Mode mode) {
            this(protocol, mode, new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        }
    }

    List<Row> measure(RialtoEdge edge) throws IOException, InterruptedException {
        List<Row> rows = new ArrayList<>();
        try (Helper load = Helper.start(folder, processors, SecuredLoad.class, List.of(), LIMIT)) {
            warmUp(load, edge);
            for (Protocol protocol : Protocol.values()) {
                List<Row> ofProtocol = Arrays.stream(Mode.values())
                        .map(mode -> new Row(protocol, mode))
                        .toList();
                for (int round = 0; round < rounds; round++) {
                    for (Row row : ofProtocol) {
                        full(load, edge, row);
                    }
                }
                for (int round = 0; round < pacedRounds; round++) {
                    for (Row row : ofProtocol) {
                        paced(load, edge, row);
                    }
                }
                rows.addAll(ofProtocol);
            }
        }
        return rows;
    }

    /** On all processors, as the throughput's warm-up. */
    private void warmUp(Helper load, RialtoEdge edge) throws IOException, InterruptedException {
        edge.child().spread();
        for (int turn = 0; turn < WARM_TURNS; turn++) {
            for (Protocol protocol : Protocol.values()) {
                for (Mode mode : Mode.values()) {
                    run(load, edge, protocol, mode, calls, 0);
                }
            }
        }
        edge.child().pin();
    }

    private void full(Helper load, RialtoEdge edge, Row row) throws IOException {
        Turn turn = run(load, edge, row.protocol(), row.mode(), calls, 0);
        row.micros().add(turn.micros());
        System.out.printf("%-9s %-7s %6.1f us CPU a call%n", row.protocol().title(), row.mode(), turn.micros());
    }

    private void paced(Helper load, RialtoEdge edge, Row row) throws IOException {
        Turn turn = run(load, edge, row.protocol(), row.mode(), rate * PACED_SECONDS / SecuredLoad.CONNECTIONS, rate);
        row.p50().add(turn.p50());
        row.p99().add(turn.p99());
        System.out.printf(
                "%-9s %-7s at %d/s p50 %.2f ms p99 %.2f ms%n",
                row.protocol().title(), row.mode(), rate, turn.p50(), turn.p99());
    }

    private record Turn(double micros, double p50, double p99) {}

    private static Turn run(Helper load, RialtoEdge edge, Protocol protocol, Mode mode, int each, int perSecond)
            throws IOException {
        URI target = URI.create(edge.target(protocol).url()).resolve("/");
        load.say("%s %s %s %d %d".formatted(target, protocol, mode, each, perSecond));
        load.expect("READY");
        double before = edge.cpuSeconds();
        load.say("go");
        String[] done = load.expect("DONE").split(" ", 6);
        double used = edge.cpuSeconds() - before;
        if (Integer.parseInt(done[2]) > 0) {
            System.out.printf("%s %s: %s calls failed: %s%n", protocol.title(), mode, done[2], done[5]);
            return new Turn(Double.NaN, Double.NaN, Double.NaN);
        }
        return new Turn(
                used * 1e6 / Integer.parseInt(done[1]),
                Integer.parseInt(done[3]) / 1000.0,
                Integer.parseInt(done[4]) / 1000.0);
    }
}

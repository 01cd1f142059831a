package io.rialto.benchmark;

import io.rialto.benchmark.H2Load.Protocol;
import io.rialto.benchmark.H2Load.Target;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Requests per second of proxy CPU, and latency at one fixed rate, for all peers in turns.
 *
 * @param seconds of one turn
 * @param pacedRounds most turns of a peer for latencies
 */
record Throughput(H2Load load, int seconds, int pacedRounds) {
    /** What the slowest of the native peers carries at full speed, halved: queues stay short where calls are carried. */
    private static final double SHARE_OF_SLOWEST = 0.5;

    /** So that connections to the backend stand and a JVM's profile is of this protocol. */
    private static final int SETTLE_SECONDS = 1;

    /** A peer and how many turns it has; those that are not compared closely have fewer. */
    record Entry(Peer peer, int rounds) {}

    /**
     * What one peer reached with one protocol, one value a round; {@code NaN} where the load did not end, or the rate
     * was not held.
     *
     * @param perCore thousands of requests per second of CPU
     * @param wall thousands of requests per second on the clock
     * @param p50 milliseconds at the fixed rate
     */
    record Row(
            String peer,
            Protocol protocol,
            List<Double> perCore,
            List<Double> wall,
            List<Double> p50,
            List<Double> p99) {
        Row(String peer, Protocol protocol) {
            this(peer, protocol, new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        }
    }

    /** One peer's turns with one protocol. */
    private record Lane(Entry entry, Row row) {
        Target target() {
            return entry.peer().target(row.protocol());
        }
    }

    /** All that was measured, and the rate that latencies are of. */
    record Result(List<Row> rows, int rate) {}

    Result measure(List<Entry> entries) throws IOException, InterruptedException {
        List<List<Lane>> lanes = new ArrayList<>();
        for (Protocol protocol : Protocol.values()) {
            lanes.add(entries.stream()
                    .filter(entry -> entry.peer().measurable(protocol))
                    .map(entry -> new Lane(entry, new Row(entry.peer().name(), protocol)))
                    .toList());
        }
        for (List<Lane> ofProtocol : lanes) {
            for (Lane lane : ofProtocol) {
                load.saturate(lane.target(), SETTLE_SECONDS);
            }
            inTurns(ofProtocol, Integer.MAX_VALUE, this::saturate);
        }
        List<Lane> all = lanes.stream().flatMap(List::stream).toList();
        int rate = rate(all);
        for (List<Lane> ofProtocol : lanes) {
            inTurns(ofProtocol, pacedRounds, lane -> pace(lane, rate));
        }
        return new Result(all.stream().map(Lane::row).toList(), rate);
    }

    private static int rate(List<Lane> lanes) {
        double slowest = lanes.stream()
                .filter(lane -> !lane.entry().peer().isJvm())
                .mapToDouble(lane -> Figures.median(lane.row().wall()))
                .min()
                .orElse(Double.NaN);
        int thousands = (int) (slowest * SHARE_OF_SLOWEST);
        return Math.max(1, thousands) * 1000;
    }

    private interface Turn {
        void of(Lane lane) throws IOException, InterruptedException;
    }

    private static void inTurns(List<Lane> lanes, int limit, Turn turn) throws IOException, InterruptedException {
        int most = lanes.stream().mapToInt(lane -> lane.entry().rounds()).max().orElse(0);
        for (int round = 0; round < Math.min(most, limit); round++) {
            for (Lane lane : lanes) {
                if (round < lane.entry().rounds()) {
                    turn.of(lane);
                }
            }
        }
    }

    private void saturate(Lane lane) throws IOException, InterruptedException {
        double before = lane.entry().peer().cpuSeconds();
        OptionalLong answers = load.saturate(lane.target(), seconds);
        double used = lane.entry().peer().cpuSeconds() - before;
        double thousands = answers.isPresent() ? answers.getAsLong() / 1000.0 : Double.NaN;
        Row row = lane.row();
        row.perCore().add(thousands / used);
        row.wall().add(thousands / seconds);
        System.out.printf(
                "%-9s %-28s %7.1f k/s per core, %7.1f k/s%n",
                row.protocol().title(),
                row.peer(),
                row.perCore().getLast(),
                row.wall().getLast());
    }

    private void pace(Lane lane, int rate) throws IOException, InterruptedException {
        Optional<long[]> latencies = load.atRate(lane.target(), seconds, rate);
        Row row = lane.row();
        row.p50()
                .add(latencies
                        .map(all -> Figures.percentile(all, 0.50) / 1000.0)
                        .orElse(Double.NaN));
        row.p99()
                .add(latencies
                        .map(all -> Figures.percentile(all, 0.99) / 1000.0)
                        .orElse(Double.NaN));
        System.out.printf(
                "%-9s %-28s at %d/s p50 %.2f ms p99 %.2f ms%n",
                row.protocol().title(),
                row.peer(),
                rate,
                row.p50().getLast(),
                row.p99().getLast());
    }
}

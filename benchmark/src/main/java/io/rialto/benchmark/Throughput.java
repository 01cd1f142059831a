package io.rialto.benchmark;

import io.rialto.benchmark.H2Load.Protocol;
import io.rialto.benchmark.H2Load.Target;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Requests per second of proxy CPU, and latency at one fixed rate, for all peers in turns.
 *
 * @param rounds how often each peer has its turn; medians are over them
 * @param seconds of one turn
 * @param rate requests per second for the latency
 * @param warmUpSeconds for a JVM to compile what is hot
 */
record Throughput(H2Load load, int rounds, int seconds, int rate, int warmUpSeconds) {
    /**
     * What one peer reached with one protocol.
     *
     * @param perCore thousands of requests per second of CPU, one value a round
     * @param wall thousands of requests per second on the clock
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

    List<Row> measure(List<Peer> peers, List<Protocol> protocols) throws IOException, InterruptedException {
        List<Row> rows = new ArrayList<>();
        for (Protocol protocol : protocols) {
            List<Row> ofProtocol = new ArrayList<>();
            List<Peer> inTurn =
                    peers.stream().filter(peer -> peer.measurable(protocol)).toList();
            for (Peer peer : inTurn) {
                load.saturate(peer.target(protocol), peer.isJvm() ? warmUpSeconds : 1);
                ofProtocol.add(new Row(peer.name(), protocol));
            }
            for (int round = 0; round < rounds; round++) {
                for (int i = 0; i < inTurn.size(); i++) {
                    turn(inTurn.get(i), protocol, ofProtocol.get(i));
                }
            }
            rows.addAll(ofProtocol);
        }
        return rows;
    }

    private void turn(Peer peer, Protocol protocol, Row row) throws IOException, InterruptedException {
        Target target = peer.target(protocol);
        double cpu = peer.cpuSeconds(protocol);
        long start = System.nanoTime();
        long answers = load.saturate(target, seconds);
        double wallSeconds = (System.nanoTime() - start) / 1e9;
        double used = peer.cpuSeconds(protocol) - cpu;
        row.perCore().add(answers / used / 1000);
        row.wall().add(answers / wallSeconds / 1000);
        long[] latencies = load.atRate(target, seconds, rate);
        row.p50().add(Figures.percentile(latencies, 0.50) / 1000.0);
        row.p99().add(Figures.percentile(latencies, 0.99) / 1000.0);
        System.out.printf(
                "%-9s %-28s %7.1f k/s per core, %7.1f k/s, at %d/s p50 %.2f ms p99 %.2f ms%n",
                protocol.title(),
                peer.name(),
                row.perCore().getLast(),
                row.wall().getLast(),
                rate,
                row.p50().getLast(),
                row.p99().getLast());
    }
}

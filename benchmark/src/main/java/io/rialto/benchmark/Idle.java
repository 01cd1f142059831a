package io.rialto.benchmark;

import io.rialto.benchmark.H2Load.Protocol;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What an idle TLS HTTP/2 connection costs: resident memory of a fresh proxy that has carried load for a while, with a
 * few connections and with many more, each of which has made one call.
 *
 * @param connections in the end
 */
record Idle(Scene scene, H2Load load, int connections) {
    /** So that what the first connection of all costs is not counted. */
    private static final int FIRST = 100;

    /** Code compiled, heap touched, connections to the backend open: none of it is an idle connection's. */
    private static final int WARM_SECONDS = 5;

    private static final Duration LIMIT = Duration.ofMinutes(2);

    /**
     * One proxy's.
     *
     * @param before kilobytes resident with the first few
     * @param after kilobytes resident with all
     */
    record Row(String peer, int connections, long before, long after) {
        /** Kilobytes of one connection. */
        double each() {
            return (after - before) / (double) (connections - FIRST);
        }
    }

    /** Measures proxies that are started for this, one after the other; one that cannot hold so many is left out. */
    List<Row> measure(List<Start> peers) throws IOException, InterruptedException {
        List<Row> rows = new ArrayList<>();
        for (Start peer : peers) {
            try {
                rows.add(measure(peer.start()));
            } catch (IOException e) {
                System.out.println("idle: no figure: " + e.getMessage());
            }
        }
        return rows;
    }

    /** Starts a fresh proxy. */
    interface Start {
        Peer start() throws IOException, InterruptedException;
    }

    private Row measure(Peer fresh) throws IOException, InterruptedException {
        try (fresh) {
            load.saturate(fresh.target(Protocol.TLS_H2), WARM_SECONDS);
            try (Helper holder = hold(fresh)) {
                open(holder, connections / 10);
            }
            try (Helper holder = hold(fresh)) {
                open(holder, FIRST);
                long before = fresh.residentKilobytes();
                open(holder, connections);
                Row row = new Row(fresh.name(), connections, before, fresh.residentKilobytes());
                // Still all there: what was measured was connections, not their absence.
                open(holder, connections);
                System.out.printf(
                        "idle: %-8s %d connections: %d KB resident before, %d KB with them, %.1f KB each%n",
                        row.peer(), row.connections(), row.before(), row.after(), row.each());
                return row;
            }
        }
    }

    private Helper hold(Peer fresh) throws IOException {
        return Helper.start(
                scene.folder(),
                scene.otherProcessors(),
                IdleConnections.class,
                List.of(fresh.target(Protocol.TLS_H2).url()),
                LIMIT);
    }

    private static void open(Helper holder, int number) throws IOException {
        holder.say(Integer.toString(number));
        String line = holder.expect("");
        if (!line.equals("OPEN " + number)) {
            throw new IOException("idle connections: " + line + " (expected: OPEN " + number + ")");
        }
    }
}

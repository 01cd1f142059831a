package io.rialto.benchmark;

import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.cells.move.MoveLedger;
import io.rialto.node.Snapshot;
import io.rialto.node.SnapshotFollower;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How long a new routing table takes from control to edges: from when it is put to when each follower has verified and read
 * it. The followers are those of edges, all in this process.
 */
record TableSpread(TwoCells cells, int edges, int publishes) {
    private static final Duration WAIT = Duration.ofSeconds(20);
    private static final long REST_MILLIS = 200;

    /** Before they count: connections are made, code is compiled. */
    private static final int WARM_PUBLISHES = 3;

    /** @param snapshotBytes of the whole configuration that each follower gets */
    record Spread(int edges, int publishes, double p50Millis, double p99Millis, double maxMillis, long snapshotBytes) {}

    /** One publish: who has it, and when. */
    private record Round(long version, CountDownLatch left, AtomicLongArray nanos) {
        Round(long version, int edges) {
            this(version, new CountDownLatch(edges), new AtomicLongArray(edges));
        }
    }

    /** The publish under way, for all followers. */
    private static final class Current {
        volatile Round round = new Round(0, 0);
    }

    Spread measure() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory(cells.folder(), "edges");
        Current current = new Current();
        List<SnapshotFollower> followers = new ArrayList<>();
        try (ControlClient control = cells.control()) {
            for (int i = 0; i < edges; i++) {
                followers.add(follower(i, folder, current));
            }
            for (SnapshotFollower follower : followers) {
                follower.start();
            }
            for (SnapshotFollower follower : followers) {
                if (!follower.awaitFirst(WAIT)) {
                    throw new IOException("no snapshot within " + WAIT + ": " + follower.health());
                }
            }
            List<Long> millis = new ArrayList<>();
            for (int i = -WARM_PUBLISHES; i < publishes; i++) {
                TimeUnit.MILLISECONDS.sleep(REST_MILLIS);
                long[] took = publish(control, current, i);
                if (i >= 0) {
                    Arrays.stream(took).forEach(millis::add);
                }
            }
            long[] sorted = millis.stream().mapToLong(Long::longValue).sorted().toArray();
            return new Spread(
                    edges,
                    publishes,
                    Figures.percentile(sorted, 0.50) / 1e6,
                    Figures.percentile(sorted, 0.99) / 1e6,
                    sorted[sorted.length - 1] / 1e6,
                    Files.size(folder.resolve("0")));
        } finally {
            followers.forEach(SnapshotFollower::close);
        }
    }

    private SnapshotFollower follower(int index, Path folder, Current current) throws IOException {
        SnapshotFollower.Source source = new SnapshotFollower.Source(
                List.of(cells.controlUrl()),
                List.of(cells.controlKey()),
                cells.nodeToken(),
                folder.resolve(Integer.toString(index)));
        SnapshotFollower follower = new SnapshotFollower(source, Clock.systemUTC(), new SecureRandom());
        follower.listen(snapshot -> applied(index, snapshot, current.round));
        return follower;
    }

    private static void applied(int index, Snapshot snapshot, Round round) {
        try {
            JsonNode section = snapshot.sections().get(RoutingTable.SECTION);
            if (section == null) {
                throw new IllegalStateException("snapshot " + snapshot.version() + " without a table");
            }
            RoutingTable.parse(section);
        } catch (TableException e) {
            throw new IllegalStateException(e);
        }
        if (snapshot.version() == round.version()) {
            round.nanos().set(index, System.nanoTime());
            round.left().countDown();
        }
    }

    /** Puts a table with another address; gives each follower's time. */
    private long[] publish(ControlClient control, Current current, int number)
            throws IOException, InterruptedException {
        MoveLedger.Configuration now = control.read();
        ObjectNode table = now.table().deepCopy().asObject();
        table.withArray("/cells/1/public")
                .removeAll()
                .add(cells.gateway(TwoCells.WEST).toString())
                .add("https://127.0.0.1:" + (10_000 + WARM_PUBLISHES + number));
        Round next = new Round(now.version() + 1, edges);
        current.round = next;
        long began = System.nanoTime();
        if (!control.put(Map.of(RoutingTable.SECTION, table), now.version(), "bench")) {
            throw new IOException("the configuration changed meanwhile (expected: by nobody else)");
        }
        if (!next.left().await(WAIT.toSeconds(), TimeUnit.SECONDS)) {
            throw new IOException(
                    next.left().getCount() + " followers do not have version " + next.version() + " within " + WAIT);
        }
        return IntStream.range(0, edges)
                .mapToLong(edge -> next.nanos().get(edge) - began)
                .toArray();
    }
}

package io.rialto.benchmark;

import io.rialto.cells.Fence;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.PostgresServer;
import io.rialto.sync.Publication;
import io.rialto.sync.Topic;
import io.rialto.sync.Versions;
import io.rialto.sync.inbox.PostgresInbox;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What the fence costs the inbox's batched writes: the inbox as it is, on a database as it is, and on one whose fence lets all
 * pass without a lock and whose tables have no guard; in turns.
 *
 * @param server of a cell; both databases are made in it
 */
record FenceCost(PostgresServer server, int rounds) {
    /** Publishes in flight; a writer's batch is what has queued while the one before was committed: some 16 and 64. */
    static final List<Integer> FLIGHTS = List.of(256, 64);

    /** Shards of a cell of two, which its four writers share. */
    static final int SHARDS = 50;

    private static final int USERS = 100_000;
    private static final int WARM_ROUNDS = 12;

    /** Short, as the machine's speed drifts by more than the fence costs: two neighbours have the same of it. */
    private static final Duration TURN = Duration.ofMillis(250);

    private static final Duration WAIT = Duration.ofSeconds(5);
    private static final Topic TOPIC = Topic.of("bench", "bench");

    private static final String UNFENCED = """
            CREATE OR REPLACE FUNCTION rialto.open_shards(shards int[]) RETURNS TABLE (shard int, epoch bigint)
                LANGUAGE sql AS 'SELECT s, 1::bigint FROM unnest(shards) AS s';
            DO $$
            DECLARE
                one record;
            BEGIN
                FOR one IN SELECT tgrelid::regclass AS name, tgname FROM pg_trigger WHERE tgname LIKE 'rialto_held_%' LOOP
                    EXECUTE format('DROP TRIGGER %I ON %s', one.tgname, one.name);
                END LOOP;
            END
            $$""";

    /**
     * What one number of publishes in flight gave, one value a round.
     *
     * @param fenced publishes per second
     * @param bare the same without the fence
     */
    record Row(int inFlight, List<Double> fenced, List<Double> bare) {
        /**
         * Of the time of a publish, within two rounds: whoever goes on from the round before finds its own pages in memory, and
         * that is the one in the first of the two and the other in the second.
         */
        double percent() {
            List<Double> ratios = new ArrayList<>();
            for (int i = 0; i + 1 < fenced.size(); i += 2) {
                double both = bare.get(i) * bare.get(i + 1) / (fenced.get(i) * fenced.get(i + 1));
                ratios.add((Math.sqrt(both) - 1) * 100);
            }
            return Figures.median(ratios);
        }
    }

    List<Row> measure() throws IOException, InterruptedException {
        try (Database fenced = database("fenced");
                Database bare = database("bare")) {
            try (Connection connection = bare.dataSource().getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute(UNFENCED);
            }
            try (PostgresInbox with = inbox(fenced);
                    PostgresInbox without = inbox(bare)) {
                List<Row> rows = new ArrayList<>();
                for (int flight : FLIGHTS) {
                    rows.add(measure(with, without, flight));
                }
                return rows;
            }
        } catch (SQLException e) {
            throw new IOException("messages were not stored", e);
        }
    }

    private Database database(String name) throws SQLException {
        Database database = Database.open(server.database(name), name, 2, WAIT);
        Fence.open(database);
        PostgresInbox.migrate(database);
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "INSERT INTO rialto.fence (shard, epoch, state) SELECT n, 1, 'OPEN' FROM generate_series(0, "
                            + (SHARDS - 1) + ") n");
        }
        return database;
    }

    private static PostgresInbox inbox(Database database) throws SQLException {
        return PostgresInbox.open(
                database.address(),
                PostgresInbox.Settings.standard(),
                () -> Map.of(TOPIC.name(), TOPIC),
                (rule, want) -> false);
    }

    private Row measure(PostgresInbox with, PostgresInbox without, int flight)
            throws InterruptedException, IOException {
        Row row = new Row(flight, new ArrayList<>(), new ArrayList<>());
        SplittableRandom random = new SplittableRandom(flight);
        for (int round = -WARM_ROUNDS; round < rounds; round++) {
            // Who comes second finds what the first one left to the machine, and is the first of the next round.
            boolean fencedFirst = round % 2 == 0;
            double first = turn(fencedFirst ? with : without, flight, random.split());
            double second = turn(fencedFirst ? without : with, flight, random.split());
            if (round >= 0) {
                row.fenced().add(fencedFirst ? first : second);
                row.bare().add(fencedFirst ? second : first);
            }
        }
        System.out.printf(
                "%d in flight: %.0f publishes/s with the fence, %.0f without, %+.1f %%%n",
                flight, Figures.median(row.fenced()), Figures.median(row.bare()), row.percent());
        return row;
    }

    /** Publishes per second. */
    @SuppressWarnings("FutureReturnValueIgnored") // the room says when all are answered
    private static double turn(PostgresInbox inbox, int flight, SplittableRandom random)
            throws InterruptedException, IOException {
        Semaphore room = new Semaphore(flight);
        AtomicInteger failed = new AtomicInteger();
        byte[] payload = new byte[PublishLoad.PAYLOAD_BYTES];
        int sent = 0;
        long began = System.nanoTime();
        while (System.nanoTime() - began < TURN.toNanos()) {
            room.acquire();
            random.nextBytes(payload);
            inbox.publish(publication(random, payload.clone())).whenComplete((stored, failure) -> {
                if (failure != null) {
                    failed.incrementAndGet();
                }
                room.release();
            });
            sent++;
        }
        room.acquire(flight);
        if (failed.get() > 0) {
            throw new IOException(failed + " of " + sent + " publishes failed (expected: none)");
        }
        return sent * 1e9 / (System.nanoTime() - began);
    }

    private static Publication publication(SplittableRandom random, byte[] payload) {
        int user = random.nextInt(USERS);
        return new Publication(
                user % SHARDS,
                1,
                Integer.toString(user),
                TOPIC.name(),
                Long.toHexString(random.nextLong()),
                null,
                null,
                "application/octet-stream",
                payload,
                Instant.now(),
                null,
                Versions.ALL,
                false,
                "",
                0);
    }
}

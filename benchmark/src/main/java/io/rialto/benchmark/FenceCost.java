package io.rialto.benchmark;

import io.rialto.cells.Fence;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresServer;
import io.rialto.sync.Publication;
import io.rialto.sync.Topic;
import io.rialto.sync.Versions;
import io.rialto.sync.inbox.PostgresInbox;
import java.io.IOException;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What the fence costs the inbox's batched writes: the inbox as it is, and, in turns with it on the same tables, one that a
 * fence without a lock lets all pass and that no guard looks at. Of two databases each would have a state of its own, of
 * vacuum and of plans, that costs more than the fence.
 *
 * @param server of a cell; a database is made in it
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

    /** Of each turn, before it counts: statements are planned anew when the function that they call is another. */
    private static final Duration LEAD = Duration.ofMillis(50);

    private static final String UNFENCED = """
            CREATE OR REPLACE FUNCTION rialto.open_shards(shards int[]) RETURNS TABLE (shard int, epoch bigint)
                LANGUAGE sql STABLE AS 'SELECT s, 1::bigint FROM unnest(shards) AS s'""";

    private static final String PASS = "SELECT pg_get_functiondef('rialto.open_shards(int[])'::regprocedure)";

    /**
     * What one number of publishes in flight gave, one value a round.
     *
     * @param fenced publishes per second
     * @param bare the same without the fence
     */
    record Row(int inFlight, List<Double> fenced, List<Double> bare) {
        /** Of the time of a publish, within two rounds, of which each began one. */
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
        byte[] secret = new byte[16];
        new SecureRandom().nextBytes(secret);
        String password = HexFormat.of().formatHex(secret);
        try (Database database = database();
                Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            // Whom no trigger stops; the one on messages that is no guard is there for all.
            statement.execute("""
                    CREATE ROLE bare SUPERUSER LOGIN PASSWORD '%s';
                    ALTER ROLE bare SET session_replication_role = replica;
                    ALTER TABLE inbox.message ENABLE ALWAYS TRIGGER webhooks""".formatted(password));
            String fence = fence(statement);
            try (PostgresInbox with = inbox(database.address());
                    PostgresInbox without = inbox(database.address().as("bare", password))) {
                List<Row> rows = new ArrayList<>();
                for (int flight : FLIGHTS) {
                    rows.add(measure(statement, new Side(with, fence), new Side(without, UNFENCED), flight));
                }
                return rows;
            }
        } catch (SQLException e) {
            throw new IOException("messages were not stored", e);
        }
    }

    /** @param pass the function that it asks the fence by */
    private record Side(PostgresInbox inbox, String pass) {}

    private static String fence(Statement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery(PASS)) {
            rows.next();
            return rows.getString(1);
        }
    }

    private Database database() throws SQLException {
        Database database = Database.open(server.database("fenced"), "fenced", 2, WAIT);
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

    private static PostgresInbox inbox(DatabaseAddress address) throws SQLException {
        return PostgresInbox.open(
                address, PostgresInbox.Settings.standard(), () -> Map.of(TOPIC.name(), TOPIC), (rule, want) -> false);
    }

    private Row measure(Statement statement, Side with, Side without, int flight)
            throws InterruptedException, IOException, SQLException {
        Row row = new Row(flight, new ArrayList<>(), new ArrayList<>());
        SplittableRandom random = new SplittableRandom(flight);
        for (int round = -WARM_ROUNDS; round < rounds; round++) {
            // Who comes second finds what the first one left to the machine, and begins the next round.
            boolean fencedFirst = round % 2 == 0;
            double first = turn(statement, fencedFirst ? with : without, flight, random.split());
            double second = turn(statement, fencedFirst ? without : with, flight, random.split());
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
    private static double turn(Statement statement, Side side, int flight, SplittableRandom random)
            throws InterruptedException, IOException, SQLException {
        statement.execute(side.pass);
        publish(side.inbox, flight, LEAD, random);
        return publish(side.inbox, flight, TURN, random);
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the room says when all are answered
    private static double publish(PostgresInbox inbox, int flight, Duration time, SplittableRandom random)
            throws InterruptedException, IOException {
        Semaphore room = new Semaphore(flight);
        AtomicInteger failed = new AtomicInteger();
        byte[] payload = new byte[PublishLoad.PAYLOAD_BYTES];
        int sent = 0;
        long began = System.nanoTime();
        while (System.nanoTime() - began < time.toNanos()) {
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

package io.rialto.benchmark;

import io.rialto.node.postgres.Database;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * What the fence costs a batch of messages: the same transaction with and without {@code rialto.open_shards} first, as the inbox
 * asks it, in turns. A batch numbers the messages of its users and stores them, each commit flushed.
 */
record FenceCost(TwoCells cells, int rounds) {
    /**
     * Messages of a transaction. The inbox's batches are what has queued while the last one was committed: some 64 with 256
     * publishes in flight, and never more than 512.
     */
    static final List<Integer> BATCHES = List.of(64, 512);

    /** One of the inbox's writers has a quarter of the shards of its cell. */
    static final int SHARDS = 12;

    private static final int FIRST_SHARD = TwoCells.EAST_SHARDS;
    private static final int USERS = 10_000;
    private static final int TRANSACTIONS = 20;
    private static final int WARM_ROUNDS = 10;

    private static final String HOLD = "SELECT shard, epoch FROM rialto.open_shards(?)";
    private static final String STORE = """
            WITH message AS (SELECT * FROM unnest(?, ?, ?) AS m(shard, uid, payload)),
            numbered AS (INSERT INTO bench.box AS b (shard, uid, last) SELECT shard, uid, 1 FROM message
                ON CONFLICT (shard, uid) DO UPDATE SET last = b.last + 1 RETURNING shard, uid, last)
            INSERT INTO bench.stored SELECT m.shard, m.uid, n.last, m.payload
            FROM message m JOIN numbered n USING (shard, uid)""";

    /**
     * What batches of one size cost, one value a round.
     *
     * @param fenced milliseconds of a transaction
     * @param bare the same without the fence
     */
    record Row(int batch, List<Double> fenced, List<Double> bare) {
        /** Within a round, as the machine is not the same from one to the next. */
        double percent() {
            List<Double> ratios = new ArrayList<>();
            for (int i = 0; i < fenced.size(); i++) {
                ratios.add((fenced.get(i) / bare.get(i) - 1) * 100);
            }
            return Figures.median(ratios);
        }
    }

    List<Row> measure(List<Integer> batches) throws IOException {
        Database database = cells.database(TwoCells.WEST);
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE bench.box (shard int, uid bigint, last bigint, PRIMARY KEY (shard, uid))"
                    + " WITH (fillfactor = 70)");
            statement.execute("CREATE TABLE bench.stored (shard int, uid bigint, number bigint, payload bytea NOT NULL,"
                    + " PRIMARY KEY (shard, uid, number))");
            statement.execute("SET synchronous_commit = on");
            List<Row> rows = new ArrayList<>();
            for (int batch : batches) {
                rows.add(measure(connection, batch));
            }
            return rows;
        } catch (SQLException e) {
            throw new IOException("batches were not written", e);
        }
    }

    private Row measure(Connection connection, int batch) throws SQLException {
        Row row = new Row(batch, new ArrayList<>(), new ArrayList<>());
        SplittableRandom random = new SplittableRandom(batch);
        connection.setAutoCommit(false);
        for (int round = -WARM_ROUNDS; round < rounds; round++) {
            // Who comes second finds warmer pages: they take turns in that as well.
            boolean fencedFirst = round % 2 == 0;
            double first = turn(connection, batch, random, fencedFirst);
            double second = turn(connection, batch, random, !fencedFirst);
            if (round >= 0) {
                row.fenced().add(fencedFirst ? first : second);
                row.bare().add(fencedFirst ? second : first);
            }
        }
        connection.setAutoCommit(true);
        System.out.printf(
                "batch of %d: %.3f ms with the fence, %.3f ms without, %+.1f %%%n",
                batch, Figures.median(row.fenced()), Figures.median(row.bare()), row.percent());
        return row;
    }

    /** The median of some transactions, in milliseconds. */
    private static double turn(Connection connection, int batch, SplittableRandom random, boolean fenced)
            throws SQLException {
        List<Double> millis = new ArrayList<>();
        try (@Nullable PreparedStatement hold = fenced ? connection.prepareStatement(HOLD) : null;
                PreparedStatement store = connection.prepareStatement(STORE)) {
            for (int i = 0; i < TRANSACTIONS; i++) {
                bind(connection, store, batch, random);
                long began = System.nanoTime();
                if (hold != null) {
                    hold(connection, hold);
                }
                store.executeUpdate();
                connection.commit();
                millis.add((System.nanoTime() - began) / 1e6);
            }
        }
        return Figures.median(millis);
    }

    private static void hold(Connection connection, PreparedStatement hold) throws SQLException {
        Integer[] shards = new Integer[SHARDS];
        for (int i = 0; i < SHARDS; i++) {
            shards[i] = FIRST_SHARD + i;
        }
        hold.setArray(1, connection.createArrayOf("int4", shards));
        try (ResultSet rows = hold.executeQuery()) {
            int open = 0;
            while (rows.next()) {
                open++;
            }
            if (open < SHARDS) {
                throw new SQLException(open + " shards are open (expected: " + SHARDS + ")");
            }
        }
    }

    /** Each message to another user. */
    private static void bind(Connection connection, PreparedStatement store, int batch, SplittableRandom random)
            throws SQLException {
        Integer[] shards = new Integer[batch];
        Long[] uids = new Long[batch];
        byte[][] payloads = new byte[batch][PublishLoad.PAYLOAD_BYTES];
        int first = random.nextInt(USERS);
        for (int i = 0; i < batch; i++) {
            int user = (first + i * 17) % USERS;
            shards[i] = FIRST_SHARD + user % SHARDS;
            uids[i] = (long) user;
            random.nextBytes(payloads[i]);
        }
        store.setArray(1, connection.createArrayOf("int4", shards));
        store.setArray(2, connection.createArrayOf("int8", uids));
        store.setArray(3, connection.createArrayOf("bytea", payloads));
    }
}

package io.rialto.benchmark;

import io.rialto.cells.move.MoveException;
import io.rialto.cells.move.MoveReport;
import io.rialto.cells.move.MoveWatch;
import io.rialto.cells.move.Mover;
import io.rialto.node.postgres.Database;
import java.io.IOException;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * Moves of one shard to and fro between two cells that serve it, and of all shards out of one.
 */
record CellMoves(TwoCells cells, CellsReport.Setting setting) {
    private static final int SHARD = 7;

    /** Of a process that has moved nothing yet, most of the time is the JVM's. */
    private static final int WARM_MOVES = 2;

    private static final int WARM_SECONDS = 10;
    /** Before and behind each move, so that a gap at its edge is seen whole. */
    private static final long REST_MILLIS = 300;

    /**
     * What moves of one shard were like, one value a move.
     *
     * @param wrong by how much the counters differ from the acknowledged writes; 0 where none is lost and none doubled
     */
    record Moved(
            List<Double> freeze,
            List<Double> gap,
            List<Double> seconds,
            double writesPerSecond,
            long failed,
            long wrong) {}

    /** @param wrong as of {@link Moved} */
    record Drained(int shards, int atOnce, double seconds, double gap, long failed, long wrong) {}

    Moved toAndFro(int moves) throws IOException, InterruptedException {
        fill(SHARD, setting.rows());
        Moved moved = new Moved(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), 0, 0, 0);
        try (ControlClient control = cells.control();
                CounterLoad load = new CounterLoad(cells, setting.writers(), List.of(SHARD), setting.rows())) {
            Mover mover = mover(control);
            TimeUnit.SECONDS.sleep(WARM_SECONDS);
            for (int i = 0; i < WARM_MOVES; i++) {
                mover.move(SHARD, i % 2 == 0 ? TwoCells.WEST : TwoCells.EAST);
            }
            long before = load.acknowledged();
            long began = System.nanoTime();
            for (int i = 0; i < moves; i++) {
                load.forgetGap();
                TimeUnit.MILLISECONDS.sleep(REST_MILLIS);
                MoveReport report = mover.move(SHARD, i % 2 == 0 ? TwoCells.WEST : TwoCells.EAST);
                TimeUnit.MILLISECONDS.sleep(REST_MILLIS);
                moved.freeze().add(report.freeze().toNanos() / 1e6);
                moved.gap().add(load.gapMillis());
                moved.seconds().add(report.total().toNanos() / 1e9);
                System.out.printf(
                        "move %2d: %d rows in %.2f s, closed for %6.1f ms, %6.1f ms without a write%n",
                        i + 1,
                        report.rows(),
                        report.total().toNanos() / 1e9,
                        report.freeze().toNanos() / 1e6,
                        moved.gap().getLast());
            }
            double perSecond = (load.acknowledged() - before) / ((System.nanoTime() - began) / 1e9);
            load.close();
            report(load);
            return new Moved(
                    moved.freeze(),
                    moved.gap(),
                    moved.seconds(),
                    perSecond,
                    load.failed(),
                    sum(moves % 2 == 0 ? TwoCells.EAST : TwoCells.WEST, SHARD, SHARD) - load.acknowledged());
        } catch (MoveException | SQLException e) {
            throw new IOException("a shard was not moved", e);
        }
    }

    /** All shards of east go west. */
    Drained drain(int atOnce) throws IOException, InterruptedException {
        List<Integer> shards = IntStream.range(0, TwoCells.EAST_SHARDS).boxed().toList();
        for (int shard : shards) {
            if (shard != SHARD) {
                fill(shard, setting.otherRows());
            }
        }
        long already = sum(TwoCells.EAST, 0, TwoCells.EAST_SHARDS - 1);
        try (ControlClient control = cells.control();
                CounterLoad load = new CounterLoad(cells, setting.writers(), shards, setting.otherRows())) {
            TimeUnit.SECONDS.sleep(2);
            load.forgetGap();
            long began = System.nanoTime();
            moveAll(mover(control), shards, atOnce);
            double seconds = (System.nanoTime() - began) / 1e9;
            double gap = load.gapMillis();
            load.close();
            report(load);
            System.out.printf("drained %d shards in %.1f s%n", shards.size(), seconds);
            return new Drained(
                    shards.size(),
                    atOnce,
                    seconds,
                    gap,
                    load.failed(),
                    sum(TwoCells.WEST, 0, TwoCells.EAST_SHARDS - 1) - already - load.acknowledged());
        }
    }

    private static void moveAll(Mover mover, List<Integer> shards, int atOnce)
            throws IOException, InterruptedException {
        List<Future<MoveReport>> moves = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(atOnce)) {
            shards.forEach(shard -> moves.add(threads.submit(() -> mover.move(shard, TwoCells.WEST))));
            for (Future<MoveReport> one : moves) {
                one.get();
            }
        } catch (ExecutionException e) {
            throw new IOException("a shard was not moved", e.getCause());
        }
    }

    private void report(CounterLoad load) throws IOException {
        if (load.failed() > 0) {
            System.out.println(load.failed() + " calls failed: " + load.firstFailure());
            cells.complaints().forEach(System.out::println);
        }
    }

    private Mover mover(ControlClient control) {
        return new Mover(
                cells.databases(), control, MoveWatch.none(), Mover.Options.standard("bench"), new SecureRandom());
    }

    /** Gives a shard its rows, in the cell that it is in at first. */
    private void fill(int shard, int count) throws IOException {
        Database east = cells.database(TwoCells.EAST);
        try (Connection connection = east.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("SELECT rialto.fence(" + shard + ", 1)");
            statement.execute("INSERT INTO " + CounterBackend.TABLE + " SELECT " + shard
                    + ", i, 0, md5(i::text) || md5((-i)::text) FROM generate_series(0, " + (count - 1) + ") i");
            connection.commit();
            connection.setAutoCommit(true);
        } catch (SQLException e) {
            throw new IOException("shard " + shard + " got no rows", e);
        }
    }

    private long sum(String cell, int from, int to) throws IOException {
        try (Connection connection = cells.database(cell).dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT coalesce(sum(value), 0) FROM " + CounterBackend.TABLE
                        + " WHERE shard BETWEEN " + from + " AND " + to)) {
            row.next();
            return row.getLong(1);
        } catch (SQLException e) {
            throw new IOException("the counters of " + cell + " cannot be read", e);
        }
    }
}

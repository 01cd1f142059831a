package io.rialto.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Moves, drains, failovers, the table's way to edges, and what the fence costs. */
@Command(
        name = "cells",
        mixinStandardHelpOptions = true,
        description =
                "Moves of shards under load, draining a cell, failover of a unit, the routing table's way to edges,"
                        + " locate, and the cost of the fence.")
final class CellsCommand implements Callable<Integer> {
    private static final int AT_ONCE = 4;

    @Option(names = "--quick", description = "Under 3 minutes: fewer moves, rows and rounds; writes no table.")
    boolean quick;

    @Option(names = "--json", paramLabel = "FILE", description = "Where the goals and figures go.")
    @Nullable
    Path json;

    @Option(names = "--moves", description = "Moves of one shard (default: ${DEFAULT-VALUE}).")
    int moves = 20;

    @Option(names = "--rows", description = "Rows of that shard (default: ${DEFAULT-VALUE}).")
    int rows = 100_000;

    @Option(names = "--writers", description = "Phones that write (default: ${DEFAULT-VALUE}).")
    int writers = 16;

    @Option(names = "--edges", description = "Followers of the table (default: ${DEFAULT-VALUE}).")
    int edges = 100;

    @Override
    public Integer call() throws Exception {
        if (quick) {
            moves = 6;
            rows = 20_000;
        }
        long start = System.nanoTime();
        Tools.install(Tools.CELLS);
        Path folder = Files.createTempDirectory("rialto-bench");
        Scene scene = Scene.create(folder);
        report(measure(scene));
        Tools.delete(folder);
        System.out.printf("%nTook %d s.%n", TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start));
        return 0;
    }

    private CellsReport measure(Scene scene) throws Exception {
        CellsReport.Setting setting = new CellsReport.Setting(writers, rows, quick ? 200 : 2_000);
        // Alone first: what a cell leaves behind would be in its figures.
        CellsReport.Locate locate = PiecesCommand.locate(quick);
        UnitFailover.Failovers failovers = new UnitFailover(scene, quick ? 1 : 3).measure();
        String processors = "0-" + (Runtime.getRuntime().availableProcessors() - 1);
        try (TwoCells cells = TwoCells.start(scene, processors)) {
            CellMoves measured = new CellMoves(cells, setting);
            CellMoves.Moved moved = measured.toAndFro(moves);
            CellMoves.Drained drained = measured.drain(AT_ONCE);
            TableSpread.Spread spread = new TableSpread(cells, edges, quick ? 5 : 20).measure();
            List<FenceCost.Row> fence = new FenceCost(cells.server(TwoCells.WEST), quick ? 16 : 60).measure();
            return new CellsReport(setting, moved, drained, failovers, spread, locate, fence);
        }
    }

    private void report(CellsReport report) throws IOException {
        String page = setUp() + report.page();
        System.out.println(page);
        if (quick) {
            System.out.println("Quick: " + moves + " moves of " + rows + " rows, fewer rounds; no table written.");
        } else {
            BenchmarkPage.replace("cells", page);
        }
        if (json != null) {
            Goal.write(json, report.goals(), report.figures());
        }
        Goal.print(report.goals());
    }

    private String setUp() throws IOException {
        return Machine.describe()
                + ". All processors are shared by the edges, control, the databases, the backend and the"
                + " phones. Edges and control are processes of `rialto node`, JVM " + String.join(" ", RialtoEdge.JVM)
                + "; each cell has a PostgreSQL server of its own (fsync, synchronous_commit and full_page_writes on,"
                + " 128 MB of shared buffers).\n\n";
    }
}

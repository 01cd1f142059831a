package io.rialto.server;

import io.rialto.cells.Cell;
import io.rialto.cells.Place;
import io.rialto.cells.RoutingTable;
import io.rialto.cells.move.MoveException;
import io.rialto.cells.move.Mover;
import java.io.IOException;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Moves all shards out of a cell. */
@Command(
        name = "drain",
        description = "Move all shards of users out of a cell, some at once; again, to go on where it was interrupted.",
        mixinStandardHelpOptions = true)
final class CellsDrainCommand implements Callable<Integer> {
    /** Each has a stream, of which a server takes a limited number. */
    private static final int MOST_AT_ONCE = 16;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before the command runs
    private CommandSpec spec;

    @Mixin
    private final CellsMoves moves = new CellsMoves();

    @Option(names = "--cell", required = true, description = "Id of the cell that is to be empty.")
    @SuppressWarnings("NullAway.Init") // required
    private String cell;

    @Option(
            names = "--to",
            paramLabel = "CELL",
            description = "The cell that gets them; without it they are spread over all other regional ones.")
    @Nullable
    private String to;

    @Option(names = "--at-once", paramLabel = "N", description = "Shards that move at the same time.")
    private int atOnce = 4;

    @Override
    public Integer call() throws InterruptedException {
        if (atOnce < 1 || atOnce > MOST_AT_ONCE) {
            throw new CommandFailure("--at-once: " + atOnce + " (expected: 1.." + MOST_AT_ONCE + ")");
        }
        RoutingTable table = CellsCommand.table(moves.client());
        List<String> targets = targets(table);
        List<Integer> shards = table.places().stream()
                .filter(place -> place.shard() != RoutingTable.GLOBAL_SHARD
                        && place.cell().id().equals(cell))
                .map(Place::shard)
                .toList();
        PrintWriter out = spec.commandLine().getOut();
        List<String> problems = new ArrayList<>();
        moves.run(out, mover -> problems.addAll(drain(out, mover, shards, targets)));
        if (!problems.isEmpty()) {
            throw new CommandFailure(String.join("\n", problems));
        }
        UpCommand.say(out, "cell " + cell + " has no shard of users any more: " + shards.size() + " moved");
        return 0;
    }

    private List<String> targets(RoutingTable table) {
        List<String> targets = table.cells().stream()
                .filter(one -> one.type() == Cell.Type.REGIONAL)
                .map(Cell::id)
                .filter(id -> to == null ? !id.equals(cell) : id.equals(to))
                .sorted()
                .toList();
        if (table.cell(cell).isEmpty() || targets.isEmpty()) {
            throw new CommandFailure("--cell: " + cell + ", --to: " + to + " (expected: cells of the routing table,"
                    + " the second a regional one)");
        }
        return targets;
    }

    private List<String> drain(PrintWriter out, Mover mover, List<Integer> shards, List<String> targets)
            throws InterruptedException {
        List<Future<?>> running = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(atOnce)) {
            for (int i = 0; i < shards.size(); i++) {
                int shard = shards.get(i);
                String target = targets.get(i % targets.size());
                running.add(threads.submit(() -> move(out, mover, shard, target)));
            }
            for (Future<?> one : running) {
                try {
                    one.get();
                } catch (ExecutionException e) {
                    problems.add(String.valueOf(e.getMessage()));
                }
            }
        }
        return problems;
    }

    private static Void move(PrintWriter out, Mover mover, int shard, String target)
            throws MoveException, SQLException, IOException, InterruptedException {
        CellsMoves.say(out, mover.move(shard, target));
        return null;
    }
}

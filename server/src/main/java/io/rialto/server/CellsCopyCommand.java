package io.rialto.server;

import io.rialto.cells.RoutingTable;
import io.rialto.cells.move.GlobalCopy;
import io.rialto.cells.move.MoveException;
import io.rialto.node.postgres.Database;
import java.io.PrintWriter;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Makes the copies of the global data that no rialto on this machine looks after. */
@Command(
        name = "copy",
        description = "Copy the global data to cells where no copy follows; to be done after their backends have made"
                + " their tables, and again after a failover of the global unit. 'up' does so by itself.",
        mixinStandardHelpOptions = true)
final class CellsCopyCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before the command runs
    private CommandSpec spec;

    @Mixin
    private final CellsMoves moves = new CellsMoves();

    @Option(names = "--cell", description = "The cell that gets a copy; without it all whose databases are known.")
    @Nullable
    private String cell;

    @Override
    public Integer call() throws InterruptedException {
        RoutingTable table = CellsCommand.table(moves.client());
        String global = table.global().cell().id();
        Map<String, Database> cells = moves.open();
        PrintWriter out = spec.commandLine().getOut();
        boolean waits = false;
        try {
            Database owner = cells.get(global);
            if (owner == null || cell != null && (cell.equals(global) || !cells.containsKey(cell))) {
                throw new CommandFailure("--cell: " + cell + ", databases of " + cells.keySet() + " (expected: that of "
                        + global + ", and of the cell that gets a copy; name others with --database)");
            }
            for (Map.Entry<String, Database> one : cells.entrySet()) {
                if (!one.getKey().equals(global)
                        && (cell == null || one.getKey().equals(cell))) {
                    GlobalCopy.Look look =
                            new GlobalCopy(one.getKey(), owner, one.getValue(), new SecureRandom()).keep();
                    waits |= look.state() == GlobalCopy.State.WAITS;
                    String state = switch (look.state()) {
                        case FOLLOWS -> "follows: ";
                        case MADE -> "made: ";
                        case WAITS -> "cannot be made yet: ";
                    };
                    UpCommand.say(out, "cell " + one.getKey() + " " + state + look.why());
                }
            }
        } catch (MoveException e) {
            throw new CommandFailure(String.valueOf(e.getMessage()));
        } catch (SQLException e) {
            throw new CommandFailure(
                    "a cell's database: " + e.getMessage() + " (try again; a copy that was made stays)");
        } finally {
            cells.values().forEach(Database::close);
        }
        return waits ? 1 : 0;
    }
}

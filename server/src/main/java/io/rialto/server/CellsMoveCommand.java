package io.rialto.server;

import io.rialto.cells.move.MoveException;
import io.rialto.cells.move.Mover;
import io.rialto.cells.move.Split;
import java.io.IOException;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Moves a shard, or a single user. */
@Command(
        name = "move",
        description =
                "Move a shard or a user to another cell while it is used; again, to go on with a move that was interrupted.",
        mixinStandardHelpOptions = true)
final class CellsMoveCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before the command runs
    private CommandSpec spec;

    @Mixin
    private final CellsMoves moves = new CellsMoves();

    @Option(names = "--shard", description = "The shard; that of a single user is 1000 or more.")
    @Nullable
    private Integer shard;

    @Option(
            names = "--user",
            paramLabel = "USER",
            description = "A single user, who gets a shard of their own first where they have none.")
    @Nullable
    private String user;

    @Option(names = "--to", paramLabel = "CELL", description = "Id of the cell that gets it.")
    @Nullable
    private String cell;

    @Option(names = "--home", description = "With --user: back to the shard and the cell that the user is in by id.")
    private boolean home;

    @Override
    public Integer call() throws InterruptedException {
        if ((shard == null) == (user == null) || (cell == null) != home || home && user == null) {
            throw new CommandFailure("move: --shard " + shard + ", --user " + user + ", --to " + cell
                    + (home ? ", --home" : "")
                    + " (expected: --shard N --to CELL, --user USER --to CELL, or --user USER"
                    + " --home)");
        }
        moves.run(spec.commandLine().getOut(), this::move);
        return 0;
    }

    private void move(Mover mover) throws MoveException, SQLException, IOException, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        if (shard != null) {
            CellsMoves.say(out, mover.move(shard, Objects.requireNonNull(cell)));
        } else if (home) {
            Split split = mover.home(Objects.requireNonNull(user));
            UpCommand.say(out, "user " + split.user() + " is in shard " + split.common() + " again");
        } else {
            CellsMoves.say(out, mover.move(Objects.requireNonNull(user), Objects.requireNonNull(cell)));
        }
    }
}

package io.rialto.server;

import io.rialto.cells.move.MoveException;
import io.rialto.cells.move.Mover;
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

/** Takes a move back. */
@Command(
        name = "cancel",
        description = "Take the move of a shard or a user back, which is possible until the other cell has opened it.",
        mixinStandardHelpOptions = true)
final class CellsCancelCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before the command runs
    private CommandSpec spec;

    @Mixin
    private final CellsMoves moves = new CellsMoves();

    @Option(names = "--shard", description = "The shard whose move is under way.")
    @Nullable
    private Integer shard;

    @Option(names = "--user", paramLabel = "USER", description = "The user whose way to another shard is under way.")
    @Nullable
    private String user;

    @Override
    public Integer call() throws InterruptedException {
        if ((shard == null) == (user == null)) {
            throw new CommandFailure("cancel: --shard " + shard + ", --user " + user + " (expected: one of them)");
        }
        moves.run(spec.commandLine().getOut(), this::cancel);
        return 0;
    }

    private void cancel(Mover mover) throws MoveException, SQLException, IOException, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        if (shard != null) {
            CellsMoves.say(out, mover.cancel(shard));
        } else if (mover.cancel(Objects.requireNonNull(user))) {
            UpCommand.say(out, "user " + user + " is where they were");
        } else {
            throw new CommandFailure("user " + user + ": is in the other shard already (expected: a cancel before that;"
                    + " start the move again to bring it to its end)");
        }
    }
}

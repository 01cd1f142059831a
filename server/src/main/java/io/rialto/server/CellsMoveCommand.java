package io.rialto.server;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Moves a shard. */
@Command(
        name = "move",
        description =
                "Move a shard to another cell while it is used; again, to go on with a move that was interrupted.",
        mixinStandardHelpOptions = true)
final class CellsMoveCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before the command runs
    private CommandSpec spec;

    @Mixin
    private final CellsMoves moves = new CellsMoves();

    @Option(names = "--shard", required = true, description = "The shard; that of a single user is 1000 or more.")
    private int shard;

    @Option(names = "--to", required = true, paramLabel = "CELL", description = "Id of the cell that gets it.")
    @SuppressWarnings("NullAway.Init") // required
    private String cell;

    @Override
    public Integer call() throws InterruptedException {
        moves.run(
                spec.commandLine().getOut(),
                mover -> CellsMoves.say(spec.commandLine().getOut(), mover.move(shard, cell)));
        return 0;
    }
}

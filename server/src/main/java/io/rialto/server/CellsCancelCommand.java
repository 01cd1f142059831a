package io.rialto.server;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Takes a move back. */
@Command(
        name = "cancel",
        description = "Take the move of a shard back, which is possible until the other cell has opened it.",
        mixinStandardHelpOptions = true)
final class CellsCancelCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before the command runs
    private CommandSpec spec;

    @Mixin
    private final CellsMoves moves = new CellsMoves();

    @Option(names = "--shard", required = true, description = "The shard whose move is under way.")
    private int shard;

    @Override
    public Integer call() throws InterruptedException {
        moves.run(
                spec.commandLine().getOut(),
                mover -> CellsMoves.say(spec.commandLine().getOut(), mover.cancel(shard)));
        return 0;
    }
}

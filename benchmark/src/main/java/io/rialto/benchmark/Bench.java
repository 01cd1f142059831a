package io.rialto.benchmark;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code rialto bench}: measures and reports; a missed goal is reported and never an exit code. */
@Command(
        name = "rialto bench",
        description = "Measures Rialto, and its peers, on this machine.",
        mixinStandardHelpOptions = true,
        subcommands = {GatewayCommand.class, SyncCommand.class, CellsCommand.class, PiecesCommand.class})
public final class Bench implements Runnable {
    @CommandLine.Spec
    CommandLine.Model.@org.jspecify.annotations.Nullable CommandSpec spec;

    private Bench() {}

    @Override
    public void run() {
        java.util.Objects.requireNonNull(spec).commandLine().usage(System.out);
    }

    public static void main(String[] arguments) {
        // Stopped early, nothing that was started may stay behind: it would spoil the next run.
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform()
                        .unstarted(() -> ProcessHandle.current().descendants().forEach(ProcessHandle::destroy)));
        System.exit(new CommandLine(new Bench()).execute(arguments));
    }
}

package io.rialto.server;

import io.rialto.node.LogSettings;
import io.rialto.node.Logging;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** The program. Exit codes: 0 done, 1 what was asked for failed, 2 wrong usage, 70 a bug of ours. */
@Command(
        name = "rialto",
        description =
                "An open platform for large mobile apps: calls and messages between phones and the cells of a backend.",
        mixinStandardHelpOptions = true,
        versionProvider = Rialto.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            UpCommand.class,
            DemoCommand.class,
            CallCommand.class,
            PublishCommand.class,
            TraceCommand.class,
            ConfigCommand.class,
            KeysCommand.class,
            CellsCommand.class,
            NodeCommand.class,
            BenchCommand.class,
            ChaosCommand.class,
            CompletionCommand.class
        },
        footer = {"", "Also: ./rialto test runs every check of the project (see README.md)."})
public final class Rialto {
    static final int FAILED = 1;
    static final int BUG = 70;

    private Rialto() {}

    public static void main(String[] arguments) {
        // Until a command says otherwise: libraries' own words are not for somebody who types a command.
        Logging.start(new LogSettings(LogSettings.Format.PLAIN, LogSettings.Level.WARN));
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        CommandLine program = new CommandLine(new Rialto())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((failure, command, parsed) -> report(failure, command));
        // Its options are the other program's.
        Objects.requireNonNull(program.getSubcommands().get("bench")).setUnmatchedOptionsArePositionalParams(true);
        return program;
    }

    private static int report(Exception failure, CommandLine command) {
        if (failure instanceof CommandFailure) {
            command.getErr().println("rialto: " + failure.getMessage());
            return FAILED;
        }
        command.getErr().println("rialto: unexpected: " + failure);
        failure.printStackTrace(command.getErr());
        return BUG;
    }

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Rialto.class.getPackage().getImplementationVersion();
            return new String[] {
                "rialto " + (version == null ? "0.1.0-SNAPSHOT" : version),
                "java " + Runtime.version() + " on " + System.getProperty("os.name") + " "
                        + System.getProperty("os.arch")
            };
        }
    }
}

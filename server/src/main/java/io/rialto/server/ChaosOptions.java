package io.rialto.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What all fault tests are told alike, and what they do with it. */
final class ChaosOptions {
    private static final int MAX_MINUTES = 24 * 60;
    private static final int MAX_SEED = 1_000_000;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init") // set by picocli before call
    private CommandSpec spec;

    @Option(names = "--minutes", description = "How long faults are made (default: ${DEFAULT-VALUE}).")
    private int minutes = 3;

    @Option(
            names = "--seed",
            description = "Of the faults and their order: the same again for the same number (default: a new one).")
    private @Nullable Long seed;

    @Option(names = "--quick", description = "A few short faults instead, some 40 s in all.")
    private boolean quick;

    @Option(names = "--json", paramLabel = "FILE", description = "Write goals, times and findings to a file.")
    private @Nullable Path json;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Directory to use and keep, with the history and all logs (default: a temporary one, kept if"
                    + " something was found).")
    private @Nullable Path data;

    /** A fault test. */
    @FunctionalInterface
    interface Test {
        /** Whether all was fine. */
        boolean run(DataDirectory directory, long seed) throws Exception;
    }

    /** What is to be ended in any case. */
    @FunctionalInterface
    interface End {
        void run() throws IOException, InterruptedException;
    }

    boolean quick() {
        return quick;
    }

    Duration length() {
        return Duration.ofMinutes(minutes);
    }

    /** Where goals and findings are to be written. */
    Optional<Path> json() {
        return Optional.ofNullable(json);
    }

    /** Runs a test; gives the exit code. */
    int run(Test test) throws Exception {
        if (minutes < 1 || minutes > MAX_MINUTES) {
            throw new CommandFailure("--minutes: " + minutes + " (expected: 1.." + MAX_MINUTES + ")");
        }
        long chosen = seed == null ? new SecureRandom().nextInt(1, MAX_SEED) : seed;
        Path folder = data == null ? Files.createTempDirectory("rialto-chaos-") : data;
        boolean fine = false;
        try (DataDirectory directory = new DataDirectory(folder).hold()) {
            fine = test.run(directory, chosen);
        } finally {
            if (data == null && fine) {
                deleteAll(folder);
            }
        }
        if (!fine) {
            say("not fine; history and logs are in " + folder);
        }
        return fine ? 0 : Rialto.FAILED;
    }

    /** Runs a test that leaves nothing behind, also where it is interrupted. */
    boolean runAndEnd(DataDirectory directory, long chosen, Test test, End end) throws Exception {
        Thread hook = Thread.ofPlatform().unstarted(() -> end(end));
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            return test.run(directory, chosen);
        } finally {
            // Refused where the hook itself is what ended the run.
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
                end(end);
            } catch (IllegalStateException e) {
                say("interrupted");
            }
        }
    }

    private void end(End end) {
        try {
            end.run();
        } catch (IOException e) {
            say("not all was ended: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    void say(String line) {
        UpCommand.say(spec.commandLine().getOut(), line);
    }

    private static void deleteAll(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}

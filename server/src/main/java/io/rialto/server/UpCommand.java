package io.rialto.server;

import io.rialto.node.LogSettings;
import io.rialto.node.Logging;
import io.rialto.node.Settings;
import io.rialto.node.SettingsException;
import io.rialto.node.postgres.DatabaseSettings;
import io.rialto.server.LocalStack.Plan;
import io.rialto.server.Topology.OneCell;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs everything on this machine until it is told to stop. */
@Command(
        name = "up",
        description = "Run control, three cells and the wallet on this machine, until SIGTERM or Ctrl-C.",
        mixinStandardHelpOptions = true)
final class UpCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call
    private CommandSpec spec;

    @Mixin
    private final DataOption data = new DataOption();

    @Mixin
    private final StackOptions options = new StackOptions();

    /** What {@code up} and {@code demo} share. */
    static final class StackOptions {
        /** The last of the ports that follow is 1010 above. */
        private static final int HIGHEST_BASE = 64_000;

        /** Each is a whole PostgreSQL on this machine, for each of three cells. */
        private static final int MOST_STANDBYS = 4;

        @Option(
                names = "--port-base",
                paramLabel = "PORT",
                description = "First public port; the others follow from it (docs/operations.md). 0 takes free ones"
                        + " (default: 8443; the demo's is 0).")
        private @Nullable Integer portBase;

        @Option(
                names = "--database-settings",
                paramLabel = "NAME=FILE",
                description =
                        "Settings file of an external database (url, user, password-file) for control, east, west or"
                                + " global; once for each. Without it the database is embedded.")
        private Map<String, Path> databases = new LinkedHashMap<>();

        @Option(
                names = "--standbys",
                paramLabel = "N",
                description = "PostgreSQL standbys of each cell's embedded database, 0..4; those that a data directory"
                        + " has already are started in any case (docs/cells.md; default: ${DEFAULT-VALUE}).")
        private int standbys = 0;

        @Option(
                names = "--remote",
                description =
                        "A copy of each regional cell's embedded database that nobody waits for, as one in another"
                                + " city; those that a data directory has already are started in any case (docs/cells.md).")
        private boolean remote;

        @Option(
                names = "--log",
                paramLabel = "plain|json",
                description = "Form of the log (default: ${DEFAULT-VALUE}).")
        private LogSettings.Format log = LogSettings.Format.PLAIN;

        @Option(
                names = "--log-level",
                paramLabel = "LEVEL",
                description = "Least level that is logged (default: ${DEFAULT-VALUE}).")
        private LogSettings.Level level = LogSettings.Level.WARN;

        void startLog() {
            Logging.start(new LogSettings(log, level));
        }

        /** @param defaultBase first port where none is given */
        Plan plan(JavaPrograms programs, int defaultBase) {
            int base = portBase == null ? defaultBase : portBase;
            if (base < 0 || base > HIGHEST_BASE) {
                throw new CommandFailure("--port-base: " + base + " (expected: 0.." + HIGHEST_BASE + ")");
            }
            if (standbys < 0 || standbys > MOST_STANDBYS) {
                throw new CommandFailure("--standbys: " + standbys + " (expected: 0.." + MOST_STANDBYS + ")");
            }
            Map<String, DatabaseSettings> external = new LinkedHashMap<>();
            databases.forEach((name, file) -> external.put(name, settings(name, file)));
            Topology topology = Topology.standard(base);
            List<Integer> busy = topology.busyPorts();
            if (!busy.isEmpty()) {
                throw new CommandFailure("ports " + busy + " of 127.0.0.1 are in use by another program (stop it, or"
                        + " give another --port-base; 0 takes free ports)");
            }
            return new Plan(
                    topology,
                    external,
                    LocalStack.section(programs.walletOperations()),
                    LocalStack.section(programs.walletTopics()),
                    new LocalDatabases.Replicas(standbys, remote ? topology.regional() : Set.of()));
        }

        private static DatabaseSettings settings(String name, Path file) {
            try {
                return Settings.empty().withFile(file).bind(DatabaseSettings.class);
            } catch (SettingsException e) {
                throw new CommandFailure("--database-settings " + name + ": " + e.getMessage());
            }
        }
    }

    @Override
    public Integer call() throws Exception {
        options.startLog();
        PrintWriter out = spec.commandLine().getOut();
        JavaPrograms programs = JavaPrograms.find();
        CountDownLatch stopped = new CountDownLatch(1);
        try (DataDirectory directory = data.directory().hold()) {
            Plan plan = options.plan(programs, Topology.DEFAULT_BASE);
            say(out, "starting in " + directory.root() + " ...");
            LocalStack stack = LocalStack.start(directory, plan, new SecureRandom(), line -> say(out, line));
            Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> {
                say(out, "stopping: calls in flight end first ...");
                stack.close();
                say(out, "stopped");
                stopped.countDown();
            }));
            stack.startWallet(programs);
            describe(out, directory, plan.topology());
            stopped.await();
        }
        return 0;
    }

    static void describe(PrintWriter out, DataDirectory directory, Topology topology) {
        for (OneCell cell : topology.cells()) {
            say(
                    out,
                    String.format(
                            "cell %-7s %s (internal http://%s)", cell.id(), cell.publicUrl(), cell.internalAddress()));
        }
        say(out, "control      " + topology.controlUrl() + " (token in " + LocalStack.adminToken(directory) + ")");
        say(out, "trust        " + directory.path("tls", "ca.pem"));
        say(out, "ready; how to call the wallet: ./rialto call --help");
    }

    static void say(@Nullable PrintWriter out, String line) {
        if (out != null) {
            out.println(line);
            out.flush();
        }
    }
}

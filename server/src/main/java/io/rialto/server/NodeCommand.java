package io.rialto.server;

import io.rialto.control.ControlSettings;
import io.rialto.node.LogSettings;
import io.rialto.node.Logging;
import io.rialto.node.Setting;
import io.rialto.node.Settings;
import io.rialto.node.SettingsException;
import io.rialto.node.postgres.DatabaseSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs one role in one process, as on a machine of its own. */
@Command(
        name = "node",
        description = "Run one role, an edge or control, until SIGTERM or Ctrl-C.",
        mixinStandardHelpOptions = true,
        footer = {"", "Settings come from --settings, then RIALTO_... variables, then --set (docs/configuration.md)."})
final class NodeCommand implements Callable<Integer> {
    /** Variables of the launcher and of other commands, which are no settings. */
    private static final Set<String> NO_SETTINGS = Set.of("RIALTO_JAVA_OPTS", "RIALTO_DATA");

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call
    private CommandSpec spec;

    @Option(names = "--role", required = true, description = "One of ${COMPLETION-CANDIDATES}.")
    private Role role = Role.EDGE;

    @Option(names = "--cell", description = "Id of the edge's cell; as --set edge-cell=ID.")
    @Nullable
    private String cell;

    @Option(names = "--settings", paramLabel = "FILE", description = "Settings, key=value a line.")
    @Nullable
    private Path file;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "One setting; once for each.")
    private Map<String, String> set = new LinkedHashMap<>();

    private enum Role {
        EDGE,
        CONTROL
    }

    /** Settings of a process that is one edge. */
    record EdgeProcess(
            EdgeSettings edge,
            DatabaseSettings inbox,
            LogSettings log,

            @Setting(value = "60s", doc = "How long a first start waits for a first configuration.")
            Duration patience) {}

    /** Settings of a process that is control. */
    record ControlProcess(
            ControlSettings control,
            DatabaseSettings database,
            LogSettings log,

            @Setting(value = "data", doc = "Directory of the embedded database, where control has no external one.")
            Path data) {}

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        switch (role) {
            case EDGE -> edge(out);
            case CONTROL -> control(out);
        }
        return 0;
    }

    private void edge(PrintWriter out) throws Exception {
        if (cell != null) {
            set.putIfAbsent("edge-cell", cell);
        }
        EdgeProcess process = bind(EdgeProcess.class);
        Logging.start(process.log());
        EdgeNode edge = started(process);
        UpCommand.say(
                out,
                "edge " + process.edge().node() + " of cell " + process.edge().cell() + " serves "
                        + edge.publicAddress());
        untilStopped(() -> {
            edge.leave(process.edge().drainNotice());
            edge.close();
        });
    }

    private static EdgeNode started(EdgeProcess process) throws InterruptedException {
        try {
            return EdgeNode.start(
                    process.edge(), process.inbox().external(), process.patience(), new SecureRandom(), snapshot -> {});
        } catch (IOException | IllegalArgumentException e) {
            throw new CommandFailure("edge " + process.edge().node() + " of cell "
                    + process.edge().cell() + " does not start: " + e.getMessage());
        }
    }

    private void control(PrintWriter out) throws Exception {
        ControlProcess process = bind(ControlProcess.class);
        Logging.start(process.log());
        SecureRandom random = new SecureRandom();
        try (DataDirectory data = new DataDirectory(process.data()).hold()) {
            LocalDatabases databases = LocalDatabases.start(data, Map.of("control", process.database()), random);
            ControlNode control = ControlNode.start(process.control(), databases.of("control"), random);
            UpCommand.say(
                    out, "control listens on port " + control.port() + "; nodes trust its key " + control.publicKey());
            untilStopped(() -> {
                control.close();
                databases.close();
            });
        }
    }

    private <R extends Record> R bind(Class<R> type) {
        try {
            Settings settings =
                    file == null ? Settings.empty() : Settings.empty().withFile(file);
            return settings.withEnvironment(System.getenv(), NO_SETTINGS)
                    .withArguments(set)
                    .bind(type);
        } catch (SettingsException e) {
            throw new CommandFailure(String.valueOf(e.getMessage()));
        }
    }

    /** Until the process is told to end; the JVM waits for the hook, and the hook for what it stops. */
    private static void untilStopped(Runnable stop) throws InterruptedException {
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> {
            stop.run();
            stopped.countDown();
        }));
        stopped.await();
    }
}

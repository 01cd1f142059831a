package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.server.LocalStack.Plan;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ObjectNode;

/** Runs everything with simulated phones, then proves the ledger and that every device was told of every payment. */
@Command(
        name = "demo",
        description =
                "Run everything on this machine with simulated phones, then check the ledger and the"
                        + " messages. Fails when money is lost or made, or a device was not told of a payment, once and in order.",
        mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(DemoCommand.class);
    private static final long SUMMARY_POLL_MILLIS = 100;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call
    private CommandSpec spec;

    @Mixin
    private final UpCommand.StackOptions options = new UpCommand.StackOptions();

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Data directory to use and keep (default: a temporary one).")
    private @Nullable Path data;

    @Option(names = "--phones", description = "Simulated phones (default: ${DEFAULT-VALUE}).")
    private int phones = 200;

    @Option(names = "--seconds", description = "How long they call (default: ${DEFAULT-VALUE}).")
    private int seconds = 20;

    @Option(
            names = "--moves",
            description = "Move shards between the regional cells all the while, one after the other.")
    private boolean moves;

    @Option(names = "--json", paramLabel = "FILE", description = "Write calls, errors, latencies and checks to a file.")
    private @Nullable Path json;

    @Override
    public Integer call() throws Exception {
        options.startLog();
        JavaPrograms programs = JavaPrograms.find();
        Path folder = data == null ? Files.createTempDirectory("rialto-demo-") : data;
        try (DataDirectory directory = new DataDirectory(folder).hold()) {
            Plan plan = options.plan(programs, 0);
            PrintWriter out = spec.commandLine().getOut();
            UpCommand.say(out, "starting control, three cells and the wallet in " + directory.root() + " ...");
            LocalStack stack = LocalStack.start(directory, plan, new SecureRandom(), line -> UpCommand.say(out, line));
            Thread hook = Thread.ofPlatform().unstarted(stack::close);
            Runtime.getRuntime().addShutdownHook(hook);
            try {
                stack.startWallet(programs);
                return run(programs, directory, plan, stack);
            } finally {
                stack.close();
                Runtime.getRuntime().removeShutdownHook(hook);
            }
        } finally {
            if (data == null) {
                deleteAll(folder);
            }
        }
    }

    private int run(JavaPrograms programs, DataDirectory directory, Plan plan, LocalStack stack)
            throws IOException, InterruptedException {
        Path summary = directory.path("phones.json");
        Path acknowledged = directory.path("acknowledged");
        String gateways = plan.topology().cells().stream()
                .filter(cell -> !cell.global())
                .map(Topology.OneCell::publicUrl)
                .collect(Collectors.joining(","));
        Path received = directory.path("received");
        Process fleet = new ProcessBuilder(programs.wallet(
                        "io.rialto.wallet.phone.PhoneFleet",
                        List.of(
                                "--gateways=" + gateways,
                                "--ca=" + directory.path("tls", "ca.pem"),
                                "--server-keys-file=" + LocalStack.serverKeys(directory),
                                "--phones=" + phones,
                                "--seconds=" + seconds,
                                "--json=" + summary,
                                "--acknowledged=" + acknowledged,
                                "--inboxes=" + directory.folder("inboxes"),
                                "--received=" + received,
                                "--stay")))
                .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (DemoMoves moving = moves ? DemoMoves.start(directory) : null) {
            awaitSummary(fleet, summary);
            if (moving != null) {
                moving.close();
            }
            List<String> books = new ArrayList<>();
            stack.walletDatabases().values().forEach(address -> books.add("--jdbc-url=" + address.url()));
            books.add("--user=wallet");
            books.add("--password-file=" + stack.walletPassword());
            // Money in transit arrives first, and is told of then.
            boolean ledger = check(
                    programs,
                    "io.rialto.wallet.LedgerCheck",
                    books,
                    "--acknowledged=" + acknowledged,
                    "--acknowledged-count=" + promised(summary));
            boolean messages = check(programs, "io.rialto.wallet.MessageCheck", books, "--received=" + received);
            fleet.getOutputStream().close();
            boolean phones = fleet.waitFor() == 0;
            boolean shards = moving == null || moving.isFine();
            finish(summary, moving, new Checks(phones, ledger, messages));
            return phones && ledger && messages && shards ? 0 : Rialto.FAILED;
        } finally {
            fleet.destroy();
        }
    }

    /** The phones have ended their calls when their summary is there; they go on receiving. */
    private static void awaitSummary(Process fleet, Path summary) throws InterruptedException {
        while (!Files.exists(summary) && !fleet.waitFor(SUMMARY_POLL_MILLIS, TimeUnit.MILLISECONDS)) {
            LOG.trace("the phones are still calling");
        }
    }

    /** How many transfers the phones say they were promised; none where they ended without a summary. */
    private static long promised(Path summary) {
        return Files.exists(summary)
                ? Json.mapper().readTree(summary).path("acknowledged-transfers").asLong()
                : 0;
    }

    private static boolean check(JavaPrograms programs, String program, List<String> books, String... more)
            throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(books);
        arguments.addAll(List.of(more));
        return foreground(programs.wallet(program, arguments)) == 0;
    }

    /** Runs a program on this terminal; gives its exit code. */
    private static int foreground(List<String> command) throws IOException, InterruptedException {
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }

    private record Checks(boolean phones, boolean ledger, boolean messages) {}

    private void finish(Path summary, @Nullable DemoMoves moving, Checks checks) {
        ObjectNode all = Json.mapper().createObjectNode();
        try {
            all = Files.exists(summary) ? Json.read(DataDirectory.read(summary)).asObject() : all;
        } catch (JsonException e) {
            all.put("phones-summary", "unreadable: " + e.getMessage());
        }
        all.putObject("checks")
                .put("phones", checks.phones())
                .put("ledger", checks.ledger())
                .put("messages", checks.messages());
        if (moving != null) {
            moving.tell(all);
        }
        PrintWriter out = spec.commandLine().getOut();
        DemoSummary.lines(all).forEach(line -> UpCommand.say(out, line));
        if (json != null) {
            DataDirectory.write(
                    json, Json.mapper().writerWithDefaultPrettyPrinter().writeValueAsString(all));
        }
    }

    private static void deleteAll(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}

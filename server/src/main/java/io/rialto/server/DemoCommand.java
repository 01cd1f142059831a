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
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ObjectNode;

/** Runs everything with simulated phones, then proves the ledger. */
@Command(
        name = "demo",
        description = "Run everything on this machine with simulated phones, then check the ledger. Fails when money is"
                + " lost or made.",
        mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
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
        int fleet = foreground(programs.wallet(
                "io.rialto.wallet.phone.PhoneFleet",
                List.of(
                        "--gateways=" + gateways,
                        "--ca=" + directory.path("tls", "ca.pem"),
                        "--server-keys-file=" + LocalStack.serverKeys(directory),
                        "--phones=" + phones,
                        "--seconds=" + seconds,
                        "--json=" + summary,
                        "--acknowledged=" + acknowledged)));
        List<String> check = new ArrayList<>();
        stack.walletDatabases().values().forEach(address -> check.add("--jdbc-url=" + address.url()));
        check.add("--user=wallet");
        check.add("--password-file=" + stack.walletPassword());
        check.add("--acknowledged=" + acknowledged);
        int ledger = foreground(programs.wallet("io.rialto.wallet.LedgerCheck", check));
        finish(summary, fleet == 0, ledger == 0);
        return fleet == 0 && ledger == 0 ? 0 : Rialto.FAILED;
    }

    /** Runs a program on this terminal; gives its exit code. */
    private static int foreground(List<String> command) throws IOException, InterruptedException {
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }

    private void finish(Path summary, boolean phonesFine, boolean ledgerFine) {
        ObjectNode all = Json.mapper().createObjectNode();
        try {
            all = Files.exists(summary) ? Json.read(DataDirectory.read(summary)).asObject() : all;
        } catch (JsonException e) {
            all.put("phones-summary", "unreadable: " + e.getMessage());
        }
        all.putObject("checks").put("phones", phonesFine).put("ledger", ledgerFine);
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

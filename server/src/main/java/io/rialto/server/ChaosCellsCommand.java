package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.server.ChaosFinding.Kind;
import io.rialto.server.ChaosReport.Goal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ObjectNode;

/** Fault tests of cells. */
@Command(
        name = "cells",
        description =
                "Let users of three cells pay each other while their shards move and processes, databases, clocks and"
                        + " links fail; then compare what was acknowledged and read with what the ledgers hold.",
        mixinStandardHelpOptions = true)
final class ChaosCellsCommand implements Callable<Integer> {
    private static final ChaosCellsRun.Load LOAD = new ChaosCellsRun.Load(24, 2);
    private static final ChaosCellsRun.Load QUICK_LOAD = new ChaosCellsRun.Load(12, 1);
    private static final int MAX_FINDINGS = 50;
    private static final int MAX_MINUTES = 24 * 60;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call
    private CommandSpec spec;

    @Option(names = "--minutes", description = "How long faults are made (default: ${DEFAULT-VALUE}).")
    private int minutes = 5;

    @Option(
            names = "--seed",
            description = "Of the faults and their order: the same again for the same number (default: a new one).")
    private @Nullable Long seed;

    @Option(names = "--quick", description = "Five short faults instead, some 40 s in all.")
    private boolean quick;

    @Option(names = "--json", paramLabel = "FILE", description = "Write goals, waits and findings to a file.")
    private @Nullable Path json;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Directory to use and keep, with the history and all logs (default: a temporary one, kept if"
                    + " something was found).")
    private @Nullable Path data;

    @Option(
            names = "--control-down",
            description = "Kill control first and never start it again, then every edge, and make the other faults; no"
                    + " shard moves.")
    private boolean controlDown;

    @Option(
            names = "--broken-fence",
            hidden = true,
            description =
                    "Put a fence into the databases of the test that is not held to the commit, and a pause into every"
                            + " entry: shows that the check finds what is lost by that, and fails where it finds nothing.")
    private boolean brokenFence;

    @Override
    public Integer call() throws Exception {
        if (minutes < 1 || minutes > MAX_MINUTES) {
            throw new CommandFailure("--minutes: " + minutes + " (expected: 1.." + MAX_MINUTES + ")");
        }
        long chosen = seed == null ? new SecureRandom().nextInt(1, 1_000_000) : seed;
        Path folder = data == null ? Files.createTempDirectory("rialto-chaos-") : data;
        boolean fine = false;
        try (DataDirectory directory = new DataDirectory(folder).hold()) {
            fine = run(directory, chosen);
        } finally {
            if (data == null && fine) {
                ChaosCommand.Sync.deleteAll(folder);
            }
        }
        if (!fine) {
            say("not fine; history and logs are in " + folder);
        }
        return fine ? 0 : Rialto.FAILED;
    }

    private boolean run(DataDirectory directory, long chosen) throws Exception {
        Optional<Path> clocks = quick ? Optional.empty() : ChaosProcess.clockLibrary();
        List<ChaosCellsFault.Step> steps = steps(chosen, clocks.isPresent());
        say(
                "starting control and three cells, each with PostgreSQL, an edge and a wallet, on the loopback address with a"
                        + " link of its own between any two that speak, seed " + chosen + " ...");
        ChaosCells cells = new ChaosCells(directory, JavaPrograms.find(), new SecureRandom(), clocks);
        // Whoever interrupts a run at any time leaves no process behind.
        Thread hook = Thread.ofPlatform().unstarted(() -> end(cells));
        Runtime.getRuntime().addShutdownHook(hook);
        try (ChaosHistory history = new ChaosHistory(directory.path("history.jsonl"))) {
            cells.start();
            ChaosCellsRun.Load load = quick ? QUICK_LOAD : LOAD;
            ChaosCellsRun.Plan plan = new ChaosCellsRun.Plan(
                    controlDown ? new ChaosCellsRun.Load(load.users(), 0) : load,
                    steps,
                    chosen,
                    brokenFence,
                    controlDown);
            return tell(new ChaosCellsRun(cells, plan, history, this::say).run(), plan);
        } finally {
            // Refused where the hook itself is what ended the run.
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
                end(cells);
            } catch (IllegalStateException e) {
                say("interrupted");
            }
        }
    }

    private List<ChaosCellsFault.Step> steps(long chosen, boolean clocks) {
        List<ChaosCellsFault.Step> steps = new ArrayList<>(
                quick ? ChaosCellsFault.quickPlan(chosen) : ChaosCellsFault.plan(chosen, Duration.ofMinutes(minutes)));
        if (!quick && !clocks) {
            say("NOT TESTED on this machine: clocks (they are moved by libfaketime; Debian has it in its package"
                    + " libfaketime)");
            steps.removeIf(step -> ChaosCellsFault.OF_CLOCKS.contains(step.fault()));
        }
        if (brokenFence) {
            // All of the run has them.
            steps.removeIf(step -> step.fault() == ChaosCellsFault.PAUSES);
        }
        if (controlDown) {
            steps.removeIf(step -> ChaosCellsFault.OF_CONTROL.contains(step.fault()));
            steps.addAll(0, ChaosCellsFault.everyEdge());
        }
        return steps;
    }

    private void end(ChaosCells cells) {
        try {
            for (String cell : cells.cells()) {
                // What is paused does not end in order.
                ChaosFaults.signal("CONT", cells.postgres(cell).processes());
            }
            cells.close();
        } catch (IOException e) {
            say("not all was ended: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean tell(ChaosCellsRun.Result result, ChaosCellsRun.Plan plan) {
        List<ChaosEvent> history = result.history();
        Map<String, Long> waits = waits(history);
        say(String.format(Locale.ROOT, "%-48s %14s", "longest time in ms until a payment was acknowledged", ""));
        waits.forEach((fault, millis) -> say(String.format(Locale.ROOT, "%-48s %14d", fault, millis)));
        long paid = ChaosReport.count(history, ChaosEvent.Paid.class);
        long told = ChaosReport.count(history, ChaosEvent.Told.class);
        long moves =
                result.moves().values().stream().mapToLong(Integer::longValue).sum();
        say(paid + " payments acknowledged, " + told + " balances read, "
                + ChaosReport.count(history, ChaosEvent.Failed.class) + " calls failed "
                + ChaosReport.failures(history));
        say(moves + " moves " + result.moves() + ", fences looked at " + result.looks() + " times, "
                + plan.steps().size() + " faults, seed " + plan.seed());
        List<Goal> goals = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            goals.add(Goal.none(
                    kind.goal(),
                    result.findings().stream()
                            .filter(finding -> finding.kind() == kind)
                            .count()));
        }
        goals.add(Goal.atLeastOne("faults made", plan.steps().size()));
        goals.add(Goal.atLeastOne("payments acknowledged", paid));
        goals.add(Goal.atLeastOne("balances read", told));
        if (!plan.controlDown()) {
            goals.add(Goal.atLeastOne("moves", moves));
        }
        goals.forEach(
                goal -> say((goal.holds() ? "ok    " : "FAILED ") + goal.name() + ": " + Math.round(goal.figure())));
        List<String> findings = result.findings().stream()
                .map(finding -> finding.kind() + ": " + finding.text())
                .toList();
        findings.stream().limit(MAX_FINDINGS).forEach(finding -> say("found: " + finding));
        if (findings.size() > MAX_FINDINGS) {
            say("found: " + (findings.size() - MAX_FINDINGS) + " more");
        }
        if (json != null) {
            DataDirectory.write(json, json(goals, waits, findings));
        }
        return brokenFence
                ? result.findings().stream().anyMatch(finding -> finding.kind() == Kind.LOST)
                : goals.stream().allMatch(Goal::holds);
    }

    /** How long phones waited for a payment at most, by the fault in which they ordered it. */
    static Map<String, Long> waits(List<ChaosEvent> history) {
        Map<String, Long> waits = new LinkedHashMap<>();
        Map<String, ChaosEvent.Paying> ordered = new LinkedHashMap<>();
        Map<String, String> during = new LinkedHashMap<>();
        String fault = "before the first fault";
        for (ChaosEvent event : history) {
            if (event instanceof ChaosEvent.Fault one) {
                fault = one.what();
            } else if (event instanceof ChaosEvent.Paying one) {
                ordered.put(one.key(), one);
                during.put(one.key(), fault);
            } else if (event instanceof ChaosEvent.Paid one) {
                ChaosEvent.Paying order = ordered.get(one.key());
                if (order != null) {
                    waits.merge(during.getOrDefault(one.key(), fault), one.millis() - order.millis(), Math::max);
                }
            }
        }
        return waits;
    }

    private static String json(List<Goal> goals, Map<String, Long> waits, List<String> findings) {
        ObjectNode json = ChaosReport.goals(goals);
        ObjectNode all = json.putObject("longest-wait-ms");
        waits.forEach(all::put);
        findings.forEach(json.putArray("findings")::add);
        return Json.mapper().writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
    }

    private void say(String line) {
        UpCommand.say(spec.commandLine().getOut(), line);
    }
}

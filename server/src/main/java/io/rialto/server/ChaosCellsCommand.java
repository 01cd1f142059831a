package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.server.ChaosFinding.Kind;
import io.rialto.server.ChaosReport.Goal;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
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

    @Mixin
    private final ChaosOptions options = new ChaosOptions();

    @Option(
            names = "--control-down",
            description = "Kill control first and never start it again, then every edge, and make the other faults; no"
                    + " shard moves.")
    private boolean controlDown;

    @Override
    public Integer call() throws Exception {
        return options.run(this::run);
    }

    private boolean run(DataDirectory directory, long chosen) throws Exception {
        boolean quick = options.quick();
        Optional<Path> clocks = quick ? Optional.empty() : ChaosProcess.clockLibrary();
        // With control their keeper is away for good, and nobody would start what is killed again.
        boolean standbys = !controlDown && !quick;
        ChaosMachines machines = ChaosMachines.make(ChaosCells.machines(standbys));
        say("runs " + machines.describe());
        List<ChaosCellsFault.Step> steps = steps(chosen, clocks.isPresent(), machines, standbys);
        say("starting control and three cells, each with PostgreSQL" + (standbys ? " (one with two standbys)" : "")
                + ", an edge and a wallet, with a link of its own between any two that speak, seed " + chosen + " ...");
        ChaosCells cells = new ChaosCells(
                new ChaosCells.Setup(directory, JavaPrograms.find(), new SecureRandom(), clocks, machines, standbys));
        ChaosCellsRun.Load load = quick ? QUICK_LOAD : LOAD;
        ChaosCellsRun.Plan plan = new ChaosCellsRun.Plan(
                controlDown ? new ChaosCellsRun.Load(load.users(), 0) : load, steps, chosen, controlDown);
        ChaosOptions.Test test = (folder, seed) -> {
            try (ChaosHistory history = new ChaosHistory(folder.path("history.jsonl"))) {
                cells.start();
                return tell(new ChaosCellsRun(cells, plan, history, this::say).run(), plan, machines);
            }
        };
        return options.runAndEnd(directory, chosen, test, () -> end(cells));
    }

    private List<ChaosCellsFault.Step> steps(long chosen, boolean clocks, ChaosMachines machines, boolean standbys) {
        boolean quick = options.quick();
        List<ChaosCellsFault.Step> steps = new ArrayList<>(
                quick
                        ? ChaosCellsFault.quickPlan(chosen, machines.apart())
                        : ChaosCellsFault.plan(chosen, options.length()));
        if (!quick && !clocks) {
            say("NOT TESTED on this machine: clocks (they are moved by libfaketime; Debian has it in its package"
                    + " libfaketime)");
            steps.removeIf(step -> ChaosCellsFault.OF_CLOCKS.contains(step.fault()));
        }
        if (!machines.apart()) {
            say("NOT TESTED on this machine: machines that are cut off (they are network namespaces)");
            steps.removeIf(step -> ChaosCellsFault.OF_MACHINES.contains(step.fault()));
        }
        if (!standbys) {
            steps.removeIf(step -> ChaosCellsFault.OF_UNIT.contains(step.fault())
                    || step.cell() == ChaosCellsFault.MACHINE_OF_PRIMARY);
        }
        if (controlDown) {
            steps.removeIf(step -> ChaosCellsFault.OF_CONTROL.contains(step.fault())
                    || step.cell() == ChaosCellsFault.MACHINE_OF_CONTROL);
            steps.addAll(0, ChaosCellsFault.everyEdge());
        }
        return steps;
    }

    /** What is paused or cut off does not end in order. */
    private static void end(ChaosCells cells) throws IOException, InterruptedException {
        cells.resume();
        cells.close();
    }

    private boolean tell(ChaosCellsRun.Result result, ChaosCellsRun.Plan plan, ChaosMachines machines) {
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
        options.json().ifPresent(file -> DataDirectory.write(file, json(machines, goals, waits, findings)));
        return goals.stream().allMatch(Goal::holds);
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

    private static String json(
            ChaosMachines machines, List<Goal> goals, Map<String, Long> waits, List<String> findings) {
        ObjectNode json = ChaosReport.goals(goals);
        json.putObject("network").put("namespaces", machines.apart()).put("why", machines.describe());
        ObjectNode all = json.putObject("longest-wait-ms");
        waits.forEach(all::put);
        findings.forEach(json.putArray("findings")::add);
        return Json.mapper().writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
    }

    private void say(String line) {
        options.say(line);
    }
}

package io.rialto.server;

import io.rialto.server.ChaosReport.Goal;
import io.rialto.server.ChaosReport.Outage;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Fault tests with real processes and a real database. */
@Command(
        name = "chaos",
        description = "Break what runs, on purpose, and check that nothing acknowledged is lost.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {ChaosCommand.Sync.class, ChaosCellsCommand.class})
final class ChaosCommand {
    private ChaosCommand() {}

    /** Messages. */
    @Command(
            name = "sync",
            description = "Publish messages to devices while edges, database and network fail; then compare what was"
                    + " acknowledged, what is stored and what devices applied.",
            mixinStandardHelpOptions = true)
    static final class Sync implements Callable<Integer> {
        private static final ChaosRun.Load LOAD = new ChaosRun.Load(40, 2, 8);
        private static final ChaosRun.Load QUICK_LOAD = new ChaosRun.Load(10, 2, 4);
        private static final int MAX_FINDINGS = 50;

        @Mixin
        private final ChaosOptions options = new ChaosOptions();

        @Override
        public Integer call() throws Exception {
            return options.run(this::onDisk);
        }

        private boolean onDisk(DataDirectory directory, long chosen) throws Exception {
            boolean quick = options.quick();
            Path disk = ChaosCell.databaseFolder(directory);
            boolean ownDisk = !quick && ChaosFaults.mount(disk);
            Optional<Path> clocks = quick ? Optional.empty() : ChaosProcess.clockLibrary();
            List<ChaosFault.Step> steps =
                    new ArrayList<>(quick ? ChaosFault.quickPlan(chosen) : ChaosFault.plan(chosen, options.length()));
            Map<ChaosFault, String> skipped = quick ? Map.of() : skipped(ownDisk, clocks.isPresent());
            skipped.forEach((fault, why) -> say("NOT TESTED on this machine: " + fault + " (" + why + ")"));
            steps.removeIf(step -> skipped.containsKey(step.fault()));
            say("starting control, a cell with PostgreSQL and two edges, seed " + chosen + " ...");
            ChaosCell cell = new ChaosCell(directory, new SecureRandom(), clocks);
            ChaosFaults faults = new ChaosFaults(cell, disk);
            ChaosOptions.Test test = (folder, seed) -> {
                try (ChaosHistory history = new ChaosHistory(folder.path("history.jsonl"))) {
                    cell.start();
                    ChaosRun run = new ChaosRun(cell, faults, quick ? QUICK_LOAD : LOAD, seed, history, this::say);
                    return tell(run.run(steps, folder.folder("phones")), steps, skipped.keySet(), seed);
                }
            };
            return options.runAndEnd(directory, chosen, test, () -> end(cell, faults, disk, ownDisk));
        }

        private static Map<ChaosFault, String> skipped(boolean ownDisk, boolean clocks) {
            Map<ChaosFault, String> skipped = new TreeMap<>();
            if (!ownDisk) {
                skipped.put(ChaosFault.FULL_DISK, "a small disk for the database cannot be mounted; as root it can");
            }
            if (!clocks) {
                String why = "clocks of processes are moved by libfaketime; Debian has it in its package libfaketime";
                skipped.put(ChaosFault.CLOCK_AHEAD, why);
                skipped.put(ChaosFault.CLOCK_BEHIND, why);
            }
            return skipped;
        }

        private static void end(ChaosCell cell, ChaosFaults faults, Path disk, boolean ownDisk)
                throws IOException, InterruptedException {
            faults.resume();
            cell.close();
            if (ownDisk) {
                ChaosFaults.unmount(disk);
            }
        }

        private boolean tell(
                ChaosRun.Result result, List<ChaosFault.Step> steps, Set<ChaosFault> skipped, long chosen) {
            List<ChaosEvent> history = result.history();
            List<Outage> outages = ChaosReport.outages(history);
            say(String.format(Locale.ROOT, "%-48s %14s %14s", "longest outage in ms, of", "publishing", "delivery"));
            outages.forEach(one -> say(String.format(
                    Locale.ROOT, "%-48s %14d %14d", one.fault(), one.publishMillis(), one.deliveryMillis())));
            long answered = ChaosReport.count(history, ChaosEvent.Answered.class);
            long received = ChaosReport.count(history, ChaosEvent.Received.class);
            say(answered + " publishes answered, " + ChaosReport.count(history, ChaosEvent.Failed.class)
                    + " failed and were tried again " + ChaosReport.failures(history) + ", " + received
                    + " messages applied by devices, " + steps.size() + " faults, seed " + chosen);
            List<Goal> goals = List.of(
                    Goal.none(
                            "violations of: acknowledged is stored, once, in order, on every device",
                            result.findings().size()),
                    Goal.none(
                            "devices and publishers not current 60 s after the last fault",
                            result.late().size()),
                    Goal.atLeastOne("faults made", steps.size()),
                    Goal.atLeastOne("publishes answered", answered),
                    Goal.atLeastOne("messages applied by devices", received));
            goals.forEach(goal ->
                    say((goal.holds() ? "ok    " : "FAILED ") + goal.name() + ": " + Math.round(goal.figure())));
            List<String> all = Stream.concat(result.findings().stream(), result.late().stream())
                    .toList();
            all.stream().limit(MAX_FINDINGS).forEach(finding -> say("found: " + finding));
            if (all.size() > MAX_FINDINGS) {
                say("found: " + (all.size() - MAX_FINDINGS) + " more");
            }
            if (!options.quick() && !skipped.isEmpty()) {
                say("NOT TESTED: " + skipped.stream().map(Enum::name).collect(Collectors.joining(", ")));
            }
            options.json().ifPresent(file -> DataDirectory.write(file, ChaosReport.json(goals, outages, all)));
            return goals.stream().allMatch(Goal::holds);
        }

        private void say(String line) {
            options.say(line);
        }
    }
}

package io.rialto.server;

import io.rialto.cells.failover.Standbys;
import io.rialto.cells.failover.UnitServers;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Declares a failover. What runs the servers does it; this only says so to control, and waits for the end. */
@Command(
        name = "failover",
        description = "Make another database server of a unit its primary, whether the present one is alive or not.",
        mixinStandardHelpOptions = true)
final class CellsFailoverCommand implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration POLL = Duration.ofMillis(100);

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call
    private CommandSpec spec;

    @Mixin
    private final ControlOption control = new ControlOption();

    @Option(names = "--unit", required = true, description = "Id of the unit, as the routing table has it.")
    private String unit = "";

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        AdminClient client = control.client();
        AdminClient.Section section = client.section(Standbys.SECTION);
        UnitServers before = find(section);
        long start = System.nanoTime();
        if (before.phase() == UnitServers.Phase.OPEN) {
            UnitServers begun = before.begun();
            client.put(Standbys.SECTION, Standbys.with(section.value(), begun), section.version());
            UpCommand.say(
                    out,
                    "unit " + unit + ": failover from " + before.primary() + " begins, generation "
                            + begun.generation());
        } else {
            UpCommand.say(out, "unit " + unit + ": a failover is in progress, generation " + before.generation());
        }
        UnitServers now = find(client.section(Standbys.SECTION));
        while (now.phase() != UnitServers.Phase.OPEN) {
            if (System.nanoTime() - start > PATIENCE.toNanos()) {
                throw new CommandFailure("unit " + unit + ": still "
                        + now.phase().name().toLowerCase(Locale.ROOT)
                        + " after " + PATIENCE.toSeconds() + " s; the log of rialto says which server is missing."
                        + " The unit stays down until it is back, since any other might lack acknowledged writes."
                        + " The failover goes on by itself then (docs/cells.md)");
            }
            TimeUnit.NANOSECONDS.sleep(POLL.toNanos());
            now = find(client.section(Standbys.SECTION));
        }
        UpCommand.say(
                out,
                "unit " + unit + ": " + now.primary() + " is the primary, generation " + now.generation() + ", after "
                        + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start) + " ms");
        return 0;
    }

    private UnitServers find(AdminClient.Section section) {
        if (section.value().isMissingNode()) {
            throw new CommandFailure("no unit has standbys (expected: rialto started with 'up --standbys N')");
        }
        return Standbys.unit(section.value(), unit)
                .orElseThrow(() -> new CommandFailure("--unit: " + unit + " (expected: one of "
                        + Standbys.units(section.value()).stream()
                                .map(UnitServers::unit)
                                .toList()
                        + ")"));
    }
}

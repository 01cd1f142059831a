package io.rialto.server;

import io.rialto.cells.failover.Lost;
import io.rialto.cells.failover.RemoteCopy;
import io.rialto.cells.failover.Standbys;
import io.rialto.cells.failover.UnitServers;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
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
        description =
                "Make another database server of a unit its primary, whether the present one is alive or not. With"
                        + " --to-remote, declare the unit's whole city lost and let its remote copy take over, which lacks the"
                        + " newest writes.",
        mixinStandardHelpOptions = true)
final class CellsFailoverCommand implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration POLL = Duration.ofMillis(100);
    /** Of the reason, which is kept in a table and in control. */
    private static final int MAX_REASON = 500;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call
    private CommandSpec spec;

    @Mixin
    private final ControlOption control = new ControlOption();

    @Option(names = "--unit", required = true, description = "Id of the unit, as the routing table has it.")
    private String unit = "";

    @Option(
            names = "--to-remote",
            description =
                    "To the copy in another city: acknowledged writes that it lacks are missing; with --reason and"
                            + " --yes.")
    private boolean toRemote;

    @Option(names = "--reason", paramLabel = "TEXT", description = "Why the city is given up; kept with the data.")
    private String reason = "";

    @Option(names = "--yes", description = "That the loss is accepted.")
    private boolean yes;

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        AdminClient client = control.client();
        AdminClient.Section section = client.section(Standbys.SECTION);
        UnitServers before = find(section, unit);
        long start = System.nanoTime();
        if (before.takeover().isPresent()) {
            UpCommand.say(out, "unit " + unit + ": a take-over is in progress, generation " + before.generation());
        } else if (toRemote) {
            declare(out, client, section, before);
        } else if (before.phase() == UnitServers.Phase.OPEN) {
            begin(out, client, section, before);
        } else {
            UpCommand.say(out, "unit " + unit + ": a failover is in progress, generation " + before.generation());
        }
        UnitServers now = awaitOpen(client, start);
        UpCommand.say(
                out,
                "unit " + unit + ": " + now.primary() + " is the primary, generation " + now.generation() + ", after "
                        + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start) + " ms");
        now.lost().filter(lost -> lost.generation() == now.generation()).ifPresent(lost -> tell(out, now, lost));
        return 0;
    }

    private void begin(PrintWriter out, AdminClient client, AdminClient.Section section, UnitServers before)
            throws InterruptedException {
        if (before.standbys().isEmpty()) {
            throw new CommandFailure("unit " + unit + ": has no standbys (expected: some"
                    + before.remote()
                            .map(copy -> "; its remote copy " + copy + " takes over by --to-remote only")
                            .orElse("")
                    + ")");
        }
        UnitServers begun = before.begun();
        client.put(Standbys.SECTION, Standbys.with(section.value(), begun), section.version());
        UpCommand.say(
                out,
                "unit " + unit + ": failover from " + before.primary() + " begins, generation " + begun.generation());
    }

    private void declare(PrintWriter out, AdminClient client, AdminClient.Section section, UnitServers before)
            throws InterruptedException {
        String copy = before.remote()
                .orElseThrow(() -> new CommandFailure("unit " + unit + ": has no remote copy (expected: one, by 'up"
                        + " --remote'; after a take-over by 'cells reconcile')"));
        if (reason.isBlank() || reason.length() > MAX_REASON) {
            throw new CommandFailure("--reason: " + reason.length() + " characters (expected: 1.." + MAX_REASON
                    + ", why the city is given up)");
        }
        say(out, before, copy);
        if (!yes) {
            throw new CommandFailure(
                    "unit " + unit + ": not declared lost, since that loses acknowledged writes (expected:"
                            + " --yes, if " + before.servers() + " will not be back soon enough)");
        }
        UnitServers declared = before.declared(reason.strip(), Instant.now().truncatedTo(ChronoUnit.MILLIS));
        client.put(Standbys.SECTION, Standbys.with(section.value(), declared), section.version());
        UpCommand.say(
                out,
                "unit " + unit + ": the city of " + before.primary() + " is declared lost, generation "
                        + declared.generation());
    }

    /** What would be lost, as far as anybody knows. */
    private void say(PrintWriter out, UnitServers before, String copy) {
        try {
            RemoteCopy look = RemoteCopy.look(
                    UnitAddresses.required(control.data(), before.primary()),
                    UnitAddresses.required(control.data(), copy));
            UpCommand.say(out, "unit " + unit + ": the copy " + copy + " " + CellsShowCommand.lag(look));
            if (look.bytes().isPresent()) {
                UpCommand.say(
                        out,
                        "unit " + unit + ": " + before.primary()
                                + " answers; a failover within its city loses nothing");
            }
        } catch (SQLException e) {
            throw new CommandFailure("unit " + unit + ": the copy " + copy + " does not answer: " + e.getMessage()
                    + " (expected: it to run, before the city is declared lost)");
        }
    }

    private UnitServers awaitOpen(AdminClient client, long start) throws InterruptedException {
        UnitServers now = find(client.section(Standbys.SECTION), unit);
        while (now.phase() != UnitServers.Phase.OPEN) {
            if (System.nanoTime() - start > PATIENCE.toNanos()) {
                String phase = now.phase().name().toLowerCase(Locale.ROOT);
                throw new CommandFailure("unit " + unit + ": still " + phase + " after " + PATIENCE.toSeconds()
                        + " s; the log of rialto says which server is missing. "
                        + (now.takeover().isPresent()
                                ? "Bring the remote copy's server back."
                                : "The unit stays down until it is back, since any other might lack acknowledged"
                                        + " writes.")
                        + " It goes on by itself then (docs/cells.md)");
            }
            TimeUnit.NANOSECONDS.sleep(POLL.toNanos());
            now = find(client.section(Standbys.SECTION), unit);
        }
        return now;
    }

    private static void tell(PrintWriter out, UnitServers now, Lost lost) {
        UpCommand.say(
                out,
                lost.silent().isEmpty()
                        ? "all servers of the lost city answered and stopped"
                        : "did not answer, and may serve on where nobody can stop them: " + lost.silent());
        UpCommand.say(
                out,
                "users whose devices knew more than " + now.primary() + " are read-only until 'cells reconcile --unit "
                        + now.unit() + "'; all others go on");
        UpCommand.say(out, now.primary() + " has no standbys yet: it does not survive a loss of its own until it has");
    }

    /** The unit of this id. */
    static UnitServers find(AdminClient.Section section, String unit) {
        if (section.value().isMissingNode()) {
            throw new CommandFailure(
                    "no unit has standbys (expected: rialto started with 'up --standbys N' or 'up --remote')");
        }
        return Standbys.unit(section.value(), unit)
                .orElseThrow(() -> new CommandFailure("--unit: " + unit + " (expected: one of "
                        + Standbys.units(section.value()).stream()
                                .map(UnitServers::unit)
                                .toList()
                        + ")"));
    }
}

package io.rialto.server;

import io.rialto.cells.Cell;
import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** The routing table: what is configured, what is effective, and changes of it. */
@Command(
        name = "table",
        description = "Show the routing table as it is configured, and which version each node serves.",
        mixinStandardHelpOptions = true)
final class CellsTableCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before any command runs
    private CommandSpec spec;

    @Mixin
    private final ControlOption control = new ControlOption();

    @Override
    public Integer call() throws InterruptedException {
        AdminClient client = control.client();
        AdminClient.Section section = client.required(RoutingTable.SECTION);
        RoutingTable table = table(section.value());
        say("configured: version " + section.version() + ", " + table.shards() + " shards, "
                + table.overrides().size() + " users with a shard of their own");
        for (Cell cell :
                table.cells().stream().sorted(Comparator.comparing(Cell::id)).toList()) {
            say("  " + cell.id() + ": " + cell.type().name().toLowerCase(Locale.ROOT)
                    + cell.jurisdiction().map(own -> ", jurisdiction " + own).orElse("") + ", "
                    + table.shardsOf(cell.id()) + " shards"
                    + cell.deployUnits().stream()
                            .map(unit -> ", " + unit.colour() + " " + unit.weight() / 100.0 + " %")
                            .reduce("", String::concat));
        }
        client.stage().ifPresent(stage -> say("staged: version " + stage.version() + " for " + stage.nodes()));
        say("effective:");
        for (JsonNode node : client.nodes()) {
            long serves = node.path("serves").asLong();
            say("  " + node.path("node").asString() + ": version " + serves
                    + (serves < section.version() ? ", behind" : "") + ", seen "
                    + node.path("seen").asString());
        }
        return 0;
    }

    @Command(
            name = "history",
            description = "Print the changes of the table, the newest first.",
            mixinStandardHelpOptions = true)
    int history(@Mixin ControlOption at, @Option(names = "--limit", defaultValue = "100") int limit)
            throws InterruptedException {
        for (JsonNode entry : at.client().history(limit)) {
            List<String> sections =
                    entry.path("sections").valueStream().map(JsonNode::asString).toList();
            if (sections.contains(RoutingTable.SECTION)) {
                say(entry.path("version").asLong() + "  " + entry.path("issued").asString() + "  "
                        + entry.path("author").asString() + "  "
                        + entry.path("reason").asString()
                        + (entry.path("nodes").isEmpty() ? "" : "  (staged for " + entry.path("nodes") + ")"));
            }
        }
        return 0;
    }

    @Command(
            name = "diff",
            description =
                    "Print what a table in a file would change, and whether control would take it; or what changed"
                            + " since a version.",
            mixinStandardHelpOptions = true)
    int diff(
            @Mixin ControlOption at,
            @Nullable @Parameters(arity = "0..1", paramLabel = "FILE", description = "The table that may be published.")
                    Path file,
            @Option(names = "--since", defaultValue = "0", description = "A version that is kept.") long since)
            throws InterruptedException {
        if ((file == null) == (since == 0)) {
            throw new CommandFailure("diff: FILE " + file + ", --since " + since + " (expected: one of them)");
        }
        AdminClient client = at.client();
        AdminClient.Section now = client.required(RoutingTable.SECTION);
        JsonNode before = file == null ? client.section(RoutingTable.SECTION, since) : now.value();
        JsonNode after = file == null ? now.value() : read(file);
        List<String> lines = table(before).changesTo(table(after));
        (lines.isEmpty() ? List.of("nothing that routing sees") : lines).forEach(this::say);
        if (file != null) {
            client.check(RoutingTable.SECTION, after, now.version());
            say("control would take it");
        }
        return 0;
    }

    @Command(
            name = "publish",
            description =
                    "Publish a table to all nodes, or with --stage to some of them, to be promoted or taken back.",
            mixinStandardHelpOptions = true)
    int publish(
            @Mixin ControlOption at,
            @Parameters(paramLabel = "FILE") Path file,
            @Option(
                            names = "--stage",
                            paramLabel = "NODES",
                            description = "Ids of nodes, with commas between them.",
                            defaultValue = "")
                    String stage,
            @Option(names = "--reason", description = "Why, for the history.", defaultValue = "") String reason)
            throws InterruptedException {
        AdminClient client = at.client();
        AdminClient.Section now = client.section(RoutingTable.SECTION);
        long version = client.put(RoutingTable.SECTION, read(file), new AdminClient.How(now.version(), reason, stage));
        say("version " + version + (stage.isEmpty() ? " for all nodes" : " for " + stage));
        return 0;
    }

    @Command(name = "promote", description = "Give the staged version to all nodes.", mixinStandardHelpOptions = true)
    int promote(@Mixin ControlOption at, @Option(names = "--reason", defaultValue = "") String reason)
            throws InterruptedException {
        say("version " + staged(at.client(), "promote", reason) + " for all nodes");
        return 0;
    }

    @Command(
            name = "back",
            description = "Take the staged version back: its nodes get what all the others have.",
            mixinStandardHelpOptions = true)
    int back(@Mixin ControlOption at, @Option(names = "--reason", defaultValue = "") String reason)
            throws InterruptedException {
        say("version " + staged(at.client(), "back", reason) + " for all nodes, as before the staged one");
        return 0;
    }

    private static long staged(AdminClient client, String how, String reason) throws InterruptedException {
        AdminClient.Stage stage = client.stage()
                .orElseThrow(
                        () -> new CommandFailure("no version is staged (stage one: 'cells table publish --stage')"));
        return client.endStage(how, stage.version(), reason);
    }

    private static JsonNode read(Path file) {
        try {
            return Json.read(DataDirectory.read(file));
        } catch (JsonException e) {
            throw new CommandFailure(file + ": " + e.getMessage());
        }
    }

    private static RoutingTable table(JsonNode section) {
        try {
            return RoutingTable.parse(section);
        } catch (TableException e) {
            throw new CommandFailure("the routing table is wrong:\n" + String.join("\n", e.errors()));
        }
    }

    private void say(String line) {
        PrintWriter out = spec.commandLine().getOut();
        UpCommand.say(out, line);
    }
}

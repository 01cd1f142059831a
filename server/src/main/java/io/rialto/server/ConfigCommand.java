package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** Reads and changes the configuration by control's admin API. */
@Command(
        name = "config",
        description =
                "Read and change the configuration: of the rialto that runs in the data directory, or of control elsewhere.",
        mixinStandardHelpOptions = true)
final class ConfigCommand {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before any command runs
    private CommandSpec spec;

    @Command(
            name = "get",
            description = "Print a section: table, gateway or keys (these are secrets).",
            mixinStandardHelpOptions = true)
    int get(@Mixin ControlOption control, @Parameters(paramLabel = "SECTION") String section)
            throws InterruptedException {
        AdminClient.Section found = control.client().required(section);
        out().println(Json.mapper().writerWithDefaultPrettyPrinter().writeValueAsString(found.value()));
        out().flush();
        return 0;
    }

    @Command(
            name = "apply",
            description = "Put a section in place of the one in force; nodes have it within a second.",
            mixinStandardHelpOptions = true)
    int apply(
            @Mixin ControlOption control,
            @Parameters(paramLabel = "SECTION") String section,
            @Parameters(paramLabel = "FILE", description = "JSON; - for standard input.") Path file,
            @Option(
                            names = "--based-on",
                            defaultValue = "-1",
                            description =
                                    "The version that the change is based on; refused if it is no longer the newest (default: the newest now).")
                    long version)
            throws InterruptedException, IOException {
        AdminClient client = control.client();
        long base = version >= 0 ? version : client.section(section).version();
        out().println("version " + client.put(section, read(file), base));
        out().flush();
        return 0;
    }

    private static JsonNode read(Path file) throws IOException {
        String text = file.toString().equals("-")
                ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8)
                : DataDirectory.read(file);
        try {
            return Json.read(text);
        } catch (JsonException e) {
            throw new CommandFailure(file + ": " + e.getMessage());
        }
    }

    @Command(
            name = "history",
            description = "Print who changed what, the newest first.",
            mixinStandardHelpOptions = true)
    int history(@Mixin ControlOption control, @Option(names = "--limit", defaultValue = "20") int limit)
            throws InterruptedException {
        for (JsonNode entry : control.client().history(limit)) {
            out().println(entry.path("version").asLong() + "  "
                    + entry.path("issued").asString() + "  "
                    + entry.path("author").asString() + "  " + entry.path("sections"));
        }
        out().flush();
        return 0;
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}

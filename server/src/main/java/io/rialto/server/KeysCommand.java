package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.server.KeyRotation.Kind;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** Turns the platform's keys. */
@Command(
        name = "keys",
        description = "Rotate the platform's keys, and hand out those that others need.",
        mixinStandardHelpOptions = true)
final class KeysCommand {
    private static final String SECTION = "keys";

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before any command runs
    private CommandSpec spec;

    @Command(
            name = "rotate",
            description =
                    "Add a new key of each kind; old ones go on until what they made has ended. The first keys are made so too.",
            mixinStandardHelpOptions = true)
    int rotate(
            @Mixin ControlOption control,
            @Option(names = "--kind", description = "server, credential, session, ticket or caller; all by default.")
                    List<Kind> kinds,
            @Option(
                            names = "--begin-seconds",
                            defaultValue = "10",
                            description =
                                    "When new keys begin; every node must have them by then (default: ${DEFAULT-VALUE}).")
                    int beginSeconds,
            @Option(
                            names = "--overlap-seconds",
                            paramLabel = "KIND=SECONDS",
                            description = "How long old keys of a kind go on after that.")
                    Map<Kind, Long> overlaps)
            throws InterruptedException {
        AdminClient client = control.client();
        AdminClient.Section before = client.section(SECTION);
        KeyRotation rotation = new KeyRotation(new SecureRandom());
        Instant now = Instant.now();
        if (before.value().isMissingNode()) {
            long version = client.put(SECTION, rotation.first(now), before.version());
            UpCommand.say(out(), "version " + version + ": the first keys, which begin now");
            return 0;
        }
        Set<Kind> chosen = kinds == null || kinds.isEmpty() ? EnumSet.allOf(Kind.class) : EnumSet.copyOf(kinds);
        Map<Kind, Duration> durations = new EnumMap<>(Kind.class);
        if (overlaps != null) {
            overlaps.forEach((kind, seconds) -> durations.put(kind, Duration.ofSeconds(seconds)));
        }
        long version = client.put(
                SECTION,
                rotation.rotated(before.value().asObject(), chosen, now, now.plusSeconds(beginSeconds), durations),
                before.version());
        UpCommand.say(out(), "version " + version + ": new keys of " + chosen + " begin in " + beginSeconds + " s");
        return 0;
    }

    @Command(
            name = "server",
            description = "Print the public keys that apps pin, a JSON list.",
            mixinStandardHelpOptions = true)
    int server(@Mixin ControlOption control) throws InterruptedException {
        out().println(Json.write(PublishedKeys.forApps(keys(control))));
        out().flush();
        return 0;
    }

    @Command(
            name = "directory",
            description = "Print the public keys of the directory of cells, which apps may pin as well, a JSON list.",
            mixinStandardHelpOptions = true)
    int directory(@Mixin ControlOption control) throws InterruptedException {
        out().println(Json.write(PublishedKeys.ofDirectory(keys(control))));
        out().flush();
        return 0;
    }

    @Command(
            name = "caller",
            description = "Write the keys that a backend checks its callers with (these are secrets) to a file, which"
                    + " its owner alone can read; to be done again after each rotation, before the new key begins.",
            mixinStandardHelpOptions = true)
    int caller(@Mixin ControlOption control, @Parameters(paramLabel = "FILE") Path file) throws InterruptedException {
        DataDirectory.write(file, Json.write(PublishedKeys.forBackends(keys(control))));
        return 0;
    }

    private static JsonNode keys(ControlOption control) throws InterruptedException {
        return control.client().required(SECTION).value();
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}

package io.rialto.server;

import io.rialto.server.KeyRotation.Kind;
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
import picocli.CommandLine.Spec;

/** Turns the platform's keys. */
@Command(name = "keys", description = "Rotate the platform's keys.", mixinStandardHelpOptions = true)
final class KeysCommand {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before any command runs
    private CommandSpec spec;

    @Command(
            name = "rotate",
            description = "Add a new key of each kind; old ones go on until what they made has ended.",
            mixinStandardHelpOptions = true)
    int rotate(
            @Mixin DataOption data,
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
        AdminClient control = AdminClient.of(data.directory());
        AdminClient.Section before = control.section("keys");
        Instant now = Instant.now();
        Set<Kind> chosen = kinds == null || kinds.isEmpty() ? EnumSet.allOf(Kind.class) : EnumSet.copyOf(kinds);
        Map<Kind, Duration> durations = new EnumMap<>(Kind.class);
        if (overlaps != null) {
            overlaps.forEach((kind, seconds) -> durations.put(kind, Duration.ofSeconds(seconds)));
        }
        long version = control.put(
                "keys",
                new KeyRotation(new SecureRandom())
                        .rotated(before.value().asObject(), chosen, now, now.plusSeconds(beginSeconds), durations),
                before.version());
        spec.commandLine()
                .getOut()
                .println("version " + version + ": new keys of " + chosen + " begin in " + beginSeconds + " s");
        spec.commandLine().getOut().flush();
        return 0;
    }
}

package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Stores a message in inboxes, as a backend would. */
@Command(
        name = "publish",
        description = "Publish a message to users of the rialto that runs in the data directory.",
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./rialto publish --topic payments --user 100000000042 --json '{\"hello\": 1}'",
            "  ./rialto publish --topic news --everyone --text 'We are open again' --expires-in 3600",
            "  ./rialto trace payments.17.100000000042"
        })
final class PublishCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call
    private CommandSpec spec;

    @Mixin
    private final DataOption data = new DataOption();

    @Option(names = "--topic", required = true, description = "As the section sync of the configuration has it.")
    private String topic = "";

    @ArgGroup(multiplicity = "1")
    private final To to = new To();

    @ArgGroup(multiplicity = "1")
    private final Payload payload = new Payload();

    @Option(
            names = "--key",
            description = "Idempotency id: the same key gives the first answer again (default: a random one).")
    private @Nullable String key;

    @Option(names = "--expires-in", paramLabel = "SECONDS", description = "After that no device gets it.")
    private long expiresSeconds;

    @Option(names = "--urgent", description = "Wakes devices at once, at any hour.")
    private boolean urgent;

    @Option(
            names = "--collapse",
            paramLabel = "KEY",
            description = "Of messages with one such key only the last counts.")
    private String collapse = "";

    @Option(
            names = "--template",
            paramLabel = "ID",
            description = "Of the topic, for what the vendor of a device that is away shows (default: nothing).")
    private String template = "";

    @Option(names = "--value", paramLabel = "NAME=TEXT", description = "Of a placeholder; it goes through the vendor.")
    private Map<String, String> values = new TreeMap<>();

    /** Who gets it; one of these. */
    static final class To {
        @Option(names = "--user", description = "A user; once for each, at most 1,000.")
        private List<String> users = new ArrayList<>();

        @Option(names = "--device", paramLabel = "USER/DEVICE", description = "One device of a user.")
        private @Nullable String device;

        @Option(names = "--audience", paramLabel = "RULE", description = "Everyone whom a rule (JSON) includes.")
        private @Nullable String rule;

        @Option(names = "--everyone", description = "Everyone who has the topic's app.")
        private boolean everyone;

        void write(ObjectNode audience) {
            if (device != null) {
                int slash = device.indexOf('/');
                if (slash <= 0) {
                    throw new CommandFailure("--device: " + device + " (expected: USER/DEVICE)");
                }
                audience.putObject("device")
                        .put("user", device.substring(0, slash))
                        .put("device", device.substring(slash + 1));
            } else if (rule != null) {
                audience.putObject("rule").put("json", rule);
            } else if (everyone) {
                audience.put("everyone", true);
            } else {
                users.forEach(audience.putObject("users").putArray("users")::add);
            }
        }
    }

    /** What it says; one of these. */
    static final class Payload {
        @Option(names = "--json", paramLabel = "TEXT", description = "JSON.")
        private @Nullable String json;

        @Option(names = "--text", description = "Plain text.")
        private @Nullable String text;

        @Option(names = "--file", description = "Any bytes.")
        private @Nullable Path file;

        void write(ObjectNode request) throws IOException, JsonException {
            if (json != null) {
                request.set("json", Json.read(json));
            } else if (file != null) {
                request.put("contentType", "application/octet-stream").put("payload", Files.readAllBytes(file));
            } else if (text != null) {
                request.put("contentType", "text/plain").put("payload", text.getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    @Override
    public Integer call() throws IOException {
        ObjectNode request = Json.mapper().createObjectNode();
        request.put("topic", topic).put("key", key == null ? UUID.randomUUID().toString() : key);
        to.write(request.putObject("audience"));
        try {
            payload.write(request);
        } catch (JsonException e) {
            throw new ParameterException(spec.commandLine(), "--json: " + e.getMessage());
        }
        if (expiresSeconds > 0) {
            request.put("expiresMillis", System.currentTimeMillis() + expiresSeconds * 1_000);
        }
        request.put("urgent", urgent).put("collapse", collapse).put("template", template);
        values.forEach(request.putObject("values")::put);
        JsonNode answer = InternalClient.of(data.directory()).call("rialto.Inbox/Publish", request);
        PrintWriter out = spec.commandLine().getOut();
        boolean stored = true;
        for (JsonNode one : answer.path("published")) {
            String reason = one.path("reason").asString("");
            stored &= reason.isEmpty();
            out.println(
                    reason.isEmpty()
                            ? one.path("id").asString()
                                    + (one.path("repeatedKey").asBoolean(false) ? "  (known key)" : "")
                            : one.path("user").asString("") + ": " + reason + ": "
                                    + one.path("text").asString(""));
        }
        out.flush();
        return stored ? 0 : Rialto.FAILED;
    }
}

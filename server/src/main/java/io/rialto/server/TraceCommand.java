package io.rialto.server;

import io.rialto.node.Json;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Says where a message has been. */
@Command(
        name = "trace",
        description = "Print where a message, or the newest messages of a user, have been, and where they stopped.",
        mixinStandardHelpOptions = true)
final class TraceCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call
    private CommandSpec spec;

    @Mixin
    private final DataOption data = new DataOption();

    @ArgGroup(multiplicity = "1")
    private final What what = new What();

    @Option(names = "--limit", description = "Messages of a user (default: ${DEFAULT-VALUE}).")
    private int limit = 10;

    /** One of these. */
    static final class What {
        @Parameters(paramLabel = "MESSAGE", description = "Id of a message, as publish prints it.")
        private @Nullable String message;

        @Option(names = "--user", description = "A user.")
        private @Nullable String user;
    }

    @Override
    public Integer call() {
        ObjectNode request = Json.mapper().createObjectNode();
        if (what.message != null) {
            request.put("id", what.message);
        } else {
            request.put("user", what.user).put("limit", limit);
        }
        JsonNode answer = InternalClient.of(data.directory()).call("rialto.Inbox/Trace", request);
        PrintWriter out = spec.commandLine().getOut();
        for (JsonNode message : answer.path("traced")) {
            out.println(message.path("id").asString());
            for (JsonNode step : message.path("steps")) {
                out.println(line(step));
            }
        }
        out.flush();
        return 0;
    }

    private static String line(JsonNode step) {
        StringBuilder line = new StringBuilder("  ")
                .append(Instant.ofEpochMilli(step.path("atMillis").asLong(0)))
                .append("  ")
                .append(String.format("%-8s", step.path("step").asString("")));
        append(line, "device", step);
        append(line, "node", step);
        append(line, "reason", step);
        return line.toString();
    }

    private static void append(StringBuilder line, String name, JsonNode step) {
        String value = step.path(name).asString("");
        if (!value.isEmpty()) {
            line.append("  ").append(name).append(' ').append(value);
        }
    }
}

package io.rialto.server;

import io.rialto.client.Answer;
import io.rialto.client.CallException;
import io.rialto.client.CallOptions;
import io.rialto.client.FileStorage;
import io.rialto.client.Protection;
import io.rialto.client.RialtoBuilder;
import io.rialto.client.http.AddressLookup;
import io.rialto.client.http.OkHttpTransport;
import io.rialto.client.http.Trust;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.protocol.OperationName;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Makes one call as a phone would, with the SDK. */
@Command(
        name = "call",
        description = "Make one call to the rialto that runs in the data directory, as a phone would.",
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  uid=$(./rialto call wallet.Directory/Claim --as alice --set handle=alice --only uid)",
            "  ./rialto call wallet.Account/Open --as alice --route $uid --set uid=$uid --set pin=271828",
            "  ./rialto call wallet.Session/Login --as alice --route $uid --set uid=$uid --set pin=271828",
            "  ./rialto call wallet.Balance/Get --as alice",
            "  ./rialto call wallet.History/List --as alice --signed --verbose --json '{\"limit\": 5}'",
            "  ./rialto call wallet.Balance/Get --as alice --curl"
        })
final class CallCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before call
    private CommandSpec spec;

    @Mixin
    private final DataOption data = new DataOption();

    @Parameters(paramLabel = "OPERATION", description = "service/method, for example wallet.Balance/Get.")
    private String operation = "";

    @Option(names = "--json", paramLabel = "TEXT", description = "The message (default: ${DEFAULT-VALUE}).")
    private String json = "{}";

    @Option(names = "--set", paramLabel = "NAME=TEXT", description = "Sets a text field of the message; once for each.")
    private final Map<String, String> fields = new LinkedHashMap<>();

    @Option(names = "--only", paramLabel = "NAME", description = "Print this field of the answer alone.")
    private @Nullable String only;

    @Option(
            names = "--as",
            paramLabel = "NAME",
            description = "Whose phone calls: each name has a device key and a session of its own in the data directory"
                    + " (default: ${DEFAULT-VALUE}).")
    private String as = "me";

    @ArgGroup
    private final Way way = new Way();

    @Option(names = "--idempotent", description = "The operation may be done twice: try again when an answer is lost.")
    private boolean idempotent;

    @Option(names = "--idempotency-key", paramLabel = "KEY", description = "Repeats the logical call of this key.")
    private @Nullable String idempotencyKey;

    @Option(
            names = "--route",
            paramLabel = "USER",
            description = "The user to route by, where the operation's route is a hint.")
    private @Nullable String route;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            description = "For all tries together (default: ${DEFAULT-VALUE}).")
    private int timeoutSeconds = 10;

    @Option(
            names = {"-v", "--verbose"},
            description = "Show what is sent and answered, with headers.")
    private boolean verbose;

    @Option(names = "--curl", description = "Print an equal curl command for a signed call instead of making it.")
    private boolean curl;

    /** How the call is protected; one of these. */
    static final class Way {
        private Protection protection = Protection.SEALED;

        @Option(names = "--sealed", description = "Encrypted between phone and platform (the default).")
        void sealed(boolean chosen) {
            choose(Protection.SEALED, chosen);
        }

        @Option(names = "--signed", description = "Signed with the session's key.")
        void signed(boolean chosen) {
            choose(Protection.SIGNED, chosen);
        }

        @Option(names = "--signed-by-device", description = "Signed with the device's key, without a handshake.")
        void signedByDevice(boolean chosen) {
            choose(Protection.SIGNED_BY_DEVICE, chosen);
        }

        @Option(names = "--plain", description = "TLS alone, for operations that need no identity.")
        void plain(boolean chosen) {
            choose(Protection.PLAIN, chosen);
        }

        private void choose(Protection one, boolean chosen) {
            protection = chosen ? one : protection;
        }

        Protection protection() {
            return protection;
        }
    }

    @Override
    public Integer call() {
        OperationName name = checkedOperation();
        byte[] message = checkedMessage();
        DataDirectory directory = data.directory();
        RunFile running = RunFile.of(directory);
        WireLog wire = wireLog(directory);
        try (io.rialto.client.Rialto phone = phone(running, directory, wire)) {
            Answer answer = phone.call(name, "application/json", message, idempotent, options());
            print(answer);
            return 0;
        } catch (CurlPrinted e) {
            return 0;
        } catch (CallException e) {
            spec.commandLine().getErr().println(e.getMessage());
            if (e.reason().equals("identity_required")) {
                spec.commandLine()
                        .getErr()
                        .println("rialto: nobody is logged in on the phone of '" + as
                                + "'; call the app's login operation with --as " + as + " first");
            }
            return Rialto.FAILED;
        }
    }

    private OperationName checkedOperation() {
        try {
            return OperationName.of(operation);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()));
        }
    }

    private byte[] checkedMessage() {
        if (!as.matches("[a-z0-9][a-z0-9-]{0,62}")) {
            throw new ParameterException(
                    spec.commandLine(), "--as: " + as + " (expected: lower-case letters, digits and dashes)");
        }
        try {
            JsonNode message = Json.read(json);
            if (fields.isEmpty()) {
                return json.getBytes(StandardCharsets.UTF_8);
            }
            if (!(message instanceof ObjectNode object)) {
                throw new ParameterException(spec.commandLine(), "--json: an object is expected where there is --set");
            }
            fields.forEach(object::put);
            return Json.write(object).getBytes(StandardCharsets.UTF_8);
        } catch (JsonException e) {
            throw new ParameterException(spec.commandLine(), "--json: " + e.getMessage());
        }
    }

    private WireLog wireLog(DataDirectory directory) {
        Path authority = directory.path("tls", "ca.pem");
        OkHttpTransport transport = new OkHttpTransport(
                Trust.ofFile(authority), AddressLookup.system(), Duration.ofSeconds(3), Duration.ZERO);
        PrintWriter out = spec.commandLine().getErr();
        return new WireLog(
                transport,
                verbose ? out : null,
                curl
                        ? new WireLog.Curl(
                                OperationName.of(operation).path(),
                                authority,
                                spec.commandLine().getOut())
                        : null);
    }

    private io.rialto.client.Rialto phone(RunFile running, DataDirectory directory, WireLog wire) {
        RialtoBuilder builder = io.rialto.client.Rialto.builder()
                .app(running.app())
                .gateways(running.gateways())
                .serverKeys(running.serverKeys())
                .storage(new FileStorage(directory.folder("phones", as)))
                .transport(wire);
        if (verbose) {
            builder.reporter(line -> spec.commandLine().getErr().println("* " + line));
        }
        return builder.build();
    }

    private CallOptions options() {
        CallOptions options = CallOptions.NONE
                .timeout(Duration.ofSeconds(Math.max(1, timeoutSeconds)))
                .protection(curl && way.protection() == Protection.SEALED ? Protection.SIGNED : way.protection());
        options = idempotencyKey == null ? options : options.idempotencyKey(idempotencyKey);
        return route == null ? options : options.routeHint(route);
    }

    private void print(Answer answer) {
        PrintWriter out = spec.commandLine().getOut();
        try {
            JsonNode read = Json.read(answer.body());
            out.println(
                    only == null
                            ? Json.mapper().writerWithDefaultPrettyPrinter().writeValueAsString(read)
                            : field(read, only));
        } catch (JsonException e) {
            out.println(new String(answer.body(), StandardCharsets.UTF_8));
        }
        out.flush();
    }

    private static String field(JsonNode answer, String name) {
        JsonNode field = answer.path(name);
        if (field.isMissingNode()) {
            throw new CommandFailure("--only: " + name + " (expected: one of " + answer.propertyNames() + ")");
        }
        return field.isString() ? field.stringValue() : field.toString();
    }

    /** Ends the call that was printed instead of sent. */
    static final class CurlPrinted extends RuntimeException {
        private static final long serialVersionUID = 1;

        CurlPrinted() {
            super("printed", null, false, false);
        }
    }
}

package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.node.JsonSection;
import io.rialto.protocol.ServerKey;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a running {@code rialto up} tells the commands that call it, in a file of its data directory.
 *
 * @param process its process id
 * @param app the app that calls are made for
 * @param control base URL of the admin API
 * @param gateways public addresses, the preferred first
 * @param internal addresses, {@code host:port}, of internal listeners
 * @param serverKeys to seal for
 */
record RunFile(
        long process, String app, URI control, List<URI> gateways, List<String> internal, List<ServerKey> serverKeys) {
    private static final String NAME = "run.json";
    private static final int MAX = 64;

    RunFile {
        gateways = List.copyOf(gateways);
        internal = List.copyOf(internal);
        serverKeys = List.copyOf(serverKeys);
    }

    void write(DataDirectory data) {
        ObjectNode json = Json.mapper().createObjectNode();
        json.put("process", process).put("app", app).put("control", control.toString());
        ArrayNode urls = json.putArray("gateways");
        gateways.forEach(gateway -> urls.add(gateway.toString()));
        internal.forEach(json.putArray("internal")::add);
        ArrayNode keys = json.putArray("server-keys");
        for (ServerKey key : serverKeys) {
            keys.addObject()
                    .put("suite", key.suite())
                    .put("key", Base64.getUrlEncoder().withoutPadding().encodeToString(key.publicKey()));
        }
        DataDirectory.write(data.path(NAME), Json.write(json));
    }

    /** That of the rialto that runs in a data directory. */
    static RunFile of(DataDirectory data) {
        Path file = data.path(NAME);
        if (!Files.exists(file)) {
            throw notRunning(data);
        }
        RunFile read = parse(DataDirectory.read(file), file);
        if (!ProcessHandle.of(read.process()).map(ProcessHandle::isAlive).orElse(false)) {
            throw notRunning(data);
        }
        return read;
    }

    private static CommandFailure notRunning(DataDirectory data) {
        return new CommandFailure("no rialto runs in " + data.root()
                + " (start one with './rialto up', or name the folder of" + " the one that runs with --data)");
    }

    private static RunFile parse(String text, Path file) {
        try {
            JsonSection json = JsonSection.of(file.toString(), Json.read(text));
            RunFile read = new RunFile(
                    json.number("process", 1, Long.MAX_VALUE),
                    json.text("app"),
                    URI.create(json.text("control")),
                    json.texts("gateways", MAX).stream().map(URI::create).toList(),
                    json.texts("internal", MAX),
                    json.objects(
                            "server-keys", MAX, key -> ServerKey.of(key.integer("suite", 1, 2), key.bytes("key", 0))));
            json.end();
            if (json.isFine()) {
                return read;
            }
            throw new CommandFailure(String.join("; ", json.errors()));
        } catch (JsonException | IllegalArgumentException e) {
            throw new CommandFailure(file + ": " + e.getMessage() + " (stop rialto and start it again)");
        }
    }

    static void delete(DataDirectory data) {
        DataDirectory.delete(data.path(NAME));
    }
}

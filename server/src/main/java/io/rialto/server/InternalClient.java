package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.protocol.Caller;
import io.rialto.protocol.CallerTokens;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.OperationName;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** Calls of an operator to the internal listener of an edge that runs in a data directory, under a token of its caller key. */
final class InternalClient {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final String ISSUER = "operator";

    private final RunFile running;
    private final CallerTokens tokens;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();

    private InternalClient(RunFile running, CallerTokens tokens) {
        this.running = running;
        this.tokens = tokens;
    }

    static InternalClient of(DataDirectory data) {
        return new InternalClient(RunFile.of(data), tokens(LocalStack.callerKeys(data)));
    }

    private static CallerTokens tokens(Path file) {
        if (!Files.exists(file)) {
            throw new CommandFailure(
                    file + ": not there (expected: the caller keys that rialto writes when it starts)");
        }
        try {
            Instant now = Instant.now();
            for (JsonNode key : Json.read(DataDirectory.read(file))) {
                boolean valid = !Instant.parse(key.path("from").asString()).isAfter(now)
                        && Instant.parse(key.path("until").asString()).isAfter(now);
                if (valid) {
                    String id = key.path("id").asString();
                    byte[] secret =
                            Base64.getUrlDecoder().decode(key.path("key").asString());
                    return new CallerTokens(Map.of(id, secret), id);
                }
            }
        } catch (JsonException e) {
            throw new CommandFailure(file + ": " + e.getMessage());
        }
        throw new CommandFailure(file + ": no key is valid now (rotate with ./rialto keys rotate)");
    }

    /** The answer of the first edge that is reached. */
    JsonNode call(String operation, JsonNode request) {
        OperationName name = OperationName.of(operation);
        IOException last = null;
        for (String edge : running.internal()) {
            try {
                return call(edge, name, request);
            } catch (IOException e) {
                last = e;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CommandFailure("interrupted");
            }
        }
        throw new CommandFailure("no edge answers at " + running.internal() + ": " + last);
    }

    private JsonNode call(String edge, OperationName name, JsonNode request) throws IOException, InterruptedException {
        long now = System.currentTimeMillis();
        Caller caller = Caller.builder(ISSUER, name.toString(), now, now + TIMEOUT.toMillis())
                .build();
        HttpResponse<byte[]> response = http.send(
                HttpRequest.newBuilder(URI.create("http://" + edge + name.path()))
                        .timeout(TIMEOUT)
                        .header("content-type", "application/json")
                        .header(HeaderNames.CALLER, tokens.mint(caller))
                        .POST(HttpRequest.BodyPublishers.ofString(Json.write(request)))
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
        try {
            JsonNode answer = Json.read(response.body());
            if (response.statusCode() != 200) {
                throw new CommandFailure(answer.path("reason").asString("status " + response.statusCode()) + ": "
                        + answer.path("message").asString(""));
            }
            return answer;
        } catch (JsonException e) {
            throw new CommandFailure(name + ": status " + response.statusCode() + ", " + e.getMessage());
        }
    }
}

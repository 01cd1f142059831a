package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.StringJoiner;
import tools.jackson.databind.JsonNode;

/** Control's admin API, for the commands. */
final class AdminClient {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final URI control;
    private final String token;
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(TIMEOUT).build();

    /** A section and the version that it was read at. */
    record Section(long version, JsonNode value) {}

    private AdminClient(URI control, String token) {
        this.control = control;
        this.token = token;
    }

    /** That of the rialto that runs in a data directory. */
    static AdminClient of(DataDirectory data) {
        return new AdminClient(
                RunFile.of(data).control(),
                DataDirectory.read(LocalStack.adminToken(data)).strip());
    }

    Section section(String name) throws InterruptedException {
        HttpResponse<String> answer = send(request("/v1/sections/" + name).GET());
        String version = answer.headers().firstValue("etag").orElse("\"0\"").replace("\"", "");
        return new Section(Long.parseLong(version), json(answer.body()));
    }

    /** Puts a section in place of that of a version; gives the new version. */
    long put(String name, JsonNode value, long version) throws InterruptedException {
        HttpResponse<String> answer = send(request("/v1/sections/" + name)
                .header("if-match", "\"" + version + "\"")
                .header("rialto-author", System.getProperty("user.name", "unknown"))
                .PUT(HttpRequest.BodyPublishers.ofString(Json.write(value), StandardCharsets.UTF_8)));
        return json(answer.body()).path("version").asLong();
    }

    JsonNode history(int limit) throws InterruptedException {
        return json(send(request("/v1/history?limit=" + limit).GET()).body());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(control.resolve(path))
                .timeout(TIMEOUT)
                .header("authorization", "Bearer " + token);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws InterruptedException {
        HttpResponse<String> answer;
        try {
            answer = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new CommandFailure("control at " + control + " does not answer: " + e);
        }
        if (answer.statusCode() == 200) {
            return answer;
        }
        StringJoiner errors = new StringJoiner("\n");
        json(answer.body()).path("errors").forEach(error -> errors.add(error.asString()));
        throw new CommandFailure("control refuses with status " + answer.statusCode() + ":\n" + errors);
    }

    private static JsonNode json(String text) {
        try {
            return Json.read(text);
        } catch (JsonException e) {
            throw new CommandFailure("control answered no JSON: " + e.getMessage());
        }
    }
}

package io.rialto.server;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/** Control's admin API, for the commands. */
final class AdminClient {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final URI control;
    private final String token;
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(TIMEOUT).build();

    /**
     * A section and the version that it was read at.
     *
     * @param value a {@link MissingNode} where control has no such section yet
     */
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

    /** That at an address, whose admin token is in a file. */
    static AdminClient of(URI control, Path tokenFile) {
        return new AdminClient(control, DataDirectory.read(tokenFile).strip());
    }

    Section section(String name) throws InterruptedException {
        HttpResponse<String> answer = exchange(request("/v1/sections/" + name).GET());
        Optional<String> version = answer.headers().firstValue("etag").map(tag -> tag.replace("\"", ""));
        if (answer.statusCode() == 404 && version.isPresent()) {
            return new Section(Long.parseLong(version.get()), MissingNode.getInstance());
        }
        fine(answer);
        return new Section(Long.parseLong(version.orElse("0")), json(answer.body()));
    }

    /** A section that must be there. */
    Section required(String name) throws InterruptedException {
        Section section = section(name);
        if (section.value().isMissingNode()) {
            throw new CommandFailure("control has no section " + name
                    + " yet (give it one: './rialto config apply', for keys './rialto keys rotate')");
        }
        return section;
    }

    /** A section as it was in a version that control keeps. */
    JsonNode section(String name, long version) throws InterruptedException {
        return json(send(request("/v1/sections/" + name + "?version=" + version).GET())
                .body());
    }

    /**
     * How a section is put.
     *
     * @param version that the change is based on
     * @param reason for the history; may be empty
     * @param stage ids of the only nodes that get it, with commas; empty for all
     */
    record How(long version, String reason, String stage) {}

    /** Puts a section in place of that of a version; gives the new version. */
    long put(String name, JsonNode value, long version) throws InterruptedException {
        return put(name, value, new How(version, "", ""));
    }

    long put(String name, JsonNode value, How how) throws InterruptedException {
        String stage = how.stage().isEmpty() ? "" : "?stage=" + URLEncoder.encode(how.stage(), StandardCharsets.UTF_8);
        return version(by("/v1/sections/" + name + stage, how.version(), how.reason())
                .PUT(HttpRequest.BodyPublishers.ofString(Json.write(value), StandardCharsets.UTF_8)));
    }

    /** Fails with what control would refuse a section for. */
    void check(String name, JsonNode value, long version) throws InterruptedException {
        send(by("/v1/sections/" + name + "?check=true", version, "")
                .PUT(HttpRequest.BodyPublishers.ofString(Json.write(value), StandardCharsets.UTF_8)));
    }

    /** A version that only some nodes get. */
    record Stage(long version, List<String> nodes) {}

    Optional<Stage> stage() throws InterruptedException {
        HttpResponse<String> answer = exchange(request("/v1/stage").GET());
        if (answer.statusCode() == 404) {
            return Optional.empty();
        }
        fine(answer);
        JsonNode stage = json(answer.body());
        return Optional.of(new Stage(
                stage.path("version").asLong(),
                stage.path("nodes").valueStream().map(JsonNode::asString).toList()));
    }

    /** Ends the stage of a version, {@code promote} or {@code back}; gives the new version. */
    long endStage(String how, long version, String reason) throws InterruptedException {
        return version(by("/v1/stage/" + how, version, reason).POST(HttpRequest.BodyPublishers.noBody()));
    }

    /** Which version each node serves. */
    JsonNode nodes() throws InterruptedException {
        return json(send(request("/v1/nodes").GET()).body());
    }

    private HttpRequest.Builder by(String path, long version, String reason) {
        HttpRequest.Builder request = request(path)
                .header("if-match", "\"" + version + "\"")
                .header("rialto-author", System.getProperty("user.name", "unknown"));
        return reason.isEmpty() ? request : request.header("rialto-reason", reason);
    }

    private long version(HttpRequest.Builder request) throws InterruptedException {
        return json(send(request).body()).path("version").asLong();
    }

    /** Puts sections in place of those of a version, all or none; false where the configuration has moved on. */
    boolean put(Map<String, JsonNode> sections, long version, String author) throws InterruptedException {
        ObjectNode body = Json.mapper().createObjectNode();
        sections.forEach(body::set);
        HttpResponse<String> answer = exchange(request("/v1/sections")
                .header("if-match", "\"" + version + "\"")
                .header("rialto-author", author)
                .PUT(HttpRequest.BodyPublishers.ofString(Json.write(body), StandardCharsets.UTF_8)));
        if (answer.statusCode() == 409) {
            return false;
        }
        fine(answer);
        return true;
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
        HttpResponse<String> answer = exchange(request);
        fine(answer);
        return answer;
    }

    private HttpResponse<String> exchange(HttpRequest.Builder request) throws InterruptedException {
        try {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new CommandFailure("control at " + control + " does not answer: " + e);
        }
    }

    private static void fine(HttpResponse<String> answer) {
        if (answer.statusCode() == 200) {
            return;
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

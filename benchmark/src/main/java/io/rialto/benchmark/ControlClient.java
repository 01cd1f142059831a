package io.rialto.benchmark;

import io.rialto.cells.RoutingTable;
import io.rialto.cells.move.MoveLedger;
import io.rialto.cells.move.Moves;
import io.rialto.node.Json;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/** Control's admin API as a mover uses it. */
final class ControlClient implements MoveLedger, AutoCloseable {
    private static final int CONFLICT = 409;
    private static final int MISSING = 404;
    private static final int OK = 200;

    private final URI control;
    private final String token;
    private final HttpClient client = HttpClient.newHttpClient();

    ControlClient(URI control, String token) {
        this.control = control;
        this.token = token;
    }

    @Override
    public Configuration read() throws IOException, InterruptedException {
        while (true) {
            Section table = section(RoutingTable.SECTION);
            Section moves = section(Moves.SECTION);
            if (table.version() == moves.version()) {
                return new Configuration(table.version(), table.value(), moves.value());
            }
        }
    }

    private record Section(long version, JsonNode value) {}

    private Section section(String name) throws IOException, InterruptedException {
        HttpResponse<String> answer = send(request("/v1/sections/" + name).GET());
        if (answer.statusCode() != OK && answer.statusCode() != MISSING) {
            throw refused(answer);
        }
        long version = answer.headers()
                .firstValue("etag")
                .map(tag -> Long.parseLong(tag.replace("\"", "")))
                .orElse(0L);
        JsonNode value = answer.statusCode() == OK ? Json.mapper().readTree(answer.body()) : MissingNode.getInstance();
        return new Section(version, value);
    }

    @Override
    public boolean put(Map<String, JsonNode> sections, long version, String author)
            throws IOException, InterruptedException {
        ObjectNode body = Json.mapper().createObjectNode();
        sections.forEach(body::set);
        HttpResponse<String> answer = send(request("/v1/sections")
                .header("if-match", "\"" + version + "\"")
                .header("rialto-author", author)
                .PUT(HttpRequest.BodyPublishers.ofString(Json.write(body))));
        if (answer.statusCode() == CONFLICT) {
            return false;
        }
        if (answer.statusCode() != OK) {
            throw refused(answer);
        }
        return true;
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(control.resolve(path)).header("authorization", "Bearer " + token);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static IOException refused(HttpResponse<String> answer) {
        return new IOException("control refuses with status " + answer.statusCode() + ": " + answer.body());
    }

    @Override
    public void close() {
        client.close();
    }
}

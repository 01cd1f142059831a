package io.rialto.server;

import io.rialto.client.CallOptions;
import io.rialto.client.Protection;
import io.rialto.client.Rialto;
import io.rialto.control.ControlSettings;
import io.rialto.control.PutResult;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.node.LogSettings;
import io.rialto.node.Logging;
import io.rialto.node.Size;
import io.rialto.node.SnapshotSettings;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.PostgresServer;
import io.rialto.protocol.Buckets;
import io.rialto.protocol.OperationName;
import io.rialto.server.Topology.OneCell;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The real control on a real PostgreSQL, two edges of the cell {@code east}, one of {@code west}, and a backend in each;
 * all in this process, on free ports.
 */
final class TestPlatform implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final SecureRandom random = new SecureRandom();
    private final Path folder;
    private final Certificates certificates;
    private final PostgresServer postgres;
    private final Database database;
    private final Topology topology = Topology.standard(0);
    private final OneCell secondEast = Topology.standard(0).cells().getFirst();
    final ControlNode control;
    final URI controlUrl;
    final TestBackend eastBackend;
    final TestBackend westBackend;
    final EdgeNode east1;
    final EdgeNode west1;
    private final List<EdgeNode> edges = new ArrayList<>();
    private final List<Rialto> phones = new ArrayList<>();

    TestPlatform(Path folder) throws Exception {
        Logging.start(new LogSettings(LogSettings.Format.PLAIN, LogSettings.Level.WARN));
        this.folder = folder;
        certificates = new Certificates(folder.resolve("tls"), random, Clock.systemUTC());
        certificates.ensure();
        postgres = PostgresServer.start(
                folder.resolve("postgres"), folder.resolve("control"), PostgresServer.Options.standard(), random);
        database = Database.open(postgres.database("rialto"), "control", 4, Duration.ofSeconds(5));
        control = ControlNode.start(controlSettings(), database, random);
        controlUrl = URI.create("http://127.0.0.1:" + control.port());
        eastBackend = TestBackend.start("east");
        westBackend = TestBackend.start("west");
        put(Map.of("table", table(), "keys", new KeyRotation(random).first(Instant.now()), "gateway", gateway()));
        east1 = startEdge(topology.cells().get(0), "east-1");
        west1 = startEdge(topology.cells().get(1), "west-1");
    }

    private ControlSettings controlSettings() {
        return new ControlSettings(
                "127.0.0.1",
                0,
                folder.resolve("signing.key"),
                folder.resolve("admin.token"),
                folder.resolve("node.token"),
                100,
                Size.of("1m"));
    }

    private ObjectNode table() {
        ObjectNode table = topology.table();
        table.withArray("/cells/0/nodes").addObject().put("id", "east-2").put("internal", secondEast.internalAddress());
        return table;
    }

    private ObjectNode gateway() throws JsonException {
        ObjectNode gateway = Json.read("""
                {"apps": [{"id": "test"}],
                 "backends": [{"service": "test", "retry-budget-percent": 0},
                              {"service": "gone", "retry-budget-percent": 0}],
                 "operations": [
                   {"name": "test.Session/Login", "backend": "test", "auth": "device", "route": "hint", "login": true},
                   {"name": "test.Echo/Get", "backend": "test", "auth": "user", "idempotent": true},
                   {"name": "test.Echo/Once", "backend": "test", "auth": "user"},
                   {"name": "test.Version/Raise", "backend": "test", "auth": "user"},
                   {"name": "test.Written/Raise", "backend": "test", "auth": "user"},
                   {"name": "test.Moving/Put", "backend": "test", "auth": "user"},
                   {"name": "test.Slow/Get", "backend": "test", "auth": "user", "timeout-ms": 300},
                   {"name": "test.Closing/Get", "backend": "test", "auth": "user"},
                   {"name": "test.Gone/Get", "backend": "gone", "auth": "user", "timeout-ms": 300},
                   {"name": "test.Changing/Get", "backend": "test", "auth": "user"},
                   {"name": "test.Limited/Get", "backend": "test", "auth": "user", "rate": {"user": 100, "burst": 20}}]}""").asObject();
        gateway.withObject("/backends/0/addresses").putArray("east").add(eastBackend.address());
        gateway.withObject("/backends/0/addresses").putArray("west").add(westBackend.address());
        // A port that nobody listens on, and that no other program takes: it is reserved.
        gateway.withObject("/backends/1/addresses").putArray("east").add("127.0.0.1:1");
        return gateway;
    }

    /** Settings of the second edge of the cell {@code east}, for a process of its own. */
    List<String> secondEastSettings() {
        return List.of(
                "edge-cell=east",
                "edge-node=east-2",
                "edge-public-port=" + secondEast.publicPort(),
                "edge-internal-port=" + secondEast.internalPort(),
                "edge-tls-chain-file=" + certificates.chain(),
                "edge-tls-key-file=" + certificates.key(),
                "edge-drain-notice=100ms",
                "edge-snapshot-control-urls=" + controlUrl,
                "edge-snapshot-control-keys=" + control.publicKey(),
                "edge-snapshot-control-token-file=" + folder.resolve("node.token"),
                "edge-snapshot-file=" + folder.resolve("east-2.snapshot"));
    }

    private EdgeNode startEdge(OneCell cell, String node) throws IOException, InterruptedException {
        EdgeSettings settings = new EdgeSettings(
                cell.id(),
                node,
                "127.0.0.1",
                cell.publicPort(),
                -1,
                "127.0.0.1",
                cell.internalPort(),
                certificates.chain(),
                certificates.key(),
                2,
                Duration.ofSeconds(10),
                Duration.ZERO,
                folder.resolve("push"),
                new SnapshotSettings(
                        List.of(controlUrl),
                        List.of(control.publicKey()),
                        Optional.of(folder.resolve("node.token")),
                        folder.resolve(node + ".snapshot")));
        EdgeNode edge = EdgeNode.start(settings, Optional.empty(), PATIENCE, random, ignored -> {});
        edges.add(edge);
        return edge;
    }

    EdgeNode startSecondEast() throws IOException, InterruptedException {
        return startEdge(secondEast, "east-2");
    }

    EdgeNode startFirstEast() throws IOException, InterruptedException {
        return startEdge(topology.cells().getFirst(), "east-1");
    }

    URI east1Url() {
        return URI.create(topology.cells().get(0).publicUrl());
    }

    URI east2Url() {
        return URI.create(secondEast.publicUrl());
    }

    /** Puts sections in place of those in force, and gives the version. */
    long put(Map<String, JsonNode> sections) throws SQLException {
        PutResult result = control.store().put(sections, control.store().version(), "test");
        if (result instanceof PutResult.Accepted accepted) {
            return accepted.version();
        }
        throw new IllegalStateException(result.toString());
    }

    ObjectNode section(String name) {
        return control.store().section(name).orElseThrow().deepCopy().asObject();
    }

    /** A phone that knows these gateways, before its first call. */
    Rialto phone(Protection protection, URI... gateways) {
        Rialto phone = Rialto.builder()
                .app("test")
                .gateways(List.of(gateways))
                .serverKeys(PublishedKeys.pinned(section("keys")))
                .trust(certificates.authority())
                .protection(protection)
                .build();
        phones.add(phone);
        return phone;
    }

    /** A phone whose user is logged in. */
    Rialto phoneOf(String user, Protection protection, URI... gateways) {
        Rialto phone = phone(protection, gateways);
        phone.call(
                OperationName.of("test.Session/Login"),
                "application/json",
                ("{\"user\":\"" + user + "\"}").getBytes(StandardCharsets.UTF_8),
                false,
                CallOptions.NONE.routeHint(user));
        return phone;
    }

    /** Calls an operation; gives the answer's body. */
    static String call(Rialto phone, String operation) {
        return call(phone, operation, CallOptions.NONE);
    }

    static String call(Rialto phone, String operation, CallOptions options) {
        boolean idempotent = operation.equals("test.Echo/Get");
        return new String(
                phone.call(OperationName.of(operation), "application/json", new byte[] {'{', '}'}, idempotent, options)
                        .body(),
                StandardCharsets.UTF_8);
    }

    /** The first user at or after a number that the cell {@code east} or {@code west} owns. */
    static String userOf(String cell, int from) {
        return IntStream.iterate(from, number -> number + 1)
                .mapToObj(Integer::toString)
                .filter(user -> Buckets.of(user, Topology.SHARDS) < Topology.SHARDS / 2 == cell.equals("east"))
                .findFirst()
                .orElseThrow();
    }

    /** Calls of an operation that the edge {@code east-1} has answered with a status of 2xx. */
    long answeredByEast1(String operation) throws IOException, InterruptedException {
        return countedByEast1("rialto_calls_total{operation=\"" + operation + "\",status=\"2xx\"}");
    }

    /** What a counter of the edge {@code east-1} stands at; 0 where it has none. */
    long countedByEast1(String counter) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI metrics = URI.create("http://" + topology.cells().getFirst().internalAddress() + "/metrics");
            String text = client.send(HttpRequest.newBuilder(metrics).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
            return text.lines()
                    .filter(line -> line.startsWith(counter + " "))
                    .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                    .sum();
        }
    }

    @Override
    public void close() throws Exception {
        phones.forEach(Rialto::close);
        edges.forEach(EdgeNode::close);
        control.close();
        eastBackend.close();
        westBackend.close();
        database.close();
        postgres.close();
    }
}

package io.rialto.server;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.control.ControlSettings;
import io.rialto.control.PutResult;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.node.Size;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.protocol.CallerTokens;
import io.rialto.protocol.ServerKey;
import io.rialto.server.Topology.OneCell;
import io.rialto.sync.inbox.PostgresInbox;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * One regional cell as a fault test needs it: control here, a PostgreSQL of its own, and two edges in processes of their own
 * that reach it by a {@link ChaosLink} each. Phones log in at a backend in this process. Nobody runs the global cell.
 */
final class ChaosCell implements AutoCloseable {
    static final String APP = "chaos";
    static final String TOPIC = "chaos";
    static final String CELL = "east";
    private static final int LOGINS = 1_024;

    private final DataDirectory data;
    private final SecureRandom random;
    private final List<OneCell> places;
    private final Optional<Path> clockLibrary;
    private final List<ChaosLink> links = new ArrayList<>();
    private final List<ChaosProcess> edges = new ArrayList<>();
    private final ExecutorService logins = Executors.newVirtualThreadPerTaskExecutor();
    private @Nullable LocalDatabases databases;
    private @Nullable ControlNode control;
    private @Nullable HttpServer backend;
    private boolean closed;

    /** A cell that is not started yet, so that whoever wants it closed in any case can see to that before. */
    ChaosCell(DataDirectory data, SecureRandom random, Optional<Path> clockLibrary) {
        this.data = data;
        this.random = random;
        this.clockLibrary = clockLibrary;
        // The ports of two regional cells are those of this cell's two edges.
        this.places = Topology.standard(0).cells().subList(0, 2);
    }

    /** Starts all of it; where that fails, or it is closed meanwhile, some of it may run until it is closed. */
    void start() throws IOException, SQLException, InterruptedException {
        startProcesses();
        for (ChaosProcess edge : edges) {
            edge.awaitReady();
        }
    }

    private synchronized void startProcesses() throws IOException, SQLException, InterruptedException {
        if (closed) {
            return;
        }
        Certificates tls = new Certificates(data.folder("tls"), random, Clock.systemUTC());
        tls.ensure();
        HttpServer login = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), LOGINS);
        backend = login;
        login.createContext("/", ChaosCell::login);
        login.setExecutor(logins);
        login.start();
        LocalDatabases opened = LocalDatabases.start(
                data, Map.of("control", LocalDatabases.standard(), CELL, LocalDatabases.standard()), random);
        databases = opened;
        ControlNode started = ControlNode.start(controlSettings(), opened.of("control"), random);
        control = started;
        DatabaseAddress inbox = configure(started, opened.of(CELL), login.getAddress());
        for (OneCell place : places) {
            ChaosLink link = ChaosLink.to(
                    URI.create(inbox.url().substring("jdbc:".length())).getPort());
            links.add(link);
            edges.add(ChaosProcess.start(
                    data,
                    place.node(),
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), place.publicPort()),
                    ChaosProcess.node("edge", settings(place, started, inbox, link)),
                    clockLibrary));
        }
    }

    private ControlSettings controlSettings() {
        data.folder("control");
        return new ControlSettings(
                "127.0.0.1",
                0,
                data.path("control", "signing.key"),
                data.path("control", "admin.token"),
                data.path("control", "node.token"),
                100,
                Size.of("1m"));
    }

    private DatabaseAddress configure(ControlNode started, Database database, InetSocketAddress login)
            throws IOException, SQLException {
        try {
            ObjectNode gateway = Json.read("""
                {"apps": [{"id": "chaos"}],
                 "backends": [{"service": "chaos", "addresses": {"east": ["127.0.0.1:%d"]}}],
                 "operations": [{"name": "chaos.Session/Login", "backend": "chaos", "auth": "device", "route": "hint",
                                 "login": true, "idempotent": true}]}""".formatted(login.getPort())).asObject();
            JsonNode sync = Json.read("{\"topics\": [{\"name\": \"" + TOPIC + "\", \"app\": \"" + APP + "\"}]}");
            ObjectNode table = table();
            PutResult result = started.store()
                    .put(
                            Map.of(
                                    "table", table,
                                    "keys", new KeyRotation(random).first(Instant.now()),
                                    "gateway", gateway,
                                    "sync", sync),
                            started.store().version(),
                            "chaos");
            if (!(result instanceof PutResult.Accepted)) {
                throw new IllegalStateException("the configuration of the fault test is refused: " + result);
            }
            Path password = data.folder("secrets").resolve("inbox.password");
            PreparedCell prepared = PreparedCell.prepare(
                    database, RoutingTable.parse(table), CELL, Map.of(PostgresInbox.ROLE, password), random);
            return Objects.requireNonNull(prepared.backends().get(PostgresInbox.ROLE));
        } catch (JsonException | TableException e) {
            throw new IllegalStateException("the configuration of the fault test", e);
        }
    }

    private ObjectNode table() {
        OneCell first = places.getFirst();
        OneCell second = places.get(1);
        Topology topology = new Topology(
                List.of(
                        new OneCell(
                                CELL,
                                first.city(),
                                false,
                                0,
                                Topology.SHARDS - 1,
                                first.publicPort(),
                                first.internalPort()),
                        new OneCell("global", first.city(), true, 0, -1, 0, 0)),
                0);
        ObjectNode table = topology.table();
        table.withArray("/cells/0/public").add(second.publicUrl());
        table.withArray("/cells/0/nodes")
                .addObject()
                .put("id", second.node())
                .put("internal", second.internalAddress());
        table.withArray("/cells/1/nodes").removeAll();
        table.withArray("/cells/1/public").removeAll();
        return table;
    }

    private List<String> settings(OneCell place, ControlNode started, DatabaseAddress inbox, ChaosLink link) {
        String name = inbox.url().substring(inbox.url().lastIndexOf('/'));
        return List.of(
                "edge-cell=" + CELL,
                "edge-node=" + place.node(),
                "edge-public-port=" + place.publicPort(),
                "edge-internal-port=" + place.internalPort(),
                "edge-loops=1",
                "edge-drain=1s",
                "edge-drain-notice=0s",
                "edge-tls-chain-file=" + data.path("tls", "server.pem"),
                "edge-tls-key-file=" + data.path("tls", "server-key.pem"),
                "edge-snapshot-control-urls=http://127.0.0.1:" + started.port(),
                "edge-snapshot-control-keys=" + started.publicKey(),
                "edge-snapshot-control-token-file=" + data.path("control", "node.token"),
                "edge-snapshot-file=" + data.folder("nodes", place.node()).resolve("snapshot"),
                "inbox-url=jdbc:postgresql://127.0.0.1:" + link.port() + name,
                "inbox-user=" + inbox.user(),
                "inbox-password-file=" + data.path("secrets", "inbox.password"));
    }

    /** Whoever says who it is, is. */
    private static void login(HttpExchange exchange) throws IOException {
        try (exchange) {
            JsonNode request = Json.read(exchange.getRequestBody().readAllBytes());
            exchange.getResponseHeaders()
                    .set("rialto-bind-user", request.path("user").asString(""));
            exchange.getResponseHeaders().set("content-type", "application/json");
            exchange.sendResponseHeaders(200, 2);
            exchange.getResponseBody().write(new byte[] {'{', '}'});
        } catch (JsonException e) {
            throw new IOException(e);
        }
    }

    List<ChaosProcess> edges() {
        return edges;
    }

    ChaosLink link(int edge) {
        return links.get(edge);
    }

    List<URI> gateways() {
        return places.stream().map(place -> URI.create(place.publicUrl())).toList();
    }

    List<String> internal() {
        return places.stream().map(OneCell::internalAddress).toList();
    }

    Path authority() {
        return data.path("tls", "ca.pem");
    }

    List<ServerKey> serverKeys() {
        return PublishedKeys.pinned(keys());
    }

    CallerTokens callerTokens() {
        JsonNode key = keys().path("caller").path(0);
        String id = key.path("id").asString();
        return new CallerTokens(
                Map.of(id, Base64.getUrlDecoder().decode(key.path("key").asString())), id);
    }

    private JsonNode keys() {
        return Objects.requireNonNull(control).store().section("keys").orElseThrow();
    }

    /** The database of the cell, as its administrator. */
    Database database() {
        return Objects.requireNonNull(databases).of(CELL);
    }

    /** Where the cell's PostgreSQL keeps everything. */
    static Path databaseFolder(DataDirectory data) {
        return data.folder("databases", CELL);
    }

    /** The processes of the cell's PostgreSQL. */
    ChaosPostgres postgres() {
        return new ChaosPostgres(databaseFolder(data));
    }

    @Override
    public synchronized void close() {
        closed = true;
        edges.forEach(ChaosProcess::close);
        links.forEach(ChaosLink::close);
        if (control != null) {
            control.close();
        }
        if (databases != null) {
            databases.close();
        }
        if (backend != null) {
            backend.stop(0);
        }
        logins.shutdownNow();
    }
}

package io.rialto.server;

import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.node.Json;
import io.rialto.node.SnapshotSigner;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.DatabaseSettings;
import io.rialto.protocol.ServerKey;
import io.rialto.server.ChaosNetwork.Way;
import io.rialto.server.Topology.OneCell;
import io.rialto.sync.SyncConfig;
import io.rialto.sync.inbox.PostgresInbox;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Two regional cells and the global one as a fault test needs them: control, and each cell's edge and wallet, in a process
 * of their own, each cell and control with a PostgreSQL of their own, and a {@link ChaosNetwork} between all of them.
 */
final class ChaosCells implements AutoCloseable {
    static final String CONTROL = "control";
    static final String APP = LocalStack.APP;

    /** Few, so that each has users and moves often. */
    static final int SHARDS = 8;

    private static final int FIRST_PORT = 10_000;
    private static final int LAST_PORT = 30_000;
    private static final String WALLET = "wallet";
    private static final String HOST = "127.0.0.1:";

    private final DataDirectory data;
    private final JavaPrograms programs;
    private final SecureRandom random;
    private final Optional<Path> clockLibrary;
    private final Topology topology;
    private final ChaosNetwork network = new ChaosNetwork();
    private final Map<String, ChaosProcess> edges = new LinkedHashMap<>();
    private final Map<String, ChaosProcess> wallets = new LinkedHashMap<>();
    private final List<URI> gateways = new ArrayList<>();
    private final JsonNode keys;
    private @Nullable LocalDatabases databases;
    private @Nullable ChaosProcess control;
    private boolean closed;

    /** Cells that are not started yet, so that whoever wants them closed in any case can see to that before. */
    ChaosCells(DataDirectory data, JavaPrograms programs, SecureRandom random, Optional<Path> clockLibrary) {
        this.data = data;
        this.programs = programs;
        this.random = random;
        this.clockLibrary = clockLibrary;
        this.topology = freePorts(random);
        this.keys = new KeyRotation(random).first(Instant.now());
    }

    /** Below those that the system gives to connections: these open all the time, and would take one of a killed process. */
    private static Topology freePorts(SecureRandom random) {
        while (true) {
            Topology topology = Topology.standard(random.nextInt(FIRST_PORT, LAST_PORT));
            if (topology.busyPorts().isEmpty()) {
                return topology;
            }
        }
    }

    /** Starts all of it; where that fails, or it is closed meanwhile, some of it may run until it is closed. */
    void start() throws IOException, SQLException, InterruptedException {
        new Certificates(data.folder("tls"), random, Clock.systemUTC()).ensure();
        startDatabases();
        List<ChaosProcess> starting = startProcesses();
        for (ChaosProcess process : starting) {
            process.awaitReady();
        }
    }

    private synchronized void startDatabases() throws InterruptedException {
        if (closed) {
            return;
        }
        Map<String, DatabaseSettings> settings = new LinkedHashMap<>();
        settings.put(CONTROL, LocalDatabases.standard());
        cells().forEach(cell -> settings.put(cell, LocalDatabases.standard()));
        databases = LocalDatabases.start(data, settings, random);
    }

    private synchronized List<ChaosProcess> startProcesses() throws IOException, SQLException, InterruptedException {
        if (closed) {
            return List.of();
        }
        ChaosProcess started = startControl();
        control = started;
        ObjectNode table = table();
        Map<String, PreparedCell> prepared = prepare(table);
        started.awaitReady();
        configure(table);
        List<ChaosProcess> starting = new ArrayList<>();
        for (OneCell cell : topology.cells()) {
            PreparedCell own = Objects.requireNonNull(prepared.get(cell.id()));
            ChaosProcess edge =
                    startEdge(cell, Objects.requireNonNull(own.backends().get(PostgresInbox.ROLE)));
            edges.put(cell.id(), edge);
            starting.add(edge);
            wallets.put(
                    cell.id(),
                    startWallet(cell, Objects.requireNonNull(own.backends().get(WALLET))));
        }
        new RunFile(
                        ProcessHandle.current().pid(),
                        APP,
                        URI.create("http://" + HOST + network.open(Way.MOVER_TO_CONTROL, CONTROL, controlPort())),
                        gateways,
                        topology.cells().stream().map(OneCell::internalAddress).toList(),
                        serverKeys())
                .write(data);
        return starting;
    }

    private int controlPort() {
        return topology.controlPort();
    }

    private ChaosProcess startControl() throws IOException {
        data.folder(CONTROL);
        DatabaseAddress address = database(CONTROL).address();
        List<String> settings = List.of(
                "control-port=" + controlPort(),
                "control-signing-key-file=" + data.path(CONTROL, "signing.key"),
                "control-admin-token-file=" + LocalStack.adminToken(data),
                "control-node-token-file=" + data.path(CONTROL, "node.token"),
                "database-url=" + address.url(),
                "database-user=" + address.user(),
                "database-password-file=" + data.path("databases", CONTROL, "password"),
                "data=" + data.folder("control-process"));
        return ChaosProcess.start(data, CONTROL, controlPort(), ChaosProcess.node(CONTROL, settings), clockLibrary);
    }

    /** What everybody is told: the addresses are those of links. */
    private ObjectNode table() throws IOException {
        ObjectNode table = topology.table();
        table.put("shards", SHARDS);
        for (int i = 0; i < topology.cells().size(); i++) {
            OneCell cell = topology.cells().get(i);
            ObjectNode one = table.path("cells").path(i).asObject();
            String internal = HOST + network.open(Way.EDGES_TO_EDGE, cell.id(), cell.internalPort());
            one.putArray("nodes").addObject().put("id", cell.node()).put("internal", internal);
            URI url = URI.create("https://" + HOST + network.open(Way.PHONES_TO_EDGE, cell.id(), cell.publicPort()));
            one.putArray("public").add(url.toString());
            if (!cell.global()) {
                gateways.add(url);
            }
        }
        ArrayNode assignments = table.putArray("assignments");
        for (int i = 0; i < 2; i++) {
            assignments
                    .addObject()
                    .put("from", i * SHARDS / 2)
                    .put("to", (i + 1) * SHARDS / 2 - 1)
                    .put("unit", "u-" + topology.cells().get(i).id())
                    .put("epoch", 1);
        }
        return table;
    }

    private Map<String, PreparedCell> prepare(ObjectNode table) throws IOException, SQLException {
        Map<String, PreparedCell> prepared = new LinkedHashMap<>();
        Map<String, DatabaseAddress> administered = new LinkedHashMap<>();
        data.folder("secrets");
        Map<String, Path> passwords =
                Map.of(WALLET, password(WALLET), PostgresInbox.ROLE, password(PostgresInbox.ROLE));
        try {
            RoutingTable parsed = RoutingTable.parse(table);
            for (String cell : cells()) {
                prepared.put(cell, PreparedCell.prepare(database(cell), parsed, cell, passwords, random));
                administered.put(
                        cell,
                        network.open(Way.MOVER_TO_DATABASE, cell, database(cell).address()));
            }
        } catch (TableException e) {
            throw new IllegalStateException("the routing table of the fault test", e);
        }
        CellDatabases.write(data, administered);
        return prepared;
    }

    private Path password(String role) {
        return data.path("secrets", role + ".password");
    }

    private void configure(ObjectNode table) throws InterruptedException {
        AdminClient admin = admin();
        boolean accepted = admin.put(
                Map.of(
                        RoutingTable.SECTION,
                        table,
                        "keys",
                        keys,
                        "gateway",
                        LocalStack.section(programs.walletOperations()),
                        SyncConfig.SECTION,
                        LocalStack.section(programs.walletTopics())),
                admin.section(RoutingTable.SECTION).version(),
                "chaos");
        if (!accepted) {
            throw new IllegalStateException("somebody else configures the control of the fault test");
        }
        DataDirectory.write(LocalStack.callerKeys(data), Json.write(PublishedKeys.forBackends(keys)));
    }

    private ChaosProcess startEdge(OneCell cell, DatabaseAddress inbox) throws IOException {
        DatabaseAddress linked = network.open(Way.EDGE_TO_DATABASE, cell.id(), inbox);
        List<String> settings = List.of(
                "edge-cell=" + cell.id(),
                "edge-node=" + cell.node(),
                "edge-public-port=" + cell.publicPort(),
                "edge-internal-port=" + cell.internalPort(),
                "edge-loops=1",
                "edge-drain=1s",
                "edge-drain-notice=0s",
                "edge-tls-chain-file=" + data.path("tls", "server.pem"),
                "edge-tls-key-file=" + data.path("tls", "server-key.pem"),
                "edge-snapshot-control-urls=http://" + HOST
                        + network.open(Way.EDGE_TO_CONTROL, cell.id(), controlPort()),
                "edge-snapshot-control-keys="
                        + SnapshotSigner.readOrCreate(data.path(CONTROL, "signing.key"), random)
                                .publicKey(),
                "edge-snapshot-control-token-file=" + data.path(CONTROL, "node.token"),
                "edge-snapshot-file=" + data.folder("nodes", cell.node()).resolve("snapshot"),
                "inbox-url=" + linked.url(),
                "inbox-user=" + linked.user(),
                "inbox-password-file=" + password(PostgresInbox.ROLE));
        return ChaosProcess.start(
                data, cell.node(), cell.publicPort(), ChaosProcess.node("edge", settings), clockLibrary);
    }

    private ChaosProcess startWallet(OneCell cell, DatabaseAddress database) throws IOException {
        DatabaseAddress linked = network.open(Way.WALLET_TO_DATABASE, cell.id(), database);
        List<String> arguments = List.of(
                "--cells=" + cell.id(),
                "--rialto.caller-keys-file=" + LocalStack.callerKeys(data),
                "--rialto.gateways=" + cell.internalAddress(),
                "--rialto.message-lease=1s",
                "--wallet.database-url=" + linked.url(),
                "--wallet.database-user=" + linked.user(),
                "--wallet.database-password-file=" + password(WALLET),
                "--wallet.connections=8",
                "--wallet.pin-cost=4",
                "--wallet.relay-lease=1s");
        return ChaosProcess.start(
                data,
                WALLET + "-" + cell.id(),
                0,
                programs.wallet("io.rialto.wallet.WalletApplication", arguments),
                clockLibrary);
    }

    /** Their ids; the global one is the last. */
    List<String> cells() {
        return topology.cells().stream().map(OneCell::id).toList();
    }

    /** The two between which shards move. */
    List<String> regional() {
        return cells().subList(0, 2);
    }

    DataDirectory data() {
        return data;
    }

    ChaosNetwork network() {
        return network;
    }

    ChaosProcess edge(String cell) {
        return Objects.requireNonNull(edges.get(cell), cell);
    }

    ChaosProcess wallet(String cell) {
        return Objects.requireNonNull(wallets.get(cell), cell);
    }

    ChaosProcess control() {
        return Objects.requireNonNull(control);
    }

    /** Control's admin API, by no link. */
    AdminClient admin() {
        return AdminClient.of(URI.create("http://" + HOST + controlPort()), LocalStack.adminToken(data));
    }

    /** The database of a cell, or of control, as its administrator, by no link. */
    Database database(String name) {
        return Objects.requireNonNull(databases).of(name);
    }

    ChaosPostgres postgres(String name) {
        return new ChaosPostgres(data.folder("databases", name));
    }

    List<URI> gateways() {
        return gateways;
    }

    Path authority() {
        return data.path("tls", "ca.pem");
    }

    List<ServerKey> serverKeys() {
        return PublishedKeys.pinned(keys);
    }

    @Override
    public synchronized void close() {
        closed = true;
        RunFile.delete(data);
        edges.values().forEach(ChaosProcess::close);
        wallets.values().forEach(ChaosProcess::close);
        if (control != null) {
            control.close();
        }
        network.close();
        if (databases != null) {
            databases.close();
        }
    }
}

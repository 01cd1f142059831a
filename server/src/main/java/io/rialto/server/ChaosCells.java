package io.rialto.server;

import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.cells.failover.Standbys;
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
import java.net.InetAddress;
import java.net.InetSocketAddress;
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
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Two regional cells and the global one as a fault test needs them: control, and each cell's edge and wallet, in a process
 * of their own, each cell and control with a PostgreSQL of their own, and a {@link ChaosNetwork} between all of them. Each
 * cell and control are on a machine of their own where {@link ChaosMachines} has any, and so is each standby.
 */
final class ChaosCells implements AutoCloseable {
    static final String CONTROL = "control";
    static final String APP = LocalStack.APP;

    /** The cell whose database has standbys, where any has. */
    static final String UNIT = "east";

    /** Few, so that each has users and moves often. */
    static final int SHARDS = 8;

    private static final List<String> CELLS = List.of(UNIT, "west", "global");
    private static final List<String> STANDBYS = List.of(UNIT + "-2", UNIT + "-3");
    /** From the port of the first edge to that of the unit's first database. */
    private static final int UNIT_OFFSET = 2_000;

    private static final int CONFIGURE_TRIES = 5;
    private static final String WALLET = "wallet";

    /**
     * What the cells are made of.
     *
     * @param clockLibrary that moves the clocks of processes, where it is there
     * @param standbys whether one of the units has some; their keeper is in control's process
     */
    record Setup(
            DataDirectory data,
            JavaPrograms programs,
            SecureRandom random,
            Optional<Path> clockLibrary,
            ChaosMachines machines,
            boolean standbys) {}

    private final DataDirectory data;
    private final Setup setup;
    private final ChaosMachines machines;
    private final SecureRandom random;
    private final Topology topology;
    private final ChaosNetwork network = new ChaosNetwork();
    private final Map<String, ChaosProcess> edges = new LinkedHashMap<>();
    private final Map<String, ChaosProcess> wallets = new LinkedHashMap<>();
    private final List<URI> gateways = new ArrayList<>();
    private final JsonNode keys;
    private final Optional<ChaosUnit> unit;
    private @Nullable LocalDatabases databases;
    private @Nullable ChaosProcess control;
    private boolean closed;

    /** Cells that are not started yet, so that whoever wants them closed in any case can see to that before. */
    ChaosCells(Setup setup) {
        this.setup = setup;
        this.data = setup.data();
        this.machines = setup.machines();
        this.random = setup.random();
        int base = freePorts(random);
        this.topology = Topology.standard(base);
        this.keys = new KeyRotation(random).first(Instant.now());
        this.unit = setup.standbys()
                ? Optional.of(new ChaosUnit(data, machines, servers(UNIT, true), base + UNIT_OFFSET))
                : Optional.empty();
    }

    /** The machines that cells may have. */
    static List<String> machines(boolean standbys) {
        List<String> all = new ArrayList<>(CELLS);
        all.add(CONTROL);
        if (standbys) {
            all.addAll(STANDBYS);
        }
        return all;
    }

    /** Below those that the system gives to connections: these open all the time, and would take one of a killed process. */
    private static int freePorts(SecureRandom random) {
        while (true) {
            int base = random.nextInt(Topology.FIRST_PORT, Topology.LAST_PORT);
            boolean free = IntStream.rangeClosed(0, STANDBYS.size())
                    .noneMatch(number -> Topology.isBusy(base + UNIT_OFFSET + number));
            if (free && Topology.standard(base).busyPorts().isEmpty()) {
                return base;
            }
        }
    }

    /** Starts all of it; where that fails, or it is closed meanwhile, some of it may run until it is closed. */
    void start() throws IOException, SQLException, InterruptedException {
        new Certificates(data.folder("tls"), random, Clock.systemUTC()).ensure(machines.addresses());
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
        cells().stream()
                .filter(cell -> unit.isEmpty() || !cell.equals(UNIT))
                .forEach(cell -> settings.put(cell, LocalDatabases.standard()));
        databases = LocalDatabases.start(data, settings, machines::place, random);
    }

    private synchronized List<ChaosProcess> startProcesses() throws IOException, SQLException, InterruptedException {
        if (closed) {
            return List.of();
        }
        ChaosProcess started = startControl();
        control = started;
        started.awaitReady();
        if (unit.isPresent()) {
            unit.get().awaitReady();
        }
        ObjectNode table = table();
        Map<String, PreparedCell> prepared = prepare(table);
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
                        URI.create("http://"
                                + network.open(Way.MOVER_TO_CONTROL, CONTROL, controlAddress(), machines.between())),
                        gateways,
                        topology.cells().stream().map(this::internalAddress).toList(),
                        serverKeys())
                .write(data);
        return starting;
    }

    private InetSocketAddress controlAddress() {
        return at(CONTROL, topology.controlPort());
    }

    private InetSocketAddress at(String machine, int port) {
        return new InetSocketAddress(InetAddress.ofLiteral(machines.host(machine)), port);
    }

    private String internalAddress(OneCell cell) {
        return machines.host(cell.id()) + ":" + cell.internalPort();
    }

    private ChaosProcess startControl() throws IOException {
        data.folder(CONTROL);
        DatabaseAddress address = database(CONTROL).address();
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("control-host", machines.host(CONTROL));
        settings.put("control-port", Integer.toString(topology.controlPort()));
        settings.put(
                "control-signing-key-file", data.path(CONTROL, "signing.key").toString());
        settings.put("control-admin-token-file", LocalStack.adminToken(data).toString());
        settings.put("control-node-token-file", data.path(CONTROL, "node.token").toString());
        settings.put("database-url", address.url());
        settings.put("database-user", address.user());
        settings.put(
                "database-password-file",
                data.path("databases", CONTROL, "password").toString());
        settings.put("data", data.folder("control-process").toString());
        ChaosControl.write(data, settings, unit.map(ChaosUnit::places).orElseGet(Map::of));
        return process(
                CONTROL,
                CONTROL,
                controlAddress(),
                ChaosProcess.java(
                        List.of("-Xmx512m"),
                        ChaosControl.class,
                        List.of(data.root().toString())));
    }

    private ChaosProcess process(String name, String machine, InetSocketAddress address, List<String> command)
            throws IOException {
        List<String> all = new ArrayList<>(machines.enter(machine));
        all.addAll(command);
        return ChaosProcess.start(data, name, address, all, setup.clockLibrary());
    }

    /** What everybody is told: the addresses are those of links. */
    private ObjectNode table() throws IOException {
        ObjectNode table = topology.table();
        table.put("shards", SHARDS);
        for (int i = 0; i < topology.cells().size(); i++) {
            OneCell cell = topology.cells().get(i);
            ObjectNode one = table.path("cells").path(i).asObject();
            String internal =
                    network.open(Way.EDGES_TO_EDGE, cell.id(), at(cell.id(), cell.internalPort()), machines.between());
            one.putArray("nodes").addObject().put("id", cell.node()).put("internal", internal);
            URI url = URI.create("https://"
                    + network.open(
                            Way.PHONES_TO_EDGE, cell.id(), at(cell.id(), cell.publicPort()), machines.between()));
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
                        network.open(
                                Way.MOVER_TO_DATABASE, cell, database(cell).address(), host -> machines.between()));
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
        Map<String, JsonNode> sections = Map.of(
                RoutingTable.SECTION,
                table,
                "keys",
                keys,
                "gateway",
                LocalStack.section(setup.programs().walletOperations()),
                SyncConfig.SECTION,
                LocalStack.section(setup.programs().walletTopics()));
        boolean accepted = false;
        // The keeper may change its own section at the same time.
        for (int i = 0; i < CONFIGURE_TRIES && !accepted; i++) {
            accepted = admin.put(sections, admin.section(RoutingTable.SECTION).version(), "chaos");
        }
        if (!accepted) {
            throw new IllegalStateException("somebody else configures the control of the fault test");
        }
        DataDirectory.write(LocalStack.callerKeys(data), Json.write(PublishedKeys.forBackends(keys)));
    }

    private ChaosProcess startEdge(OneCell cell, DatabaseAddress inbox) throws IOException {
        DatabaseAddress linked = network.open(Way.EDGE_TO_DATABASE, cell.id(), inbox, host -> link(cell, host));
        List<String> settings = List.of(
                "edge-cell=" + cell.id(),
                "edge-node=" + cell.node(),
                "edge-public-host=" + machines.host(cell.id()),
                "edge-public-port=" + cell.publicPort(),
                "edge-internal-host=" + machines.host(cell.id()),
                "edge-internal-port=" + cell.internalPort(),
                "edge-loops=1",
                "edge-drain=1s",
                "edge-drain-notice=0s",
                "edge-tls-chain-file=" + data.path("tls", "server.pem"),
                "edge-tls-key-file=" + data.path("tls", "server-key.pem"),
                "edge-snapshot-control-urls=http://"
                        + network.open(Way.EDGE_TO_CONTROL, cell.id(), controlAddress(), machines.between()),
                "edge-snapshot-control-keys="
                        + SnapshotSigner.readOrCreate(data.path(CONTROL, "signing.key"), random)
                                .publicKey(),
                "edge-snapshot-control-token-file=" + data.path(CONTROL, "node.token"),
                "edge-snapshot-file=" + data.folder("nodes", cell.node()).resolve("snapshot"),
                "inbox-url=" + linked.url(),
                "inbox-user=" + linked.user(),
                "inbox-password-file=" + password(PostgresInbox.ROLE));
        return process(cell.node(), cell.id(), at(cell.id(), cell.publicPort()), ChaosProcess.node("edge", settings));
    }

    private ChaosProcess startWallet(OneCell cell, DatabaseAddress database) throws IOException {
        DatabaseAddress linked = network.open(Way.WALLET_TO_DATABASE, cell.id(), database, host -> link(cell, host));
        List<String> arguments = List.of(
                "--cells=" + cell.id(),
                "--rialto.caller-keys-file=" + LocalStack.callerKeys(data),
                "--rialto.gateways=" + internalAddress(cell),
                "--rialto.message-lease=1s",
                "--wallet.database-url=" + linked.url(),
                "--wallet.database-user=" + linked.user(),
                "--wallet.database-password-file=" + password(WALLET),
                "--wallet.connections=8",
                "--wallet.pin-cost=4",
                "--wallet.relay-lease=1s");
        return process(
                WALLET + "-" + cell.id(),
                cell.id(),
                at(cell.id(), 0),
                setup.programs().wallet("io.rialto.wallet.WalletApplication", arguments));
    }

    /** What a machine says to itself goes on when it is cut off. */
    private InetAddress link(OneCell cell, String host) {
        return host.equals(machines.host(cell.id())) ? machines.within() : machines.between();
    }

    /** Their ids; the global one is the last. */
    List<String> cells() {
        return CELLS;
    }

    /** The two between which shards move. */
    List<String> regional() {
        return cells().subList(0, 2);
    }

    /** The servers of a cell's database; more than one where it has standbys. */
    List<String> servers(String cell) {
        return servers(cell, unit.isPresent());
    }

    private static List<String> servers(String cell, boolean standbys) {
        List<String> all = new ArrayList<>(List.of(cell));
        if (standbys && cell.equals(UNIT)) {
            all.addAll(STANDBYS);
        }
        return all;
    }

    /** The server of a cell's database that takes writes, as control has it. */
    String primary(String cell) throws InterruptedException {
        return servers(cell).size() == 1
                ? cell
                : Standbys.unit(admin().required(Standbys.SECTION).value(), "u-" + cell)
                        .orElseThrow()
                        .primary();
    }

    ChaosMachines machines() {
        return machines;
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
        return AdminClient.of(
                URI.create("http://" + machines.host(CONTROL) + ":" + topology.controlPort()),
                LocalStack.adminToken(data));
    }

    /** The database of a cell, or of control, as its administrator, by no link. */
    Database database(String name) {
        return unit.isPresent() && name.equals(UNIT)
                ? unit.get().database()
                : Objects.requireNonNull(databases).of(name);
    }

    /** The processes of a server. */
    ChaosPostgres postgres(String server) {
        return new ChaosPostgres(data.folder("databases", server));
    }

    /** Lets everything that is stopped go on, and everything through that is cut off, so that all can be ended in order. */
    void resume() throws IOException, InterruptedException {
        machines.heal();
        for (String cell : cells()) {
            for (String server : servers(cell)) {
                ChaosFaults.signal("CONT", postgres(server).processes());
            }
        }
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
    public synchronized void close() throws IOException, InterruptedException {
        closed = true;
        RunFile.delete(data);
        edges.values().forEach(ChaosProcess::close);
        wallets.values().forEach(ChaosProcess::close);
        if (control != null) {
            control.close();
        }
        network.close();
        try {
            if (unit.isPresent()) {
                unit.get().close();
            }
            if (databases != null) {
                databases.close();
            }
        } finally {
            machines.close();
        }
    }
}

package io.rialto.server;

import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.control.ControlSettings;
import io.rialto.control.PutResult;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.node.Size;
import io.rialto.node.Snapshot;
import io.rialto.node.SnapshotSettings;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.DatabaseSettings;
import io.rialto.server.Topology.OneCell;
import io.rialto.sync.SyncConfig;
import io.rialto.sync.inbox.PostgresInbox;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Everything on one machine: databases, control, the edges of all cells in this process, and the wallet as a child.
 * Parts start in that order and stop in the opposite one.
 */
final class LocalStack implements AutoCloseable {
    static final String APP = "wallet";
    private static final String ROLE = "wallet";
    private static final String CONTROL = "control";
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration DRAIN = Duration.ofSeconds(30);

    /**
     * What to start.
     *
     * @param databases of {@code control} and of cells, where not embedded
     * @param gateway the section of that name for a new data directory
     * @param sync the section of that name, for one that has none yet
     * @param replicas of the cells' embedded databases
     */
    record Plan(
            Topology topology,
            Map<String, DatabaseSettings> databases,
            JsonNode gateway,
            JsonNode sync,
            LocalDatabases.Replicas replicas) {}

    private final DataDirectory data;
    private final Plan plan;
    private final SecureRandom random;
    private final Consumer<String> report;
    private final List<EdgeNode> edges = new ArrayList<>();
    private final Map<String, DatabaseAddress> walletDatabases = new LinkedHashMap<>();
    private final Map<String, DatabaseAddress> inboxes = new LinkedHashMap<>();
    private @Nullable LocalDatabases databases;
    private @Nullable ControlNode control;
    private @Nullable LocalUnits units;
    private @Nullable GlobalCopies copies;
    private @Nullable ChildProcess wallet;

    private LocalStack(DataDirectory data, Plan plan, SecureRandom random, Consumer<String> report) {
        this.data = data;
        this.plan = plan;
        this.random = random;
        this.report = report;
    }

    /** Starts all but backends. The data directory must be held. */
    static LocalStack start(DataDirectory data, Plan plan, SecureRandom random, Consumer<String> report)
            throws IOException, SQLException, InterruptedException {
        LocalStack stack = new LocalStack(data, plan, random, report);
        try {
            // Before there is an edge: it would register, and be taken for the wallet that is still to come.
            ChildProcess.endLeftOver(ROLE, stack.walletPid(), report);
            new Certificates(data.folder("tls"), random, Clock.systemUTC()).ensure();
            LocalDatabases opened = LocalDatabases.start(data, stack.databaseSettings(), plan.replicas(), random);
            stack.databases = opened;
            ControlNode started = ControlNode.start(stack.controlSettings(), opened.of(CONTROL), random);
            stack.control = started;
            stack.configure(started);
            List<String> cells =
                    plan.topology().cells().stream().map(OneCell::id).toList();
            stack.units = LocalUnits.start(opened, started.store(), cells);
            UnitAddresses.write(data, opened.groups());
            stack.prepareCells(opened, started);
            stack.copies = stack.copies(opened);
            for (OneCell cell : plan.topology().cells()) {
                stack.edges.add(stack.startEdge(cell, started));
            }
            return stack;
        } catch (IOException | SQLException | InterruptedException | RuntimeException e) {
            stack.close();
            throw e;
        }
    }

    private Map<String, DatabaseSettings> databaseSettings() {
        Map<String, DatabaseSettings> all = new LinkedHashMap<>();
        all.put(CONTROL, plan.databases().getOrDefault(CONTROL, LocalDatabases.standard()));
        plan.topology()
                .cells()
                .forEach(cell ->
                        all.put(cell.id(), plan.databases().getOrDefault(cell.id(), LocalDatabases.standard())));
        return all;
    }

    private ControlSettings controlSettings() {
        data.folder("control");
        return new ControlSettings(
                "127.0.0.1",
                plan.topology().controlPort(),
                data.path("control", "signing.key"),
                adminToken(data),
                data.path("control", "node.token"),
                1_000,
                Size.of("16m"));
    }

    static Path adminToken(DataDirectory data) {
        return data.path("control", "admin.token");
    }

    /** A new installation gets its first configuration; an old one, this machine's ports. */
    private void configure(ControlNode started) throws SQLException {
        long version = started.store().version();
        Map<String, JsonNode> changes = new LinkedHashMap<>();
        ObjectNode table = plan.topology().table();
        Optional<JsonNode> before = started.store().section(RoutingTable.SECTION);
        if (before.isEmpty()) {
            changes.put(RoutingTable.SECTION, table);
            changes.put("keys", new KeyRotation(random).first(Instant.now()));
            changes.put("gateway", plan.gateway());
        } else if (!before.get().path("cells").equals(table.get("cells"))) {
            ObjectNode next = before.get().deepCopy().asObject();
            next.set("cells", table.get("cells"));
            changes.put(RoutingTable.SECTION, next);
        }
        if (started.store().section(SyncConfig.SECTION).isEmpty()) {
            changes.put(SyncConfig.SECTION, plan.sync());
        }
        if (changes.isEmpty()) {
            return;
        }
        switch (started.store().put(changes, version, "rialto up")) {
            case PutResult.Accepted accepted -> report.accept("configuration is at version " + accepted.version());
            case PutResult.Conflict conflict ->
                throw new CommandFailure(
                        "the configuration changed meanwhile, to version " + conflict.version() + " (start again)");
            case PutResult.Invalid invalid ->
                throw new CommandFailure("the first configuration is refused:\n" + String.join("\n", invalid.errors()));
        }
    }

    private void prepareCells(LocalDatabases opened, ControlNode started) throws SQLException, IOException {
        RoutingTable table = table(started);
        Map<String, Path> passwords = Map.of(
                ROLE,
                data.folder("secrets").resolve(ROLE + ".password"),
                PostgresInbox.ROLE,
                data.path("secrets", PostgresInbox.ROLE + ".password"));
        Map<String, DatabaseAddress> administered = new LinkedHashMap<>();
        for (OneCell cell : plan.topology().cells()) {
            Database database = opened.of(cell.id());
            administered.put(cell.id(), database.address());
            PreparedCell prepared = PreparedCell.prepare(database, table, cell.id(), passwords, random);
            inboxes.put(cell.id(), Objects.requireNonNull(prepared.backends().get(PostgresInbox.ROLE)));
            walletDatabases.put(
                    cell.id(), Objects.requireNonNull(prepared.backends().get(ROLE)));
        }
        CellDatabases.write(data, administered);
    }

    private GlobalCopies copies(LocalDatabases opened) {
        Map<String, Database> others = new LinkedHashMap<>();
        String global = "";
        for (OneCell cell : plan.topology().cells()) {
            if (cell.global()) {
                global = cell.id();
            } else {
                others.put(cell.id(), opened.of(cell.id()));
            }
        }
        return GlobalCopies.start(opened.of(global), others, random);
    }

    private static RoutingTable table(ControlNode started) {
        try {
            return RoutingTable.parse(
                    started.store().section(RoutingTable.SECTION).orElseThrow());
        } catch (TableException e) {
            throw new IllegalStateException("control accepted a table that cannot be read", e);
        }
    }

    private EdgeNode startEdge(OneCell cell, ControlNode started) throws IOException, InterruptedException {
        EdgeSettings settings = edgeSettings(cell, cell.node(), cell.publicPort(), cell.internalPort(), started);
        try {
            return EdgeNode.start(
                    settings,
                    Optional.of(inbox(cell.id())),
                    PATIENCE,
                    random,
                    edges.isEmpty() ? this::publish : ignored -> {});
        } catch (IOException e) {
            throw new CommandFailure("edge of cell " + cell.id() + ": " + e.getMessage()
                    + " (is the port in use? choose others with --port-base, 0 for free ones)");
        }
    }

    /** The inbox of a cell, as its edges see it. */
    DatabaseAddress inbox(String cell) {
        return Objects.requireNonNull(inboxes.get(cell), cell);
    }

    /** Settings of an edge of a cell; further edges than the planned one take other names and ports. */
    EdgeSettings edgeSettings(OneCell cell, String node, int publicPort, int internalPort, ControlNode started) {
        Certificates tls = new Certificates(data.path("tls"), random, Clock.systemUTC());
        return new EdgeSettings(
                cell.id(),
                node,
                "127.0.0.1",
                publicPort,
                -1,
                "127.0.0.1",
                internalPort,
                tls.chain(),
                tls.key(),
                0,
                DRAIN,
                Duration.ZERO,
                data.path("push"),
                new SnapshotSettings(
                        List.of(URI.create("http://127.0.0.1:" + started.port())),
                        List.of(started.publicKey()),
                        Optional.of(data.path("control", "node.token")),
                        data.folder("nodes", node).resolve("snapshot")));
    }

    /** Tells commands and backends what they need of the configuration. */
    private void publish(Snapshot snapshot) {
        JsonNode keys = snapshot.sections().getOrDefault("keys", Json.mapper().createObjectNode());
        DataDirectory.write(callerKeys(data), Json.write(PublishedKeys.forBackends(keys)));
        List<URI> gateways = plan.topology().cells().stream()
                .filter(cell -> !cell.global())
                .map(cell -> URI.create(cell.publicUrl()))
                .toList();
        new RunFile(
                        ProcessHandle.current().pid(),
                        APP,
                        URI.create(plan.topology().controlUrl()),
                        gateways,
                        plan.topology().cells().stream()
                                .map(OneCell::internalAddress)
                                .toList(),
                        PublishedKeys.pinned(keys))
                .write(data);
        DataDirectory.write(serverKeys(data), Json.write(PublishedKeys.forApps(keys)));
    }

    /** The keys that phones pin, as a JSON list. */
    static Path serverKeys(DataDirectory data) {
        return data.path("server-keys.json");
    }

    /** The keys that backends and operators mint caller tokens with. */
    static Path callerKeys(DataDirectory data) {
        return data.folder("secrets").resolve("caller-keys.json");
    }

    private Path walletPid() {
        return data.folder("run").resolve("wallet.pid");
    }

    /** Starts the wallet, and waits until each cell's edge has it. */
    void startWallet(JavaPrograms programs) throws InterruptedException {
        List<String> arguments = new ArrayList<>();
        arguments.add("--cells=" + String.join(",", walletDatabases.keySet()));
        arguments.add("--rialto.caller-keys-file=" + callerKeys(data));
        arguments.add("--wallet.database-password-file=" + data.path("secrets", ROLE + ".password"));
        arguments.add("--wallet.database-user=" + ROLE);
        walletDatabases.forEach(
                (cell, address) -> arguments.add("--" + cell + ".wallet.database-url=" + address.url()));
        for (OneCell cell : plan.topology().cells()) {
            arguments.add("--" + cell.id() + ".rialto.gateways=" + cell.internalAddress());
        }
        Path log = data.folder("logs").resolve("wallet.log");
        wallet = ChildProcess.start(
                new ChildProcess.Program(
                        ROLE,
                        programs.wallet("io.rialto.wallet.WalletApplication", arguments),
                        Map.of(),
                        log,
                        walletPid()),
                report);
        for (EdgeNode edge : edges) {
            if (!edge.awaitBackend(PATIENCE)) {
                throw new CommandFailure(
                        "the wallet did not register within " + PATIENCE.toSeconds() + " s; its output is in " + log);
            }
        }
    }

    ControlNode control() {
        if (control == null) {
            throw new IllegalStateException("control is not started");
        }
        return control;
    }

    List<EdgeNode> edges() {
        return edges;
    }

    /** As the wallet sees its databases, by cell. */
    Map<String, DatabaseAddress> walletDatabases() {
        return walletDatabases;
    }

    Path walletPassword() {
        return data.path("secrets", ROLE + ".password");
    }

    /** Lets calls in flight finish everywhere, then stops each part after those that need it. */
    @Override
    public void close() {
        RunFile.delete(data);
        try {
            List<Thread> draining = new ArrayList<>();
            for (EdgeNode edge : edges) {
                draining.add(Thread.ofVirtual().start(() -> drain(edge)));
            }
            for (Thread thread : draining) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (wallet != null) {
            wallet.close();
        }
        edges.forEach(EdgeNode::close);
        if (copies != null) {
            copies.close();
        }
        if (units != null) {
            units.close();
        }
        if (control != null) {
            control.close();
        }
        if (databases != null) {
            databases.close();
        }
    }

    private static void drain(EdgeNode edge) {
        try {
            edge.drain();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A section of the configuration that a backend ships as a file. */
    static JsonNode section(Path file) {
        try {
            return Json.read(DataDirectory.read(file));
        } catch (JsonException e) {
            throw new CommandFailure(file + ": " + e.getMessage());
        }
    }
}

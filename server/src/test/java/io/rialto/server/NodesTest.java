package io.rialto.server;

import static io.rialto.server.TestLoad.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.client.CallOptions;
import io.rialto.client.Protection;
import io.rialto.client.Rialto;
import io.rialto.node.Json;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresServer;
import io.rialto.protocol.OperationName;
import io.rialto.protocol.ServerKey;
import io.rialto.server.Topology.OneCell;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * An installation of real nodes, made from nothing by the commands that docs/operations.md names, on databases that are
 * external to it and whose owner is no superuser.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
class NodesTest {
    private static final String OWNER = "platform";
    /** Less time than a refusal's retry-after: the phone does not wait. */
    private static final CallOptions IMPATIENT = CallOptions.NONE.timeout(Duration.ofMillis(900));

    @SuppressWarnings("NullAway.Init") // all are set before all tests
    private Path folder;

    @SuppressWarnings("NullAway.Init")
    private PostgresServer postgres;

    @SuppressWarnings("NullAway.Init")
    private TestBackend backend;

    @SuppressWarnings("NullAway.Init")
    private TestNode control;

    @SuppressWarnings("NullAway.Init")
    private TestNode edge;

    @SuppressWarnings("NullAway.Init")
    private Certificates certificates;

    private final Topology topology = Topology.standard(0);
    private final OneCell east = topology.cells().getFirst();
    private final String controlUrl = topology.controlUrl();
    private final List<Rialto> phones = new ArrayList<>();

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        folder = directory;
        SecureRandom random = new SecureRandom();
        certificates = new Certificates(folder.resolve("tls"), random, Clock.systemUTC());
        certificates.ensure();
        postgres = PostgresServer.start(
                folder.resolve("postgres"), folder.resolve("database"), PostgresServer.Options.standard(), random);
        backend = TestBackend.start("east");
        Files.writeString(folder.resolve("owner.password"), "correct-horse\n");
        DatabaseAddress superuser = postgres.database("rialto");
        query(superuser, "CREATE ROLE " + OWNER + " LOGIN CREATEROLE PASSWORD 'correct-horse'");
        for (String name : List.of("control", "east")) {
            query(superuser, "CREATE DATABASE " + name + " OWNER " + OWNER);
            Files.writeString(
                    folder.resolve(name + ".settings"),
                    "url=" + database(name).url() + "\nuser=" + OWNER + "\npassword-file="
                            + folder.resolve("owner.password") + "\n");
        }
        control = TestNode.start("control", controlSettings());
        assertThat(prepare("east").err()).contains("control has no section table yet");
        assertThat(apply("table", topology.table())).isEqualTo("version 1");
        Ran keys = run("keys", "rotate");
        assertThat(keys.out()).as(keys.err()).contains("version 2: the first keys");
        assertThat(apply("gateway", gateway(0))).isEqualTo("version 3");
        Ran prepared = prepare("east");
        assertThat(prepared.out()).as(prepared.err()).contains("knows 101 shards, 101 of them since now");
        edge = TestNode.start("edge", edgeSettings());
    }

    @AfterAll
    void stop() throws Exception {
        phones.forEach(Rialto::close);
        edge.close();
        control.close();
        backend.close();
        postgres.close();
    }

    private DatabaseAddress database(String name) throws SQLException {
        DatabaseAddress superuser = postgres.database("rialto");
        return new DatabaseAddress(superuser.url().replaceFirst("[^/]*$", name), OWNER, "correct-horse");
    }

    private List<String> controlSettings() throws SQLException {
        return List.of(
                "data=" + folder.resolve("data"),
                "control-port=" + topology.controlPort(),
                "control-signing-key-file=" + folder.resolve("signing.key"),
                "control-admin-token-file=" + folder.resolve("admin.token"),
                "control-node-token-file=" + folder.resolve("node.token"),
                "database-url=" + database("control").url(),
                "database-user=" + OWNER,
                "database-password-file=" + folder.resolve("owner.password"));
    }

    private List<String> edgeSettings() {
        String key = control.ready().substring(control.ready().lastIndexOf(' ') + 1);
        return List.of(
                "edge-cell=east",
                "edge-node=east-1",
                "edge-public-port=" + east.publicPort(),
                "edge-internal-port=" + east.internalPort(),
                "edge-tls-chain-file=" + certificates.chain(),
                "edge-tls-key-file=" + certificates.key(),
                "edge-drain-notice=100ms",
                "edge-snapshot-control-urls=" + controlUrl,
                "edge-snapshot-control-keys=" + key,
                "edge-snapshot-control-token-file=" + folder.resolve("node.token"),
                "edge-snapshot-file=" + folder.resolve("east-1.snapshot"));
    }

    private static String query(DatabaseAddress address, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(address.url(), address.user(), address.password());
                Statement statement = connection.createStatement()) {
            if (!statement.execute(sql)) {
                return "";
            }
            try (ResultSet rows = statement.getResultSet()) {
                return rows.next() ? rows.getString(1) : "";
            }
        }
    }

    private record Ran(int code, String out, String err) {}

    /** Runs a command of the program against the control process. */
    private Ran run(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--control=" + controlUrl, "--token-file=" + folder.resolve("admin.token")));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine program = io.rialto.server.Rialto.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true));
        int code = program.execute(all.toArray(String[]::new));
        return new Ran(code, out.toString(), err.toString());
    }

    private Ran prepare(String cell) {
        return run(
                "cells",
                "prepare",
                "--cell=" + cell,
                "--database-settings=" + folder.resolve("east.settings"),
                "--backend=test=" + folder.resolve("test.password"));
    }

    private static void fine(Ran ran) {
        assertThat(ran.code()).as(ran.err()).isZero();
    }

    private String apply(String section, JsonNode value) throws IOException {
        Path file = Files.writeString(folder.resolve(section + ".json"), Json.write(value));
        Ran ran = run("config", "apply", section, file.toString());
        fine(ran);
        return ran.out().strip();
    }

    private ObjectNode gateway(int rate) throws Exception {
        ObjectNode gateway = Json.read("""
                {"apps": [{"id": "test"}],
                 "backends": [{"service": "test"}],
                 "operations": [
                   {"name": "test.Session/Login", "backend": "test", "auth": "device", "route": "hint", "login": true},
                   {"name": "test.Echo/Once", "backend": "test", "auth": "user"}]}""").asObject();
        gateway.withObject("/backends/0/addresses").putArray("east").add(backend.address());
        if (rate > 0) {
            gateway.withObject("/operations/1/rate").put("operation", rate).put("burst", rate);
        }
        return gateway;
    }

    private Rialto phone(int number) throws Exception {
        Ran keys = run("keys", "server");
        fine(keys);
        List<ServerKey> pinned = Json.read(keys.out())
                .valueStream()
                .map(key -> ServerKey.of(
                        key.path("suite").asInt(),
                        Base64.getUrlDecoder().decode(key.path("key").asString())))
                .toList();
        Rialto phone = Rialto.builder()
                .app("test")
                .gateways(List.of(URI.create(east.publicUrl())))
                .serverKeys(pinned)
                .trust(certificates.authority())
                .protection(number % 2 == 0 ? Protection.SEALED : Protection.SIGNED)
                .build();
        phones.add(phone);
        String user = TestPlatform.userOf("east", number * 100);
        phone.call(
                OperationName.of("test.Session/Login"),
                "application/json",
                ("{\"user\":\"" + user + "\"}").getBytes(StandardCharsets.UTF_8),
                false,
                CallOptions.NONE.routeHint(user));
        return phone;
    }

    @Test
    void a_table_is_previewed_tried_on_an_edge_and_then_given_to_all() throws Exception {
        ObjectNode changed = topology.table();
        changed.withObject("/cells/0").put("jurisdiction", "lake");
        Path file = Files.writeString(folder.resolve("changed.json"), Json.write(changed));
        Ran diff = run("cells", "table", "diff", file.toString());
        fine(diff);
        assertThat(diff.out()).contains("cell east, jurisdiction: none -> lake").contains("control would take it");
        changed.put("shards", 99);
        Path wrong = Files.writeString(folder.resolve("wrong.json"), Json.write(changed));
        assertThat(run("cells", "table", "publish", wrong.toString()).err()).contains("refuses with status 422");

        Ran staged = run("cells", "table", "publish", file.toString(), "--stage=east-1", "--reason=a trial");
        fine(staged);
        String version = staged.out().strip().replaceAll("version (\\d+) for east-1", "$1");
        until(() -> table().contains("east-1: version " + version + ", seen"));
        assertThat(table()).contains("staged: version " + version + " for [east-1]");

        fine(run("cells", "table", "promote"));
        long promoted = Long.parseLong(version) + 1;
        until(() -> table().contains("east-1: version " + promoted + ", seen"));
        assertThat(table()).contains("configured: version " + promoted).doesNotContain("staged:");
        assertThat(run("cells", "table", "promote").err()).contains("no version is staged");
        assertThat(run("cells", "table", "history").out()).contains("a trial  (staged for [\"east-1\"])");
    }

    private String table() {
        Ran ran = run("cells", "table");
        fine(ran);
        return ran.out();
    }

    private static void until(BooleanSupplier condition) {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("time to wait").isLessThan(end);
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
    }

    @Test
    void a_cell_may_be_prepared_again_at_any_time() throws Exception {
        String password = Files.readString(folder.resolve("test.password"));
        Ran again = prepare("east");
        fine(again);
        assertThat(again.out())
                .contains("knows 101 shards, 0 of them since now")
                .doesNotContain(password);
        assertThat(Files.readString(folder.resolve("test.password"))).isEqualTo(password);
    }

    @Test
    void a_backends_role_passes_the_fence_of_its_cells_shards_and_changes_nothing_there() throws Exception {
        DatabaseAddress role = database("east")
                .as("test", Files.readString(folder.resolve("test.password")).strip());
        query(role, "SELECT rialto.fence(0, 1)");
        assertThatThrownBy(() -> query(role, "SELECT rialto.fence(99, 1)"))
                .hasMessageContaining("shard 99: ABSENT at epoch 1");
        assertThatThrownBy(() -> query(role, "UPDATE rialto.fence SET state = 'OPEN'"))
                .hasMessageContaining("permission denied");
        query(role, "CREATE TABLE own (n int)");
    }

    @Test
    void what_cannot_be_prepared_is_told_in_a_line() throws Exception {
        assertThat(prepare("north").err()).contains("--cell: north (expected: one of the routing table's, [east,");
        Path nowhere = Files.writeString(
                folder.resolve("nowhere.settings"),
                "url=jdbc:postgresql://127.0.0.1:1/east\npool-wait=300ms\npassword-file="
                        + folder.resolve("owner.password") + "\n");
        Ran away = run("cells", "prepare", "--cell=east", "--database-settings=" + nowhere);
        assertThat(away.code()).isEqualTo(io.rialto.server.Rialto.FAILED);
        assertThat(away.err())
                .contains("database jdbc:postgresql://127.0.0.1:1/east as rialto: ")
                .doesNotContain("\tat ");
        Path embedded = Files.writeString(folder.resolve("embedded.settings"), "");
        assertThat(run("cells", "prepare", "--cell=east", "--database-settings=" + embedded)
                        .err())
                .contains("no url");
    }

    @Test
    void a_backend_is_given_the_keys_of_its_callers_in_a_file_of_its_own() throws Exception {
        Path file = folder.resolve("caller.json");
        fine(run("keys", "caller", file.toString()));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(Json.read(Files.readString(file)).get(0).propertyNames()).contains("id", "key", "from", "until");
    }

    @Test
    void edges_serve_and_start_again_without_the_killed_control_and_follow_when_it_is_back() throws Exception {
        List<Rialto> some = new ArrayList<>();
        for (int number = 0; number < 4; number++) {
            some.add(phone(number));
        }
        try (TestLoad load = TestLoad.start(some, "test.Echo/Once")) {
            control.kill();
            int before = load.answered();
            await(() -> assertThat(load.answered()).isGreaterThan(before + 50));
            assertThat(load.stop()).isEmpty();
        }
        edge.kill();
        edge = TestNode.start("edge", edgeSettings());
        for (Rialto phone : some) {
            assertThat(TestPlatform.call(phone, "test.Echo/Once")).contains("east");
        }
        control = TestNode.start("control", controlSettings());
        apply("gateway", gateway(1));
        await(() -> assertThatThrownBy(() -> TestPlatform.call(some.getFirst(), "test.Echo/Once", IMPATIENT))
                .hasMessageContaining("operation_rate_limited"));
        assertThat(apply("gateway", gateway(0))).startsWith("version ");
        await(() ->
                assertThat(TestPlatform.call(some.getFirst(), "test.Echo/Once")).contains("east"));
    }
}

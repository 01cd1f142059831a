package io.rialto.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.node.Secrets;
import io.rialto.node.Settings;
import io.rialto.node.Snapshot;
import io.rialto.node.SnapshotEnvelope;
import io.rialto.node.SnapshotFollower;
import io.rialto.node.SnapshotSigner;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.node.postgres.PostgresServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@Timeout(60)
class ControlTest {
    private static final SecureRandom RANDOM = new SecureRandom();

    /** Accepts any colour but red, and tells each wrong key. */
    private static final Map<String, SectionCheck> VALIDATORS = Map.of(
            "table",
            (before, section) -> section.propertyNames().stream()
                    .filter(name -> !name.equals("colour")
                            || section.get(name).asString().equals("red"))
                    .map(name -> "table." + name + ": wrong (expected: right)")
                    .toList(),
            "keys",
            (before, section) -> List.of());

    @TempDir
    static Path directory;

    private static PostgresServer server;
    private static int databases;

    private final SnapshotSigner signer = SnapshotSigner.generate(RANDOM);
    private final HttpClient client = HttpClient.newHttpClient();
    private DatabaseAddress address;
    private Database database;
    private ControlStore store;
    private ControlSettings settings;
    private ControlServer control;

    @BeforeAll
    static void startPostgres() throws Exception {
        server = PostgresServer.start(
                directory.resolve("binaries"), directory.resolve("server"), PostgresServer.Options.standard(), RANDOM);
    }

    @AfterAll
    static void stopPostgres() throws Exception {
        server.close();
    }

    @BeforeEach
    void start() throws Exception {
        address = server.database("control" + databases++);
        database = Database.open(address, "control", 4, Duration.ofSeconds(10));
        store = ControlStore.open(database, signer, VALIDATORS, Clock.systemUTC());
        settings = settings(Map.of());
        control = ControlServer.start(store, settings, RANDOM);
    }

    @AfterEach
    void stop() {
        store.close();
        control.close();
        database.close();
        client.close();
    }

    private static ControlSettings settings(Map<String, String> more) throws Exception {
        Map<String, String> values = new HashMap<>(Map.of(
                "port", "0",
                "max-waiting", "2",
                "max-body", "2k",
                "admin-token-file", directory.resolve("admin.token").toString(),
                "node-token-file", directory.resolve("node.token").toString()));
        values.putAll(more);
        return Settings.empty().withArguments(values).bind(ControlSettings.class);
    }

    private static JsonNode json(String text) {
        try {
            return Json.read(text);
        } catch (JsonException e) {
            throw new AssertionError(e);
        }
    }

    private static JsonNode colour(String colour) {
        return Json.mapper().createObjectNode().put("colour", colour);
    }

    private HttpRequest.Builder request(String path, Path tokenFile) throws Exception {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + control.port() + path))
                .header("authorization", "Bearer " + Secrets.read(tokenFile));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> put(String section, String body, String version) throws Exception {
        return send(request("/v1/sections/" + section, settings.adminTokenFile())
                .header("if-match", version)
                .header("rialto-author", "tester")
                .PUT(HttpRequest.BodyPublishers.ofString(body)));
    }

    private CompletableFuture<HttpResponse<byte[]>> poll(long after, String wait) throws Exception {
        return client.sendAsync(
                request("/v1/snapshot?after=" + after + "&wait=" + wait, settings.nodeTokenFile())
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
    }

    @Test
    void stores_signs_and_serves_sections() throws Exception {
        assertThat(poll(0, "0s").get().statusCode()).isEqualTo(204);
        HttpResponse<String> first = put("table", "{\"colour\":\"blue\"}", "0");
        assertThat(first.statusCode()).isEqualTo(200);
        assertThat(json(first.body())).isEqualTo(json("{\"version\":1}"));
        assertThat(put("keys", "{}", "\"1\"").statusCode()).isEqualTo(200);

        HttpResponse<byte[]> served = poll(0, "0s").get();
        Snapshot snapshot =
                SnapshotEnvelope.trusting(List.of(signer.publicKey())).open(served.body());
        assertThat(snapshot.version()).isEqualTo(2);
        assertThat(snapshot.sections()).containsOnlyKeys("table", "keys").containsEntry("table", colour("blue"));

        HttpResponse<String> section = send(request("/v1/sections/table", settings.adminTokenFile()));
        assertThat(section.headers().firstValue("etag")).contains("\"2\"");
        assertThat(json(section.body())).isEqualTo(colour("blue"));

        JsonNode history =
                json(send(request("/v1/history", settings.adminTokenFile())).body());
        assertThat(history.size()).isEqualTo(2);
        assertThat(history.get(0).get("version").asLong()).isEqualTo(2);
        assertThat(history.get(0).get("author").asString()).isEqualTo("tester");
        assertThat(history.get(1).get("sections").get(0).asString()).isEqualTo("table");
    }

    @Test
    void refuses_what_is_wrong_with_all_errors_and_what_is_based_on_an_old_version() throws Exception {
        HttpResponse<String> wrong = put("table", "{\"colour\":\"red\",\"shape\":1}", "0");
        assertThat(wrong.statusCode()).isEqualTo(422);
        assertThat(json(wrong.body()).get("errors").size()).isEqualTo(2);
        assertThat(put("unknown", "{}", "0").statusCode()).isEqualTo(422);
        assertThat(put("table", "[]", "0").statusCode()).isEqualTo(422);
        assertThat(put("table", "{\"a\":1,\"a\":2}", "0").statusCode()).isEqualTo(400);
        assertThat(put("table", "{}", "new").statusCode()).isEqualTo(428);
        assertThat(put("table", "{\"colour\":\"" + "b".repeat(3000) + "\"}", "0")
                        .statusCode())
                .isEqualTo(413);
        assertThat(store.version()).isZero();

        assertThat(put("table", "{\"colour\":\"blue\"}", "0").statusCode()).isEqualTo(200);
        HttpResponse<String> late = put("table", "{\"colour\":\"green\"}", "0");
        assertThat(late.statusCode()).isEqualTo(409);
        assertThat(json(late.body()).get("version").asLong()).isEqualTo(1);
        // Wrong beside what is in force now, which its author has not seen.
        assertThat(put("table", "{\"colour\":\"red\"}", "0").statusCode()).isEqualTo(409);
        assertThat(send(request("/v1/sections/keys", settings.adminTokenFile())).statusCode())
                .isEqualTo(404);
        assertThat(send(request("/v1/snapshot?after=x", settings.nodeTokenFile()))
                        .statusCode())
                .isEqualTo(400);
    }

    @Test
    void changes_several_sections_or_none() throws Exception {
        HttpRequest.Builder good = request("/v1/sections", settings.adminTokenFile())
                .header("if-match", "0")
                .PUT(HttpRequest.BodyPublishers.ofString("{\"table\":{\"colour\":\"blue\"},\"keys\":{}}"));
        assertThat(send(good).statusCode()).isEqualTo(200);
        assertThat(store.version()).isEqualTo(1);
        HttpRequest.Builder half = request("/v1/sections", settings.adminTokenFile())
                .header("if-match", "1")
                .PUT(HttpRequest.BodyPublishers.ofString("{\"table\":{\"colour\":\"red\"},\"keys\":{\"a\":1}}"));
        assertThat(send(half).statusCode()).isEqualTo(422);
        assertThat(store.section("keys")).contains(json("{}"));
    }

    @Test
    void asks_for_the_right_token() throws Exception {
        URI url = URI.create("http://127.0.0.1:" + control.port() + "/v1/snapshot");
        assertThat(send(HttpRequest.newBuilder(url)).statusCode()).isEqualTo(401);
        assertThat(send(HttpRequest.newBuilder(url).header("authorization", "Bearer wrong"))
                        .statusCode())
                .isEqualTo(401);
        assertThat(send(request("/v1/sections/table", settings.nodeTokenFile())).statusCode())
                .isEqualTo(403);
        assertThat(send(request("/v1/history", settings.nodeTokenFile())).statusCode())
                .isEqualTo(403);
        assertThat(send(request("/v1/snapshot", settings.adminTokenFile())).statusCode())
                .isEqualTo(204);
        assertThat(send(HttpRequest.newBuilder(url.resolve("/health"))).body()).isEqualTo("{\"version\":0}");
    }

    @Test
    void wakes_those_who_wait_and_bounds_their_number() throws Exception {
        CompletableFuture<HttpResponse<byte[]>> one = poll(0, "25s");
        CompletableFuture<HttpResponse<byte[]>> two = poll(0, "25s");
        // Whichever of three comes last is refused at once.
        CompletableFuture<HttpResponse<byte[]>> three = poll(0, "25s");
        Object refused = CompletableFuture.anyOf(one, two, three).get(20, TimeUnit.SECONDS);
        assertThat(((HttpResponse<?>) refused).statusCode()).isEqualTo(503);
        long start = System.nanoTime();
        assertThat(store.put("table", colour("blue"), 0, "tester")).isEqualTo(new PutResult.Accepted(1));
        List<Integer> statuses = new ArrayList<>();
        for (CompletableFuture<HttpResponse<byte[]>> answer : List.of(one, two, three)) {
            statuses.add(answer.get(20, TimeUnit.SECONDS).statusCode());
        }
        assertThat(statuses).containsExactlyInAnyOrder(200, 200, 503);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(1));
        assertThat(poll(1, "1ms").get().statusCode()).isEqualTo(204);
    }

    @Test
    void of_several_processes_that_change_the_same_version_one_wins_and_all_serve_it() throws Exception {
        try (Database second = Database.open(address, "second", 4, Duration.ofSeconds(10));
                ControlStore other = ControlStore.open(second, signer, VALIDATORS, Clock.systemUTC());
                ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (long version = 0; version < 5; version++) {
                long base = version;
                Future<PutResult> one = executor.submit(() -> store.put("table", colour("blue"), base, "one"));
                Future<PutResult> two = executor.submit(() -> other.put("table", colour("green"), base, "two"));
                assertThat(List.of(one.get(), two.get()))
                        .containsExactlyInAnyOrder(new PutResult.Accepted(base + 1), new PutResult.Conflict(base + 1));
                assertThat(store.await("", base, 20_000).version()).isEqualTo(base + 1);
                assertThat(other.await("", base, 20_000).version()).isEqualTo(base + 1);
            }
            assertThat(store.current().envelope()).isEqualTo(other.current().envelope());
        }
    }

    @Test
    void a_change_reaches_a_following_node_within_a_second() throws Exception {
        BlockingQueue<Snapshot> applied = new LinkedBlockingQueue<>();
        SnapshotFollower.Source source = new SnapshotFollower.Source(
                List.of(URI.create("http://127.0.0.1:" + control.port())),
                List.of(signer.publicKey()),
                Secrets.read(settings.nodeTokenFile()),
                directory.resolve("follower/snapshot"));
        store.put("table", colour("c0"), 0, "tester");
        try (SnapshotFollower follower = new SnapshotFollower(source, Clock.systemUTC(), new Random(1))) {
            follower.listen(applied::add);
            follower.start();
            for (int i = 1; i <= 10; i++) {
                Snapshot snapshot = applied.poll(20, TimeUnit.SECONDS);
                assertThat(snapshot).isNotNull();
                assertThat(snapshot.version()).isEqualTo(i);
                long start = System.nanoTime();
                store.put("table", colour("c" + i), i, "tester");
                assertThat(follower.awaitFirst(Duration.ZERO)).isTrue();
                Snapshot next = applied.poll(20, TimeUnit.SECONDS);
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(1));
                assertThat(next).isNotNull();
                applied.add(next);
            }
        }
    }

    @Test
    void serves_what_another_process_stored_before_and_refuses_a_foreign_key() throws Exception {
        store.put("table", colour("blue"), 0, "tester");
        try (ControlStore again = ControlStore.open(database, signer, VALIDATORS, Clock.systemUTC())) {
            assertThat(again.version()).isEqualTo(1);
            assertThat(again.section("table")).contains(colour("blue"));
        }
        SnapshotSigner foreign = SnapshotSigner.generate(RANDOM);
        assertThatThrownBy(() -> ControlStore.open(database, foreign, VALIDATORS, Clock.systemUTC()))
                .hasMessageContaining("expected: signed by this control's key");
        assertThat(new String(store.current().envelope(), StandardCharsets.UTF_8))
                .contains("blue");
    }

    private HttpResponse<String> end(String how, long version) throws Exception {
        return send(request("/v1/stage/" + how, settings.adminTokenFile())
                .header("if-match", Long.toString(version))
                .header("rialto-author", "tester")
                .POST(HttpRequest.BodyPublishers.noBody()));
    }

    private Snapshot of(String node) throws Exception {
        HttpResponse<byte[]> answer = client.send(
                request("/v1/snapshot?after=0", settings.nodeTokenFile())
                        .header("rialto-node", node)
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
        return SnapshotEnvelope.trusting(List.of(signer.publicKey())).open(answer.body());
    }

    private HttpResponse<String> stage(String body, long base, String nodes) throws Exception {
        return send(request("/v1/sections/table?stage=" + nodes, settings.adminTokenFile())
                .header("if-match", Long.toString(base))
                .header("rialto-author", "tester")
                .header("rialto-reason", "a try")
                .PUT(HttpRequest.BodyPublishers.ofString(body)));
    }

    @Test
    void a_staged_version_is_for_the_named_nodes_until_it_is_promoted() throws Exception {
        store.put("table", colour("blue"), 0, "tester");
        assertThat(stage("{}", 1, "east-1,west-1").statusCode()).isEqualTo(200);
        assertThat(of("east-1").version()).isEqualTo(2);
        assertThat(of("east-1").section("table")).contains(json("{}"));
        assertThat(of("east-2").version()).isEqualTo(1);
        assertThat(store.version()).isEqualTo(1);
        assertThat(stage("{}", 1, "east-2").body()).contains("version 2 is staged");

        assertThat(end("promote", 1).statusCode()).isEqualTo(422);
        assertThat(end("promote", 2).body()).isEqualTo("{\"version\":3}");
        assertThat(of("east-1").version()).isEqualTo(3);
        assertThat(of("east-2").section("table")).contains(json("{}"));
        assertThat(end("promote", 2).body()).contains("none is staged");

        assertThat(store.history(5))
                .extracting(SnapshotEntry::nodes)
                .containsExactly(List.of(), List.of("east-1", "west-1"), List.of());
        assertThat(store.history(5)).extracting(SnapshotEntry::reason).contains("a try");
    }

    @Test
    void a_staged_version_is_taken_back_by_a_higher_one_as_is_one_that_another_change_passes() throws Exception {
        store.put("table", colour("blue"), 0, "tester");
        stage("{}", 1, "east-1");
        assertThat(end("back", 2).statusCode()).isEqualTo(200);
        assertThat(of("east-1").version()).isEqualTo(3);
        assertThat(of("east-1").section("table")).contains(colour("blue"));

        stage("{}", 3, "east-1");
        // A failover does not wait for a person who tries something.
        assertThat(store.put("keys", json("{}"), 3, "tester")).isEqualTo(new PutResult.Accepted(5));
        assertThat(of("east-1").version()).isEqualTo(5);
        assertThat(of("east-1").section("table")).contains(colour("blue"));
        assertThat(store.staged()).isEmpty();
    }

    @Test
    void a_staged_version_is_seen_by_every_control() throws Exception {
        store.put("table", colour("blue"), 0, "tester");
        stage("{}", 1, "east-1");
        try (ControlStore again = ControlStore.open(database, signer, VALIDATORS, Clock.systemUTC())) {
            assertThat(again.version()).isEqualTo(1);
            assertThat(again.current("east-1").version()).isEqualTo(2);
            end("promote", 2);
            assertThat(again.await("west-1", 1, 20_000).version()).isEqualTo(3);
        }
    }

    @Test
    void lists_what_nodes_serve_and_checks_a_change_without_making_it() throws Exception {
        store.put("table", colour("blue"), 0, "tester");
        client.send(
                request("/v1/snapshot?after=1", settings.nodeTokenFile())
                        .header("rialto-node", "east-1")
                        .header("rialto-serves", "1")
                        .build(),
                HttpResponse.BodyHandlers.discarding());
        assertThat(send(request("/v1/nodes", settings.adminTokenFile())).body())
                .contains("\"node\":\"east-1\"", "\"serves\":1");
        HttpRequest.Builder check = request("/v1/sections/table?check=true", settings.adminTokenFile())
                .header("if-match", "1");
        assertThat(send(check.PUT(HttpRequest.BodyPublishers.ofString("{\"town\":1}")))
                        .statusCode())
                .isEqualTo(422);
        assertThat(send(check.PUT(HttpRequest.BodyPublishers.ofString("{}"))).statusCode())
                .isEqualTo(200);
        assertThat(store.version()).isEqualTo(1);
        assertThat(send(request("/v1/sections/table?version=1", settings.adminTokenFile()))
                        .body())
                .isEqualTo("{\"colour\":\"blue\"}");
        assertThat(send(request("/v1/sections/table?version=7", settings.adminTokenFile()))
                        .statusCode())
                .isEqualTo(404);
    }
}

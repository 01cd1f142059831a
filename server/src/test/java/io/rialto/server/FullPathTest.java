package io.rialto.server;

import static io.rialto.server.TestLoad.await;
import static io.rialto.server.TestPlatform.call;
import static io.rialto.server.TestPlatform.userOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import io.rialto.client.Answer;
import io.rialto.client.CallException;
import io.rialto.client.CallOptions;
import io.rialto.client.Dispatched;
import io.rialto.client.Protection;
import io.rialto.client.Rialto;
import io.rialto.protocol.Buckets;
import io.rialto.protocol.Code;
import io.rialto.protocol.OperationName;
import io.rialto.server.KeyRotation.Kind;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The whole path, with the SDK as the phone, over TLS and HTTP/2, on parts that all are real. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
class FullPathTest {
    /** The last shard of the cell east. */
    private static final int MOVING = Topology.SHARDS / 2 - 1;

    @SuppressWarnings("NullAway.Init") // set before all tests
    private TestPlatform platform;

    private int nextUser = 1_000;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        platform = new TestPlatform(folder);
    }

    @AfterAll
    void stop() throws Exception {
        platform.close();
    }

    private String newUser(String cell) {
        String user = userOf(cell, nextUser);
        nextUser = Integer.parseInt(user) + 1;
        return user;
    }

    private List<Rialto> phones(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> platform.phoneOf(
                        newUser(i % 2 == 0 ? "east" : "west"),
                        i % 3 == 0 ? Protection.SIGNED : Protection.SEALED,
                        platform.east1Url()))
                .toList();
    }

    @ParameterizedTest
    @EnumSource(names = {"SEALED", "SIGNED", "SIGNED_BY_DEVICE"})
    void a_new_phone_enrols_logs_in_and_calls(Protection protection) {
        Rialto phone = platform.phoneOf(newUser("east"), protection, platform.east1Url());
        assertThat(call(phone, "test.Echo/Get")).isEqualTo("{\"cell\":\"east\"}");
        assertThat(phone.hasUser()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(names = {"SEALED", "SIGNED", "SIGNED_BY_DEVICE"})
    void a_phone_says_which_version_of_the_global_data_it_has_seen(Protection protection) {
        Rialto phone = platform.phoneOf(newUser("west"), protection, platform.east1Url());
        OperationName raise = OperationName.of("test.Version/Raise");
        for (int seen = 1; seen <= 3; seen++) {
            Answer answer = phone.call(raise, "application/json", new byte[] {'{', '}'}, false, CallOptions.NONE);
            assertThat(answer.header("rialto-global-version")).isEqualTo(Integer.toString(seen));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SEALED", "SIGNED", "SIGNED_BY_DEVICE"})
    void a_phone_brings_the_marker_of_the_newest_write_that_it_was_told_of(Protection protection) {
        Rialto phone = platform.phoneOf(newUser("west"), protection, platform.east1Url());
        OperationName raise = OperationName.of("test.Written/Raise");
        for (int place = 1; place <= 3; place++) {
            Answer answer = phone.call(raise, "application/json", new byte[] {'{', '}'}, false, CallOptions.NONE);
            assertThat(answer.header("rialto-written")).isEqualTo("u-west;1;0/" + place + ";somebody");
        }
    }

    @Test
    void a_call_at_the_wrong_cell_is_forwarded_and_the_phone_goes_to_the_right_one() throws Exception {
        Rialto phone = platform.phoneOf(newUser("west"), Protection.SEALED, platform.east1Url());
        assertThat(call(phone, "test.Echo/Get")).isEqualTo("{\"cell\":\"west\"}");
        long atEast = platform.answeredByEast1("test.Echo/Get");
        int atBackend = platform.westBackend.calls();
        for (int i = 0; i < 5; i++) {
            assertThat(call(phone, "test.Echo/Get")).isEqualTo("{\"cell\":\"west\"}");
        }
        assertThat(phone.cell()).startsWith("west");
        assertThat(platform.westBackend.calls()).isEqualTo(atBackend + 5);
        assertThat(platform.answeredByEast1("test.Echo/Get")).isEqualTo(atEast);
    }

    @Test
    void a_write_that_comes_while_its_shard_moves_takes_longer_and_is_not_refused() throws Exception {
        String user = IntStream.iterate(1_000_000, id -> id + 1)
                .mapToObj(Integer::toString)
                .filter(id -> Buckets.of(id, Topology.SHARDS) == MOVING)
                .findFirst()
                .orElseThrow();
        Rialto phone = platform.phoneOf(user, Protection.SEALED, platform.east1Url());
        platform.eastBackend.closeShards(true);
        try {
            CompletableFuture<String> write = CompletableFuture.supplyAsync(() -> call(phone, "test.Moving/Put"));
            await(() -> assertThat(platform.eastBackend.fenced()).isPositive());
            assertThat(write).isNotDone();
            assign("u-west", 2);
            assertThat(write.get(10, TimeUnit.SECONDS)).isEqualTo("{\"cell\":\"west\"}");
            assertThat(platform.countedByEast1("rialto_refusals_total{reason=\"fenced\"}"))
                    .isZero();
        } finally {
            platform.eastBackend.closeShards(false);
            assign("u-east", 3);
        }
    }

    /** Publishes a table in which the last shard of the cell east is of a unit. */
    private void assign(String unit, int epoch) throws SQLException {
        ObjectNode table = platform.section("table");
        ArrayNode assignments = table.putArray("assignments");
        assignments
                .addObject()
                .put("from", 0)
                .put("to", MOVING - 1)
                .put("unit", "u-east")
                .put("epoch", 1);
        assignments
                .addObject()
                .put("from", MOVING)
                .put("to", MOVING)
                .put("unit", unit)
                .put("epoch", epoch);
        assignments
                .addObject()
                .put("from", MOVING + 1)
                .put("to", Topology.SHARDS - 1)
                .put("unit", "u-west")
                .put("epoch", 1);
        platform.put(Map.of("table", table));
    }

    @Test
    void a_change_of_configuration_is_in_force_within_a_second_and_fails_no_call() throws Exception {
        Rialto phone = platform.phoneOf(newUser("east"), Protection.SEALED, platform.east1Url());
        assertThatExceptionOfType(CallException.class)
                .isThrownBy(() -> call(phone, "test.New/Get"))
                .matches(e -> e.reason().equals("unknown_operation"));
        try (TestLoad load = TestLoad.start(phones(6), "test.Echo/Once")) {
            ObjectNode gateway = platform.section("gateway");
            ObjectNode added = gateway.withArray("/operations").addObject();
            added.put("name", "test.New/Get").put("backend", "test").put("auth", "user");
            added.putObject("mock")
                    .putArray("answers")
                    .addObject()
                    .putObject("body")
                    .put("mocked", true);
            platform.put(Map.of("gateway", gateway));
            long accepted = System.nanoTime();
            await(() -> assertThat(call(phone, "test.New/Get")).contains("mocked"));
            assertThat(Duration.ofNanos(System.nanoTime() - accepted)).isLessThan(Duration.ofSeconds(1));
            assertThat(load.stop()).isEmpty();
        }
    }

    @Test
    void keys_of_every_kind_turn_under_load_and_no_call_fails() throws Exception {
        try (TestLoad load = TestLoad.start(phones(6), "test.Echo/Once")) {
            for (int i = 0; i < 2; i++) {
                Instant now = Instant.now();
                Instant begins = now.plusSeconds(1);
                ObjectNode keys = new KeyRotation(new SecureRandom())
                        .rotated(platform.section("keys"), Set.of(Kind.values()), now, begins, Map.of());
                platform.put(Map.of("keys", keys));
                await(() -> assertThat(Instant.now()).isAfter(begins));
                int before = load.answered();
                await(() -> assertThat(load.answered()).isGreaterThan(before + 50));
                phones(2)
                        .forEach(phone ->
                                assertThat(call(phone, "test.Echo/Get")).contains("cell"));
            }
            assertThat(load.stop()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "test.Gone/Get, backend_down, UNAVAILABLE, NO, 127.0.0.1:1",
        "test.Slow/Get, backend_timeout, DEADLINE_EXCEEDED, UNKNOWN, ms for the call",
        "test.Closing/Get, backend_closed, UNAVAILABLE, UNKNOWN, closed"
    })
    void a_backend_in_trouble_has_a_code_a_counter_and_a_clear_message(
            String operation, String reason, Code code, Dispatched dispatched, String message) throws Exception {
        Rialto phone = platform.phoneOf(newUser("east"), Protection.SEALED, platform.east1Url());
        String counter = "rialto_refusals_total{reason=\"" + reason + "\"}";
        long before = platform.countedByEast1(counter);
        assertThatExceptionOfType(CallException.class)
                .isThrownBy(() -> call(phone, operation, CallOptions.NONE.timeout(Duration.ofSeconds(3))))
                .satisfies(e -> {
                    assertThat(e.reason()).isEqualTo(reason);
                    assertThat(e.code()).isEqualTo(code);
                    assertThat(e.dispatched()).isEqualTo(dispatched);
                    assertThat(e.getMessage()).contains(message);
                });
        assertThat(platform.countedByEast1(counter)).isGreaterThan(before);
        assertThat(call(phone, "test.Echo/Get")).contains("east");
    }

    @Test
    void a_changed_rate_is_in_force_within_a_second_and_fails_no_other_call() throws Exception {
        Rialto phone = platform.phoneOf(newUser("east"), Protection.SEALED, platform.east1Url());
        // Less time than a refusal's retry-after: the phone does not wait, it is told.
        CallOptions impatient = CallOptions.NONE.timeout(Duration.ofMillis(900));
        assertThat(call(phone, "test.Changing/Get")).contains("east");
        try (TestLoad load = TestLoad.start(phones(6), "test.Echo/Once")) {
            long tightened = changeRate(1);
            await(() -> assertThatExceptionOfType(CallException.class)
                    .isThrownBy(() -> call(phone, "test.Changing/Get", impatient))
                    .matches(e -> e.reason().equals("operation_rate_limited")));
            assertThat(Duration.ofNanos(System.nanoTime() - tightened)).isLessThan(Duration.ofSeconds(1));
            long loosened = changeRate(0);
            await(() -> assertThat(call(phone, "test.Changing/Get", impatient)).contains("east"));
            assertThat(Duration.ofNanos(System.nanoTime() - loosened)).isLessThan(Duration.ofSeconds(1));
            assertThat(load.stop()).isEmpty();
        }
    }

    /** Puts the rate of an operation in force; gives when that was accepted. */
    private long changeRate(int operationRate) throws Exception {
        ObjectNode gateway = platform.section("gateway");
        for (JsonNode operation : gateway.withArray("/operations")) {
            if (operation.path("name").asString().equals("test.Changing/Get")) {
                operation.asObject().putObject("rate").put("operation", operationRate);
            }
        }
        platform.put(Map.of("gateway", gateway));
        return System.nanoTime();
    }

    @Test
    void two_edges_of_a_cell_hold_the_users_rate_together_and_one_drains_without_losing_a_call() throws Exception {
        try (EdgeNode second = platform.startSecondEast()) {
            holdsTheRate(newUser("east"));
            List<Rialto> phones = IntStream.range(0, 6)
                    .mapToObj(i -> platform.phoneOf(
                            newUser("east"), Protection.SEALED, platform.east2Url(), platform.east1Url()))
                    .toList();
            try (TestLoad load = TestLoad.start(phones, "test.Echo/Once")) {
                second.drain();
                int before = load.answered();
                await(() -> assertThat(load.answered()).isGreaterThan(before + 50));
                assertThat(load.stop()).isEmpty();
            }
        }
    }

    /** 100 calls a second, and 20 at once. */
    private void holdsTheRate(String user) throws InterruptedException {
        List<Rialto> phones = IntStream.range(0, 8)
                .mapToObj(i -> platform.phoneOf(
                        user, Protection.SEALED, i % 2 == 0 ? platform.east1Url() : platform.east2Url()))
                .toList();
        long start = System.nanoTime();
        // Less time than a refusal's retry-after: the phones do not wait, they call again at once.
        CallOptions impatient = CallOptions.NONE.timeout(Duration.ofMillis(900));
        try (TestLoad load = TestLoad.start(phones, "test.Limited/Get", impatient)) {
            Duration length = Duration.ofSeconds(3);
            await(() -> assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(length));
            assertThat(load.stop()).isNotEmpty().allMatch(failure -> failure.contains("user_rate_limited"));
            double seconds = (System.nanoTime() - start) / 1e9;
            assertThat((double) load.answered()).isCloseTo(20 + 100 * seconds, within((20 + 100 * seconds) * 0.1));
        }
    }
}

package io.rialto.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import io.rialto.benchmark.GatewayReport.Pair;
import io.rialto.benchmark.H2Load.Protocol;
import io.rialto.benchmark.SecuredCalls.Mode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class GatewayReportTest {
    private static final double NONE = Double.NaN;

    /** A slow machine in the second round, which slows both: their ratio stays. */
    private static final List<Double> OURS = List.of(90.0, 45.0, 96.0);

    private static final List<Double> THEIRS = List.of(75.0, 37.5, 100.0);

    @Test
    void has_one_goal_for_each_figure_that_is_promised() {
        assertThat(report(OURS, 20_000).goals())
                .extracting(Goal::name, Goal::target, Goal::figure, Goal::holds)
                .containsExactly(
                        tuple("plain HTTP/1.1: requests per core over HAProxy's", ">= 0.9", 1.2, true),
                        tuple("plain h2c: requests per core over HAProxy's", ">= 1.1", 1.2, true),
                        tuple("plain TLS h2: requests per core over HAProxy's", ">= 1.1", 1.2, true),
                        tuple("kilobytes resident of an idle TLS h2 connection at 10000", "<= 16.0", 2.0, true),
                        tuple("signed calls, HTTP/1.1: CPU over plain", "<= 1.25", 1.1, true),
                        tuple("signed calls, h2c: CPU over plain", "<= 1.25", 1.5, false),
                        tuple("signed calls, TLS h2: CPU over plain", "<= 1.25", 1.1, true),
                        tuple("sealed calls, HTTP/1.1: CPU over plain", "<= 1.25", 1.2, true),
                        tuple("sealed calls, h2c: CPU over plain", "<= 1.25", 1.2, true),
                        tuple("sealed calls, TLS h2: CPU over plain", "<= 1.25", 1.2, true));
    }

    @Test
    void misses_a_goal_without_a_figure() {
        List<Goal> goals = report(List.of(NONE, NONE, NONE), 20_000).goals();

        assertThat(goals.getFirst().figure()).isNaN();
        assertThat(goals.getFirst().holds()).isFalse();
    }

    @Test
    void takes_ratios_only_of_rounds_that_both_have() {
        assertThat(report(List.of(NONE, 30.0, NONE), 20_000).goals().getFirst().figure())
                .isEqualTo(0.8);
    }

    @Test
    void shows_a_missed_goal_and_a_rate_that_was_not_held() {
        assertThat(report(OURS, 20_000).secured().page())
                .contains("| signed calls, h2c: CPU over plain | <= 1.25 | 1.50 | **no** |")
                .contains("latency at 10000 calls per second")
                .contains("| HTTP/1.1 | sealed | 12.0 | 12.0-12.0 | 83.3 | 1.20 | 0.50 | 2.00 |");
        assertThat(report(OURS, 20_000).page())
                .contains("| HAProxy | HTTP/1.1 | 1.20 | 1.20 | 1.20 |")
                .contains("latency at 20000 requests per second")
                .contains("| h2c | Rialto | 3 | 90.0 | 45.0-96.0 | 0.50 | 2.00 |")
                .contains("| h2c | HAProxy | 3 | 75.0 | 37.5-100.0 | rate not held | rate not held |")
                .contains("| Rialto | 10000 | 100.0 | 119.3 | 2.0 |");
    }

    @Test
    void shows_no_figure_where_a_peer_was_not_measured() {
        GatewayReport report = report(OURS, 20_000);
        List<Throughput.Row> rows = report.plain().rows().stream()
                .filter(row -> row.protocol() != Protocol.HTTP1)
                .toList();

        String page = new GatewayReport(
                        new Throughput.Result(rows, 20_000), report.pairs(), report.secured(), 10_000, report.idle())
                .page();

        assertThat(page).contains("| HAProxy | HTTP/1.1 | - | 1.20 | 1.20 |");
    }

    @Test
    void writes_goals_as_json(@TempDir Path folder) throws Exception {
        GatewayReport report = report(OURS, 20_000);
        Path file = folder.resolve("goals.json");

        Goal.write(file, report.goals(), report.figures());

        JsonNode json = JsonMapper.builder().build().readTree(Files.readString(file));
        assertThat(json.get("goals")).hasSize(10);
        JsonNode goal = json.get("goals").get(5);
        assertThat(goal.get("name").asString()).isEqualTo("signed calls, h2c: CPU over plain");
        assertThat(goal.get("target").asString()).isEqualTo("<= 1.25");
        assertThat(goal.get("figure").asDouble()).isEqualTo(1.5);
        assertThat(goal.get("holds").asBoolean()).isFalse();
        assertThat(json.get("rate").asInt()).isEqualTo(20_000);
        assertThat(json.get("plain").get(0).get("perCore")).hasSize(3);
    }

    @Test
    void replaces_only_its_own_section_of_the_page(@TempDir Path folder) throws Exception {
        Path page = folder.resolve("benchmarks.md");
        Files.writeString(page, """
                # Benchmarks
                <!-- gateway -->
                old
                <!-- end of gateway -->
                between
                <!-- pieces -->
                kept
                <!-- end of pieces -->
                """);

        BenchmarkPage.replace(page, "gateway", "new\n");

        assertThat(Files.readString(page)).isEqualTo("""
                # Benchmarks
                <!-- gateway -->

                new

                <!-- end of gateway -->
                between
                <!-- pieces -->
                kept
                <!-- end of pieces -->
                """);
    }

    private static GatewayReport report(List<Double> ours, int rate) {
        List<Throughput.Row> rows = new ArrayList<>();
        List<Secured.Row> secured = new ArrayList<>();
        for (Protocol protocol : Protocol.values()) {
            rows.add(new Throughput.Row(
                    "Rialto", protocol, ours, ours, List.of(0.5, 0.5, 0.6), List.of(2.0, NONE, 2.0)));
            rows.add(new Throughput.Row(
                    "HAProxy", protocol, THEIRS, THEIRS, List.of(NONE, NONE, NONE), List.of(NONE, NONE, NONE)));
            secured.add(call(protocol, Mode.PLAIN, 10.0));
            secured.add(call(protocol, Mode.SIGNED, protocol == Protocol.H2C ? 15.0 : 11.0));
            secured.add(call(protocol, Mode.SEALED, 12.0));
        }
        return new GatewayReport(
                new Throughput.Result(rows, rate),
                List.of(new Pair("Rialto", "HAProxy", "HTTP/1.1")),
                new SecuredReport(secured, rate / 2),
                10_000,
                List.of(new Idle.Row("Rialto", 10_000, 102_400, 122_200)));
    }

    private static Secured.Row call(Protocol protocol, Mode mode, double micros) {
        return new Secured.Row(protocol, mode, List.of(micros, micros), List.of(0.5), List.of(2.0));
    }
}

package io.rialto.gateway.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BackendSettingsTest {
    private static JsonNode json(String text) {
        return JsonMapper.builder().build().readTree(text);
    }

    @Test
    void every_key_but_the_name_has_a_default() {
        BackendSettings settings = BackendSettings.parse(json("{\"service\":\"wallet\"}"));
        assertThat(settings)
                .isEqualTo(new BackendSettings(
                        "wallet",
                        BackendProtocol.HTTP1,
                        java.util.Map.of(),
                        null,
                        30_000,
                        true,
                        5_000,
                        1_000,
                        256,
                        10_000,
                        10_000,
                        8 << 20,
                        20,
                        3,
                        0,
                        BackendSettings.Breaker.DEFAULT,
                        BackendSettings.Health.NONE));
    }

    @Test
    void reads_all_keys() {
        BackendSettings settings = BackendSettings.parse(json("""
                {"service":"wallet","protocol":"grpc","addresses":{"east":["127.0.0.1:1","[::1]:2"]},"dns":"wallet.local:3",
                 "dns-refresh-ms":1000,"registered":false,"timeout-ms":1,"connect-timeout-ms":2,"max-connections":3,
                 "idle-ms":100,"max-in-flight":5,"max-answer-bytes":2048,"retry-budget-percent":7,"max-tries":4,
                 "hedge-after-ms":9,"breaker":{"window-ms":100,"min-calls":1,"failure-percent":2,"open-ms":10},
                 "health":{"path":"/health","interval-ms":50,"timeout-ms":6,"failures":7,"successes":8}}
                """));
        assertThat(settings.addresses())
                .containsEntry("east", List.of(new Address("127.0.0.1", 1), new Address("::1", 2)));
        assertThat(settings.dns()).isEqualTo(new Address("wallet.local", 3));
        assertThat(settings.breaker()).isEqualTo(new BackendSettings.Breaker(100, 1, 2, 10));
        assertThat(settings.health()).isEqualTo(new BackendSettings.Health("/health", 50, 6, 7, 8));
        assertThat(settings.maxTries()).isEqualTo(4);
    }

    @Test
    void says_what_is_wrong_with_the_key_and_what_was_expected() {
        assertThatThrownBy(
                        () -> BackendSettings.parse(
                                json(
                                        "{\"service\":\"wallet\",\"timeout-ms\":\"x\",\"registered\":3,\"breaker\":{\"min-calls\":0}}")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("timeout-ms: \"x\" (expected: a whole number)")
                .hasMessageContaining("registered: 3 (expected: true or false)")
                .hasMessageContaining("breaker: min-calls: 0 (expected: 1..1000000)");
        assertThatThrownBy(() -> BackendSettings.parse(json("{\"service\":\"wallet\",\"colour\":1}")))
                .hasMessageContaining("colour (expected: one of [service,");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "a", ":1", "a:", "a:0", "a:65536", "a:x", "a b:1", "::1:1", "[a]:1", "a..b:1", "[::1:1", "a:-1"
            })
    void refuses_what_is_no_address(String text) {
        assertThatThrownBy(() -> Address.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{",
                "{\"service\":\"w\",\"instance\":\"i\",\"address\":\"name:1\"}",
                "{\"service\":\"w\",\"instance\":\"i\",\"address\":\"127.0.0.1:1\",\"ttl-ms\":60001}",
                "{\"service\":\"w\",\"instance\":\"i\",\"address\":\"127.0.0.1:1\",\"more\":1}",
                "{\"service\":\"w\",\"instance\":\"\",\"address\":\"127.0.0.1:1\"}",
            })
    void refuses_what_is_no_registration(String text) {
        assertThatThrownBy(() -> Registration.parse(text.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("registration");
    }
}

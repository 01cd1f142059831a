package io.rialto.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.rialto.protocol.ServerKeyPair;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class GatewayConfigTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private static GatewayConfig parse(String operation) throws ConfigException {
        return GatewayConfig.parse(
                JSON.readTree("{\"apps\": [{\"id\": \"wallet\"}], \"backends\": [{\"service\": \"wallet\"}],"
                        + " \"operations\": [" + operation + "]}"));
    }

    @Test
    void has_a_default_for_all_but_names() throws ConfigException {
        OperationConfig operation = Objects.requireNonNull(
                parse("{\"name\": \"wallet.Balance/Get\"}").operations().get("/wallet.Balance/Get"));
        assertThat(operation.auth()).isEqualTo(OperationConfig.Auth.USER);
        assertThat(operation.route()).isEqualTo(OperationConfig.Route.USER);
        assertThat(operation.backend()).isEqualTo("wallet");
        assertThat(operation.timeoutMillis()).isEqualTo(10_000);
        assertThat(GatewayConfig.parse(JSON.readTree("{}")).bounds()).isEqualTo(GatewayConfig.Bounds.DEFAULT);
    }

    @Test
    void reports_all_errors_at_once() {
        ConfigException wrong =
                catchThrowableOfType(ConfigException.class, () -> GatewayConfig.parse(JSON.readTree("""
                        {"apps": [{"id": "Not Valid", "nonsense": 1}], "backends": [{}],
                         "operations": [{"name": "noslash"}, {"name": "rialto.Device/Enrol"}, {"name": "a.B/C", "timeout-ms": 0, "app": "none"}],
                         "more": 1}""")));
        assertThat(wrong.errors())
                .anyMatch(error -> error.startsWith("apps[0].id"))
                .anyMatch(error -> error.startsWith("apps[0].nonsense"))
                .anyMatch(error -> error.startsWith("backends[0].service"))
                .anyMatch(error -> error.startsWith("operations[0].name"))
                .anyMatch(error -> error.contains("rialto.* is the platform's"))
                .anyMatch(error -> error.startsWith("operations[2].timeout-ms"))
                .anyMatch(error -> error.startsWith("operations[2].app"))
                .anyMatch(error -> error.startsWith("more"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"name\": \"wallet.A/B\", \"idempotent\": true, \"cache\": {\"key\": [\"body\"]}}",
                "{\"name\": \"wallet.A/B\", \"cache\": {}}",
                "{\"name\": \"wallet.A/B\", \"idempotent\": true, \"cache\": {\"key\": [\"user\", \"header.X\"]}}",
                "{\"name\": \"wallet.A/B\", \"auth\": \"none\", \"route\": \"user\"}",
                "{\"name\": \"wallet.A/B\", \"auth\": \"nobody\"}",
                "{\"name\": \"wallet.A/B\", \"headers\": {\"request\": {\"set\": {\"rialto-caller\": \"x\"}}}}",
                "{\"name\": \"wallet.A/B\", \"headers\": {\"request\": {\"set\": {\"x\": \"a\\r\\nb\"}}}}",
                "{\"name\": \"wallet.A/B\", \"mock\": {\"answers\": [{\"when\": {\"pointer\": \"no-slash\"}}]}}",
                "{\"name\": \"wallet.A/B\", \"mock\": {\"percent\": 101}}",
                "{\"name\": \"wallet.A/B\", \"coalesce\": true}",
                "{\"name\": \"wallet.A/B\", \"backend\": \"absent\"}",
                "{\"name\": \"wallet.A/B\", \"app\": \"absent\"}",
                "{\"name\": \"wallet.A/B\", \"login\": true, \"idempotent\": true, \"cache\": {}}",
                "{\"name\": \"wallet.A/B\", \"headers\": {\"response\": {\"set\": {\"keep-alive\": \"1\"}}}}",
                "{\"name\": \"wallet.A/B\", \"mock\": {\"answers\": [{\"headers\": {\"x\": \"a\\r\\nb\"}}]}}",
                "{\"name\": \"wallet.A/B\", \"mock\": {\"answers\": [{\"headers\": {\"rialto-session\": \"s\"}}]}}",
                "{\"name\": \"wallet.A/B\", \"mock\": {\"answers\": [{\"when\": {\"header\": \"X-Case\"}}]}}",
                "{\"name\": \"wallet.A/B\"}, {\"name\": \"wallet.A/B\"}"
            })
    void refuses_what_cannot_be_meant(String operation) {
        assertThatThrownBy(() -> parse(operation)).isInstanceOf(ConfigException.class);
    }

    @Test
    void a_bad_backend_is_reported_together_with_all_else() {
        assertThat(GatewayConfig.errors(JSON.readTree("""
                        {"apps": [{"id": "Not Valid"}],
                         "backends": [{"service": "a", "max-tries": 0, "surprise": 1}, {"service": "b", "addresses": {"east": "127.0.0.1:1"}},
                                      {"service": "c", "addresses": {"east": ["127.0.0.1"]}}, {"service": "d"}, {"service": "d"}, 5],
                         "operations": [{"name": "a.B/C"}, {"name": "e.B/C"}]}""")))
                .anyMatch(error -> error.startsWith("gateway.apps[0].id"))
                .anyMatch(error -> error.startsWith("gateway.backends[0]") && error.contains("max-tries: 0"))
                .anyMatch(error -> error.startsWith("gateway.backends[1]") && error.contains("addresses of east"))
                .anyMatch(error -> error.startsWith("gateway.backends[2]") && error.contains("127.0.0.1"))
                .anyMatch(
                        error -> error.startsWith("gateway.backends[4].service") && error.contains("each service once"))
                .anyMatch(error -> error.startsWith("gateway.backends[5]"))
                .anyMatch(error -> error.startsWith("gateway.operations[1].backend"))
                .noneMatch(error -> error.startsWith("gateway.operations[0]"));
        assertThat(GatewayConfig.errors(JSON.readTree("{\"backends\": [{\"service\": \"a\"}]}")))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://id.example/keys",
                "https:keys",
                "ftp://127.0.0.1/keys",
                "http://127.evil.example/",
                "keys"
            })
    void key_sets_come_over_https_or_from_this_machine(String url) {
        String json =
                "{\"apps\": [{\"id\": \"a\", \"identity-provider\": {\"issuer\": \"i\", \"audience\": \"a\", \"jwks\": \"%s\"}}]}";
        assertThat(GatewayConfig.errors(JSON.readTree(json.formatted(url))))
                .singleElement()
                .asString()
                .startsWith("gateway.apps[0].identity-provider.jwks");
        for (String good : new String[] {"https://id.example/keys", "http://127.0.0.1:80/keys", "http://[::1]/keys"}) {
            assertThat(GatewayConfig.errors(JSON.readTree(json.formatted(good))))
                    .isEmpty();
        }
    }

    @Test
    void keys_that_cannot_serve_now_are_refused() {
        String key = "\"key\": \"" + "A".repeat(43) + "=\"";
        String token = "[{\"id\": 1, " + key + "}]";
        String ended = "[{\"id\": \"k\", \"until\": \"2026-01-01T00:00:00Z\", " + key + "}]";
        String json = "{\"server\": [], \"credential\": " + token + ", \"session\": " + token + ", \"ticket\": " + token
                + ", \"caller\": " + ended + "}";
        assertThat(Keys.errors(JSON.readTree(json), Instant.parse("2025-01-01T00:00:00Z")))
                .singleElement()
                .asString()
                .startsWith("keys.server: 0 keys");
        ServerKeyPair pair = ServerKeyPair.generate(1, new SecureRandom());
        String server = "[{\"private\": \"%s\", \"public\": \"%s\"}]"
                .formatted(
                        Base64.getEncoder().encodeToString(pair.privateKey()),
                        Base64.getEncoder().encodeToString(pair.key().publicKey()));
        JsonNode good = JSON.readTree(json.replace("[]", server));
        assertThat(Keys.errors(good, Instant.parse("2025-12-31T00:00:00Z"))).isEmpty();
        assertThat(Keys.errors(good, Instant.parse("2026-01-01T00:00:00Z")))
                .singleElement()
                .asString()
                .startsWith("keys.caller: none is valid");
    }

    @Test
    void a_shared_answer_needs_no_user_in_its_key() throws ConfigException {
        assertThat(parse(
                                "{\"name\": \"wallet.A/B\", \"idempotent\": true, \"cache\": {\"key\": [\"body\"], \"shared\": true}}")
                        .operations())
                .hasSize(1);
    }
}

package io.rialto.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
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
                "{\"name\": \"wallet.A/B\"}, {\"name\": \"wallet.A/B\"}"
            })
    void refuses_what_cannot_be_meant(String operation) {
        assertThatThrownBy(() -> parse(operation)).isInstanceOf(ConfigException.class);
    }

    @Test
    void a_shared_answer_needs_no_user_in_its_key() throws ConfigException {
        assertThat(parse(
                                "{\"name\": \"wallet.A/B\", \"idempotent\": true, \"cache\": {\"key\": [\"body\"], \"shared\": true}}")
                        .operations())
                .hasSize(1);
    }
}

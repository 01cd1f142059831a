package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.Json;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class ControlNodeTest {
    private static List<String> errors(String section, JsonNode value) {
        return Objects.requireNonNull(ControlNode.VALIDATORS.get(section)).errors(Optional.empty(), value);
    }

    @Test
    void tells_every_error_of_a_gateway_section_with_its_place() throws Exception {
        JsonNode wrong = Json.read("""
                {"backends": [{"service": "a"}],
                 "operations": [{"name": "a.B/C", "backend": "nowhere"},
                                {"name": "a.B/D", "backend": "a", "rate": {"user": -5}, "typo": 1}]}""");
        assertThat(errors("gateway", wrong))
                .anyMatch(error -> error.startsWith("gateway.operations[0].backend: nowhere"))
                .anyMatch(error -> error.startsWith("gateway.operations[1].rate.user: -5"))
                .anyMatch(error -> error.startsWith("gateway.operations[1].typo: unknown key"))
                .hasSize(3);
    }

    @Test
    void tells_what_is_wrong_with_a_backend() throws Exception {
        assertThat(errors("gateway", Json.read("{\"backends\": [{\"service\": \"a\", \"max-tries\": 0}]}")))
                .singleElement()
                .asString()
                .contains("max-tries");
    }

    @Test
    void tells_what_is_wrong_with_keys_but_no_secret() {
        ObjectNode keys = new KeyRotation(new SecureRandom()).first(Instant.now());
        String secret = keys.at("/ticket/0/key").asString();
        keys.withArray("/ticket").add(keys.at("/ticket/0").deepCopy());
        assertThat(errors("keys", keys)).isNotEmpty().noneMatch(error -> error.contains(secret));
    }

    @Test
    void accepts_its_own_first_keys() {
        assertThat(errors("keys", new KeyRotation(new SecureRandom()).first(Instant.now())))
                .isEmpty();
    }
}

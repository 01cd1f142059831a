package io.rialto.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class GatewayConfigFuzzTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @FuzzTest
    void any_json_is_a_configuration_or_a_list_of_errors(FuzzedDataProvider data) {
        String text = data.consumeRemainingAsString();
        JsonNode json;
        try {
            json = JSON.readTree(text);
        } catch (JacksonException notJson) {
            return;
        }
        try {
            assertThat(GatewayConfig.parse(json).operations().keySet()).allMatch(path -> path.startsWith("/"));
        } catch (ConfigException refused) {
            assertThat(refused.errors()).isNotEmpty();
        }
    }
}

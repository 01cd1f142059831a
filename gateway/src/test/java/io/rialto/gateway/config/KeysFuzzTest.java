package io.rialto.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class KeysFuzzTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @FuzzTest
    void any_json_is_keys_or_a_list_of_errors(FuzzedDataProvider data) {
        JsonNode json;
        try {
            json = JSON.readTree(data.consumeRemainingAsString());
        } catch (JacksonException notJson) {
            return;
        }
        try {
            assertThat(Keys.parse(json).caller()).isNotEmpty();
        } catch (ConfigException refused) {
            assertThat(refused.errors()).isNotEmpty();
        }
    }
}

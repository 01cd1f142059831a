package io.rialto.sync;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import tools.jackson.databind.JsonNode;

final class SyncConfigFuzzTest {
    @FuzzTest
    void any_json_is_a_section_or_a_list_of_errors(FuzzedDataProvider data) {
        JsonNode json;
        try {
            json = Json.read(data.consumeRemainingAsString());
        } catch (JsonException notJson) {
            return;
        }
        try {
            assertThat(SyncConfig.parse(json).topics()).hasSizeLessThanOrEqualTo(SyncConfig.MAX_TOPICS);
        } catch (SyncConfigException refused) {
            assertThat(refused.errors()).isNotEmpty();
        }
    }
}

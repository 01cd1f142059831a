package io.rialto.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;

final class CacheKeyFuzzTest {
    @FuzzTest
    void any_text_is_a_part_of_a_key_or_refused(FuzzedDataProvider data) {
        String text = data.consumeRemainingAsString();
        try {
            CacheRule.KeyPart part = CacheRule.KeyPart.parse(text);
            assertThat(part.kind() == CacheRule.KeyPart.Kind.HEADER).isEqualTo(text.startsWith("header."));
        } catch (IllegalArgumentException refused) {
            assertThat(refused).hasMessageContaining("expected");
        }
    }
}

package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;

final class CellHintFuzzTest {
    @FuzzTest
    void any_text_is_a_hint_or_none(FuzzedDataProvider data) {
        String text = data.consumeRemainingAsString();
        CellHint hint = CellHint.parse(text);
        if (hint != null) {
            assertThat(hint.gateway().getScheme()).isIn("http", "https");
            assertThat(hint.gateway().getHost()).isNotEmpty();
            assertThat(hint.olderThan(hint)).isFalse();
        }
    }
}

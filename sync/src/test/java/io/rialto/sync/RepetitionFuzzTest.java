package io.rialto.sync;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.time.Instant;

final class RepetitionFuzzTest {
    @FuzzTest
    void any_text_is_a_repetition_that_goes_on_or_is_refused(FuzzedDataProvider data) {
        Instant after = Instant.ofEpochSecond(data.consumeLong(0, 4_000_000_000L));
        Repetition repetition;
        try {
            repetition = Repetition.parse(data.consumeRemainingAsAsciiString());
        } catch (IllegalArgumentException refused) {
            assertThat(refused).hasMessageContaining("expected: ");
            return;
        }
        assertThat(repetition.next(after))
                .hasValueSatisfying(next -> assertThat(next).isAfter(after));
    }
}

package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.rialto.client.http.HttpAnswer;
import io.rialto.protocol.Code;
import io.rialto.protocol.HeaderNames;
import java.util.Map;

final class FailuresFuzzTest {
    @FuzzTest
    void any_answer_has_a_meaning(FuzzedDataProvider data) {
        int status = data.consumeInt(100, 599);
        Map<String, String> headers =
                Map.of(HeaderNames.REASON, data.consumeString(40), "retry-after", data.consumeString(20));
        CallException failure = Failures.of(new HttpAnswer(status, headers, data.consumeRemainingAsBytes()), true);
        assertThat(failure == null).isEqualTo(status >= 200 && status < 300 || status == 304);
        if (failure != null) {
            assertThat(failure.code()).isNotEqualTo(Code.OK);
            assertThat(failure.retryAfter()).isBetween(java.time.Duration.ZERO, java.time.Duration.ofDays(1));
        }
    }
}

package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.rialto.protocol.OperationName;
import java.nio.charset.StandardCharsets;
import java.util.Map;

final class WrittenStepFuzzTest {
    @FuzzTest
    void any_answer_and_any_stored_value_is_markers_or_none(byte[] bytes) throws Exception {
        InMemoryStorage storage = new InMemoryStorage();
        storage.put("wallet.written", bytes);
        WrittenStep step = new WrittenStep(new Kept(storage, "wallet", message -> {}));
        Map<String, String> headers = Map.of("rialto-written", new String(bytes, StandardCharsets.UTF_8));
        for (int i = 0; i < 2; i++) {
            Call call = Call.of(OperationName.of("a.B/C"), Map.of(), new byte[0], true, Protection.SEALED, 0);
            step.intercept(call, sent -> {
                String said = sent.header("rialto-written");
                if (said != null) {
                    assertThat(said)
                            .hasSizeLessThanOrEqualTo(1_000)
                            .matches("([a-z0-9-]+;[0-9]+;[0-9A-F]+/[0-9A-F]+;[A-Za-z0-9_-]{8}(,|$))+");
                }
                return new Answer(200, headers, new byte[0], true, null);
            });
        }
    }
}

package io.rialto.sync;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.rialto.protocol.ProtocolException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;

final class InboxServiceFuzzTest {
    @FuzzTest
    void any_body_is_answered_or_refused(FuzzedDataProvider data) {
        TwoCells cells = new TwoCells();
        TwoCells.Edge east = cells.edge("east");
        List<String> paths = east.operations.keySet().stream().sorted().toList();
        String path = paths.get(data.consumeInt(0, paths.size() - 1));
        InboxCall call = new InboxCall(
                data.consumeBoolean() ? "wallet" : null,
                data.consumeBoolean(),
                data.consumeRemainingAsBytes(),
                Duration.ofSeconds(1));
        try {
            byte[] answer = east.call(path, call).toCompletableFuture().join();
            if (answer.length == 0 && call.json()) {
                throw new IllegalStateException("an empty answer to " + path);
            }
        } catch (CompletionException e) {
            if (!(e.getCause() instanceof ProtocolException)) {
                throw e;
            }
        }
    }
}

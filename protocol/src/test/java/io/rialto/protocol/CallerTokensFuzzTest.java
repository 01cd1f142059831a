package io.rialto.protocol;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Map;

/** No text passes as a token; and any payload, even under a good MAC, is read or refused. */
final class CallerTokensFuzzTest {
    private static final CallerTokens TOKENS = new CallerTokens(Map.of("k1", new byte[32]), "k1");

    @FuzzTest
    void refuses_what_it_did_not_mint(FuzzedDataProvider data) {
        String text = (data.consumeBoolean() ? "v1.k1." : "") + data.consumeString(500);
        try {
            TOKENS.verify(text, "a/b", 0);
            throw new AssertionError("accepted " + text);
        } catch (ProtocolException e) {
            expectReason(e);
        }
        try {
            Caller caller = Caller.decode(data.consumeRemainingAsBytes());
            Caller again = Caller.decode(caller.encode());
            if (again.shard() != caller.shard() || again.hops() != caller.hops()) {
                throw new AssertionError("a caller changed when it was written and read");
            }
        } catch (ProtocolException e) {
            expectReason(e);
        }
    }

    private static void expectReason(ProtocolException e) {
        if (e.reason() != Reason.MALFORMED_FRAME && e.reason() != Reason.WRONG_TOKEN) {
            throw new AssertionError(e);
        }
    }
}

package io.rialto.gateway.identity;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.rialto.gateway.config.Keys;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;

final class TokensFuzzTest {
    private static final Keys.Token KEY = new Keys.Token(1, new byte[32], Keys.Term.ALWAYS);
    private static final Tokens TOKENS = new Tokens(
            new Keys(List.of(), List.of(KEY), List.of(KEY), List.of(KEY), List.of(), List.of()), new SecureRandom());

    @FuzzTest
    void no_text_that_was_not_minted_is_a_token(FuzzedDataProvider data) {
        String text = data.consumeRemainingAsString();
        try {
            TOKENS.ticket(text, Instant.EPOCH);
        } catch (ProtocolException refused) {
            assertThat(refused.reason()).isIn(Reason.WRONG_TICKET, Reason.EXPIRED_TICKET);
            return;
        }
        throw new AssertionError("opened: " + text);
    }
}

package io.rialto.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class CallerTokensTest {
    private static final String OPERATION = "wallet.Transfer/Create";

    private final CallerTokens tokens = new CallerTokens(Map.of("k1", new byte[32]), "k1");
    private final Caller caller = Caller.builder("east/east-1/0a", OPERATION, 10_000, 20_000)
            .user("u1")
            .build();

    @Test
    void refuses_a_token_with_any_character_changed() throws Exception {
        String token = tokens.mint(caller);
        for (int i = 0; i < token.length(); i++) {
            for (char other : new char[] {'A', 'B', '.', '=', ' ', '\u00c1', '\u4e01'}) {
                if (token.charAt(i) != other) {
                    String changed = token.substring(0, i) + other + token.substring(i + 1);
                    assertThatExceptionOfType(ProtocolException.class)
                            .as(changed)
                            .isThrownBy(() -> tokens.verify(changed, OPERATION, 15_000));
                }
            }
        }
        assertThat(tokens.verify(token, OPERATION, 15_000).user()).isEqualTo("u1");
    }

    @Test
    void serves_many_threads_at_once() {
        String token = tokens.mint(caller);
        boolean same = IntStream.range(0, 20_000)
                .parallel()
                .mapToObj(i -> tokens.mint(caller))
                .allMatch(token::equals);
        assertThat(same).isTrue();
    }

    @Test
    void allows_for_clocks_that_differ_a_little() throws Exception {
        String token = tokens.mint(caller);
        assertThat(tokens.verify(token, OPERATION, 5_000).user()).isEqualTo("u1");
        assertThat(tokens.verify(token, OPERATION, 24_999).user()).isEqualTo("u1");
        refuses(token, 4_999);
        refuses(token, 25_000);
        refuses(token, Long.MAX_VALUE);
        refuses(token, Long.MIN_VALUE);
    }

    @Test
    void takes_tokens_of_the_keys_before_and_after_a_rotation() throws Exception {
        byte[] next = new byte[32];
        next[0] = 1;
        CallerTokens rotated = new CallerTokens(Map.of("k1", new byte[32], "k2", next), "k2");
        assertThat(rotated.verify(tokens.mint(caller), OPERATION, 15_000).user())
                .isEqualTo("u1");
        String token = rotated.mint(caller);
        assertThat(token).startsWith("v1.k2.");
        assertThat(rotated.verify(token, OPERATION, 15_000).user()).isEqualTo("u1");
        assertThatExceptionOfType(ProtocolException.class).isThrownBy(() -> tokens.verify(token, OPERATION, 15_000));
    }

    @Test
    void does_not_mint_what_it_would_refuse() {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> tokens.mint(Caller.builder("i", OPERATION, 5, 5).build()));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tokens.mint(Caller.builder("i", OPERATION, 5, 6 + CallerTokens.MAX_LIFETIME_MILLIS)
                        .build()));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Caller.builder("i", OPERATION, 1, 2)
                        .user("u".repeat(257))
                        .build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Caller.builder("", OPERATION, 1, 2).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Caller.builder("i", OPERATION, 1, 2).hops(256).build());
    }

    @Test
    void refuses_weak_keys_and_odd_key_ids() {
        assertThatIllegalArgumentException().isThrownBy(() -> new CallerTokens(Map.of("k1", new byte[31]), "k1"));
        assertThatIllegalArgumentException().isThrownBy(() -> new CallerTokens(Map.of("K1", new byte[32]), "K1"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new CallerTokens(Map.of("k".repeat(17), new byte[32]), "k".repeat(17)));
        assertThatIllegalArgumentException().isThrownBy(() -> new CallerTokens(Map.of("k1", new byte[32]), "k2"));
    }

    private void refuses(String token, long nowMillis) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> tokens.verify(token, OPERATION, nowMillis))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.STALE_CALL));
    }
}

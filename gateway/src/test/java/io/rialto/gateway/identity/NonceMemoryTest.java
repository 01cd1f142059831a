package io.rialto.gateway.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.security.SecureRandom;
import org.junit.jupiter.api.Test;

final class NonceMemoryTest {
    private static final int MANY = 100_000;
    private static final long NOW = 1_000_000;
    private static final long STALE = NOW + 120;

    private static NonceMemory memory(int capacity) {
        return new NonceMemory(capacity, new SecureRandom());
    }

    private static void refused(NonceMemory memory, String nonce, long now, Reason reason) {
        assertThatThrownBy(() -> memory.take(nonce, now + 120, now))
                .isInstanceOfSatisfying(
                        ProtocolException.class, e -> assertThat(e.reason()).isEqualTo(reason));
    }

    @Test
    void takes_each_nonce_of_each_owner_once() throws ProtocolException {
        NonceMemory memory = memory(10);
        memory.take("one\nnonce", STALE, NOW);
        memory.take("other\nnonce", STALE, NOW);
        refused(memory, "one\nnonce", NOW, Reason.REPLAYED_CALL);
        refused(memory, "one\nnonce", STALE, Reason.REPLAYED_CALL);
        refused(memory, "other\nnonce", NOW + 1, Reason.REPLAYED_CALL);
        assertThat(memory.size()).isEqualTo(2);
    }

    @Test
    void knows_every_one_of_many_while_it_grows() throws ProtocolException {
        NonceMemory memory = memory(4 * MANY);
        for (int i = 0; i < MANY; i++) {
            memory.take("n" + i, STALE, NOW);
        }
        assertThat(memory.size()).isEqualTo(MANY);
        for (int i = 0; i < MANY; i++) {
            refused(memory, "n" + i, NOW, Reason.REPLAYED_CALL);
        }
    }

    @Test
    void refuses_what_it_has_no_place_for_until_something_is_stale() throws ProtocolException {
        NonceMemory memory = memory(2);
        memory.take("first", STALE, NOW);
        memory.take("second", STALE + 100, NOW);
        refused(memory, "third", NOW, Reason.REPLAY_MEMORY_FULL);
        refused(memory, "first", NOW, Reason.REPLAYED_CALL);
        long later = STALE + 60;
        memory.take("third", later + 120, later);
        refused(memory, "second", later, Reason.REPLAYED_CALL);
        refused(memory, "fourth", later, Reason.REPLAY_MEMORY_FULL);
    }

    @Test
    void shrinks_to_what_is_not_stale() throws ProtocolException {
        NonceMemory memory = memory(MANY);
        long now = NOW;
        for (int i = 0; i < MANY; i++) {
            now = NOW + i;
            memory.take("n" + i, now + 120, now);
        }
        assertThat(memory.size()).isLessThan(MANY / 4);
        refused(memory, "n" + (MANY - 1), now, Reason.REPLAYED_CALL);
    }
}

package io.rialto.gateway.identity;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The nonces of signed calls and handshakes that were accepted. Kept in generations by when the call that carried them is
 * stale, so that forgetting is dropping a whole generation. Full, it refuses rather than forgets. Safe for all threads.
 */
public final class NonceMemory {
    private static final long GENERATION_SECONDS = 30;

    private final int capacity;
    private final ConcurrentSkipListMap<Long, Set<String>> generations = new ConcurrentSkipListMap<>();
    private final AtomicInteger size = new AtomicInteger();

    public NonceMemory(int capacity) {
        this.capacity = capacity;
    }

    /**
     * Remembers a nonce until its call is stale.
     *
     * @param nonce with whose it is
     * @param staleSeconds when every copy of the call is refused by its time
     */
    public void take(String nonce, long staleSeconds, long nowSeconds) throws ProtocolException {
        forget(nowSeconds);
        for (Set<String> generation : generations.values()) {
            if (generation.contains(nonce)) {
                throw replayed();
            }
        }
        if (size.get() >= capacity) {
            throw new ProtocolException(
                    Reason.REPLAY_MEMORY_FULL,
                    capacity + " nonces are remembered (expected: a place; try again later)");
        }
        long generation = staleSeconds / GENERATION_SECONDS;
        Set<String> nonces = generations.computeIfAbsent(generation, absent -> ConcurrentHashMap.newKeySet());
        if (!nonces.add(nonce)) {
            throw replayed();
        }
        size.incrementAndGet();
    }

    private void forget(long nowSeconds) {
        Map.Entry<Long, Set<String>> oldest = generations.firstEntry();
        while (oldest != null && (oldest.getKey() + 1) * GENERATION_SECONDS < nowSeconds) {
            if (generations.remove(oldest.getKey(), oldest.getValue())) {
                size.addAndGet(-oldest.getValue().size());
            }
            oldest = generations.firstEntry();
        }
    }

    int size() {
        return size.get();
    }

    private static ProtocolException replayed() {
        return new ProtocolException(Reason.REPLAYED_CALL, "nonce was used before (expected: a new one for each call)");
    }
}

package io.rialto.gateway.identity;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;

/**
 * The nonces of signed calls and handshakes that were accepted, as 128 bits of a keyed hash each: no two nonces meet in
 * them, nobody outside can tell where one lands, and the garbage collector has nothing to follow. A nonce is forgotten
 * some time after its call is stale. Full, it refuses rather than forgets. Safe for all threads.
 */
public final class NonceMemory {
    /** How long a call may take from the check of its time to here. */
    private static final long MARGIN_SECONDS = 30;

    /** Event loops seldom meet in one of these. */
    private static final int STRIPES = 64;

    /** Below it, one stripe: a share of so little would be full by chance. */
    private static final int MIN_STRIPED = 64 * 1024;

    private static final int KEY_BYTES = 32;

    private final Stripe[] stripes;
    private final MessageDigest keyed;

    /** @param capacity of nonces that are not stale; up to 100 bytes each */
    public NonceMemory(int capacity, SecureRandom random) {
        stripes = new Stripe[capacity < MIN_STRIPED ? 1 : STRIPES];
        Arrays.setAll(stripes, i -> new Stripe(capacity / stripes.length));
        byte[] key = new byte[KEY_BYTES];
        random.nextBytes(key);
        keyed = sha256();
        keyed.update(key);
    }

    /**
     * Remembers a nonce until its call is stale.
     *
     * @param nonce with whose it is
     * @param staleSeconds when every copy of the call is refused by its time
     */
    public void take(String nonce, long staleSeconds, long nowSeconds) throws ProtocolException {
        ByteBuffer hash = ByteBuffer.wrap(hash(nonce));
        long high = hash.getLong();
        long low = hash.getLong();
        Stripe stripe = stripes[(int) (high >>> 32) & (stripes.length - 1)];
        switch (stripe.take(high, low, staleSeconds + MARGIN_SECONDS, nowSeconds)) {
            case TAKEN -> {}
            case KNOWN ->
                throw new ProtocolException(
                        Reason.REPLAYED_CALL, "nonce was used before (expected: a new one for each call)");
            case FULL ->
                throw new ProtocolException(
                        Reason.REPLAY_MEMORY_FULL,
                        stripe.capacity * stripes.length
                                + " nonces are remembered (expected: a place; try again later)");
        }
    }

    private byte[] hash(String nonce) {
        try {
            MessageDigest digest = (MessageDigest) keyed.clone();
            return digest.digest(nonce.getBytes(StandardCharsets.UTF_8));
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException("SHA-256 of this platform cannot be cloned", e);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is missing from this platform", e);
        }
    }

    int size() {
        int size = 0;
        for (Stripe stripe : stripes) {
            size += stripe.size();
        }
        return size;
    }

    private enum Taken {
        TAKEN,
        KNOWN,
        FULL
    }

    /** A hash table with open addresses: two words of the hash and the second until which it is kept, 0 where free. */
    private static final class Stripe {
        private static final int WORDS = 3;
        private static final int MIN_SLOTS = 64;

        private final int capacity;
        private long[] table = new long[MIN_SLOTS * WORDS];
        private int used;
        private long sweptSeconds;

        Stripe(int capacity) {
            this.capacity = capacity;
        }

        synchronized Taken take(long high, long low, long untilSeconds, long nowSeconds) {
            int at = find(table, high, low);
            if (table[at + 2] != 0) {
                if (isLive(table, at, nowSeconds)) {
                    return Taken.KNOWN;
                }
                table[at + 2] = untilSeconds;
                return Taken.TAKEN;
            }
            if (used >= capacity && sweptSeconds != nowSeconds) {
                sweep(nowSeconds);
            }
            if (used >= capacity) {
                return Taken.FULL;
            }
            if (used * WORDS * 2 >= table.length) {
                sweep(nowSeconds);
            }
            at = find(table, high, low);
            table[at] = high;
            table[at + 1] = low;
            table[at + 2] = untilSeconds;
            used++;
            return Taken.TAKEN;
        }

        synchronized int size() {
            return used;
        }

        /** Forgets what is stale, and makes the table four times what is left. */
        private void sweep(long nowSeconds) {
            long[] before = table;
            int kept = 0;
            for (int at = 0; at < before.length; at += WORDS) {
                kept += isLive(before, at, nowSeconds) ? 1 : 0;
            }
            long[] after = new long[Math.max(MIN_SLOTS, Integer.highestOneBit(Math.max(1, kept)) * 4) * WORDS];
            for (int at = 0; at < before.length; at += WORDS) {
                if (isLive(before, at, nowSeconds)) {
                    System.arraycopy(before, at, after, find(after, before[at], before[at + 1]), WORDS);
                }
            }
            table = after;
            used = kept;
            sweptSeconds = nowSeconds;
        }

        private static boolean isLive(long[] table, int at, long nowSeconds) {
            return table[at + 2] != 0 && table[at + 2] >= nowSeconds;
        }

        /** Where the hash is, or the free slot where it would be; some slots are always free. */
        private static int find(long[] table, long high, long low) {
            int slots = table.length / WORDS;
            int slot = (int) low & (slots - 1);
            while (true) {
                int at = slot * WORDS;
                if (table[at + 2] == 0 || table[at] == high && table[at + 1] == low) {
                    return at;
                }
                slot = (slot + 1) & (slots - 1);
            }
        }
    }
}

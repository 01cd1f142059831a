package io.rialto.protocol;

import java.nio.charset.StandardCharsets;

/** Buckets of texts by MurmurHash3 (32 bit, x86, seed 0) of their UTF-8; the hash's upper bits choose the bucket. */
public final class Buckets {
    private Buckets() {}

    /**
     * The bucket of a text, 0 up to but not including {@code buckets}. A user's shard is {@code of(userId, shards)}.
     *
     * @throws IllegalArgumentException where {@code buckets} is below 1
     */
    public static int of(String text, int buckets) {
        if (buckets < 1) {
            throw new IllegalArgumentException("buckets: " + buckets + " (expected: 1 or more)");
        }
        return (int) ((murmur3(text) & 0xffffffffL) * buckets >>> 32);
    }

    static int murmur3(String text) {
        // Ids are ASCII nearly always: hash the chars as they are, and fall back to encoding at the first that is not.
        int length = text.length();
        int hash = 0;
        int block = 0;
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                return murmur3(text.getBytes(StandardCharsets.UTF_8));
            }
            block |= c << ((i & 3) * 8);
            if ((i & 3) == 3) {
                hash = mixBlock(hash, block);
                block = 0;
            }
        }
        return finish(hash, block, length);
    }

    private static int murmur3(byte[] bytes) {
        int hash = 0;
        int block = 0;
        for (int i = 0; i < bytes.length; i++) {
            block |= (bytes[i] & 0xff) << ((i & 3) * 8);
            if ((i & 3) == 3) {
                hash = mixBlock(hash, block);
                block = 0;
            }
        }
        return finish(hash, block, bytes.length);
    }

    private static int mixBlock(int hash, int block) {
        return Integer.rotateLeft(hash ^ scramble(block), 13) * 5 + 0xe6546b64;
    }

    private static int scramble(int block) {
        return Integer.rotateLeft(block * 0xcc9e2d51, 15) * 0x1b873593;
    }

    private static int finish(int hash, int tail, int length) {
        int h = hash ^ scramble(tail) ^ length;
        h = (h ^ (h >>> 16)) * 0x85ebca6b;
        h = (h ^ (h >>> 13)) * 0xc2b2ae35;
        return h ^ (h >>> 16);
    }
}

package io.rialto.protocol;

import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.spec.SecretKeySpec;

/** One of a session's two AES keys, ready for {@link Seal}; immutable, for any thread. */
public final class SealKey {
    private static final AtomicInteger MADE = new AtomicInteger();

    final SecretKeySpec key;

    /** Where {@link Seal} looks for its cipher: a number in turn, so that it says nothing of the key. */
    final int place = MADE.getAndIncrement();

    SealKey(byte[] bytes) {
        if (bytes.length != SessionKeys.KEY_BYTES) {
            throw new IllegalArgumentException(
                    "seal key: " + bytes.length + " bytes (expected: " + SessionKeys.KEY_BYTES + ")");
        }
        key = new SecretKeySpec(bytes, "AES");
    }

    /** No key is in it. */
    @Override
    public String toString() {
        return "SealKey";
    }
}

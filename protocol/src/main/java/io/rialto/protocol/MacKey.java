package io.rialto.protocol;

import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.spec.SecretKeySpec;

/** A session's MAC key, ready for {@link MacSigner}; immutable, for any thread. */
public final class MacKey {
    private static final AtomicInteger MADE = new AtomicInteger();

    final SecretKeySpec key;

    /** Where {@link MacSigner} looks for its MAC: a number in turn, so that it says nothing of the key. */
    final int place = MADE.getAndIncrement();

    MacKey(byte[] bytes) {
        if (bytes.length != SessionKeys.KEY_BYTES) {
            throw new IllegalArgumentException(
                    "MAC key: " + bytes.length + " bytes (expected: " + SessionKeys.KEY_BYTES + ")");
        }
        key = new SecretKeySpec(bytes, "HmacSHA256");
    }

    /** No key is in it. */
    @Override
    public String toString() {
        return "MacKey";
    }
}

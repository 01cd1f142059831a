package io.rialto.protocol;

import javax.crypto.spec.SecretKeySpec;

/** One of a session's two AES keys, ready for {@link Seal}; immutable, for any thread. */
public final class SealKey {
    final SecretKeySpec key;

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

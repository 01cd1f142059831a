package io.rialto.protocol;

import javax.crypto.spec.SecretKeySpec;

/** A session's MAC key, ready for {@link MacSigner}; immutable, for any thread. */
public final class MacKey {
    final SecretKeySpec key;

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

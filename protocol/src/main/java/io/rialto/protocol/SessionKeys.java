package io.rialto.protocol;

import java.util.Arrays;

/** The three keys of a session, 32 bytes each: bodies to the server, bodies to the client, MACs of signed calls. */
public final class SessionKeys {
    static final int KEY_BYTES = 32;
    private static final int ENCODED_BYTES = 3 * KEY_BYTES;

    private final byte[] encoded;

    private SessionKeys(byte[] encoded) {
        this.encoded = encoded;
    }

    /**
     * The keys of their bytes.
     *
     * @param encoded 96 bytes: to server, to client, MAC
     */
    public static SessionKeys of(byte[] encoded) {
        if (encoded.length != ENCODED_BYTES) {
            throw new IllegalArgumentException(
                    "session keys: " + encoded.length + " bytes (expected: " + ENCODED_BYTES + ")");
        }
        return new SessionKeys(encoded.clone());
    }

    public byte[] toServer() {
        return key(0);
    }

    public byte[] toClient() {
        return key(1);
    }

    public byte[] mac() {
        return key(2);
    }

    public byte[] encoded() {
        return encoded.clone();
    }

    private byte[] key(int index) {
        return Arrays.copyOfRange(encoded, index * KEY_BYTES, (index + 1) * KEY_BYTES);
    }

    /** No key is in it. */
    @Override
    public String toString() {
        return "SessionKeys";
    }
}

package io.rialto.protocol;

import java.util.Arrays;

/** A public key of the platform that devices pin, with the handshake's suite that it is for. */
public final class ServerKey {
    private final int suite;
    private final byte[] publicKey;
    private final int id;

    private ServerKey(int suite, byte[] publicKey) {
        this.suite = suite;
        this.publicKey = publicKey;
        this.id = Bytes.int32(Bytes.sha256(publicKey), 0);
    }

    /**
     * A key by its bytes.
     *
     * @param suite 1 for X25519, 2 for X-Wing
     * @param publicKey as the suite's KEM serialises it: 32 bytes, or 1,216
     * @throws IllegalArgumentException where it is no key of that suite
     */
    public static ServerKey of(int suite, byte[] publicKey) {
        Suite.of(suite).requirePublicKey(publicKey);
        return new ServerKey(suite, publicKey.clone());
    }

    public int suite() {
        return suite;
    }

    public byte[] publicKey() {
        return publicKey.clone();
    }

    /** What a handshake names the key by: the first four bytes of the SHA-256 of its public part. */
    public int id() {
        return id;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ServerKey
                && suite == ((ServerKey) other).suite
                && Arrays.equals(publicKey, ((ServerKey) other).publicKey);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(publicKey);
    }

    @Override
    public String toString() {
        return "ServerKey[suite " + suite + ", id " + Integer.toHexString(id) + "]";
    }
}

package io.rialto.protocol;

import java.security.SecureRandom;
import java.util.Arrays;

/** A key that opens handshakes. Only servers hold one; its public part is the {@link ServerKey} that devices pin. */
public final class ServerKeyPair {
    private final ServerKey key;
    private final byte[] privateKey;

    private ServerKeyPair(ServerKey key, byte[] privateKey) {
        this.key = key;
        this.privateKey = privateKey;
    }

    public static ServerKeyPair generate(int suite, SecureRandom random) {
        byte[] privateKey = new byte[Suite.PRIVATE_KEY_BYTES];
        random.nextBytes(privateKey);
        return of(suite, privateKey, Suite.of(suite).publicKey(privateKey));
    }

    /**
     * A pair by its bytes.
     *
     * @param privateKey 32 bytes for either suite: the X25519 scalar, or X-Wing's seed
     * @throws IllegalArgumentException where the two are no pair of that suite
     */
    public static ServerKeyPair of(int suite, byte[] privateKey, byte[] publicKey) {
        if (privateKey.length != Suite.PRIVATE_KEY_BYTES) {
            throw new IllegalArgumentException(
                    "private key: " + privateKey.length + " bytes (expected: " + Suite.PRIVATE_KEY_BYTES + ")");
        }
        ServerKey key = ServerKey.of(suite, publicKey);
        if (!Arrays.equals(Suite.of(suite).publicKey(privateKey), publicKey)) {
            throw new IllegalArgumentException("public key of " + key + " does not belong to the private key");
        }
        return new ServerKeyPair(key, privateKey.clone());
    }

    public ServerKey key() {
        return key;
    }

    public byte[] privateKey() {
        return privateKey.clone();
    }

    /** The public part only. */
    @Override
    public String toString() {
        return key.toString();
    }
}

package io.rialto.protocol;

import java.security.SecureRandom;
import java.util.Arrays;
import org.bouncycastle.crypto.AsymmetricCipherKeyPair;
import org.bouncycastle.crypto.hpke.HPKE;
import org.bouncycastle.crypto.hpke.HPKEContext;
import org.bouncycastle.crypto.hpke.HPKEContextWithEncapsulation;
import org.bouncycastle.crypto.params.AsymmetricKeyParameter;
import org.jspecify.annotations.Nullable;

/**
 * The handshake's HPKE suites (RFC 9180, base mode, HKDF-SHA256, AES-256-GCM), which differ by their KEM. Bouncy
 * Castle's HPKE objects keep state of the operation that runs, so each operation makes its own.
 */
enum Suite {
    X25519(1, HPKE.kem_X25519_SHA256, 32, 32),
    X_WING(2, HPKE.kem_X_WING, 1216, 1120);

    /** The X25519 scalar, or the seed that an X-Wing key is expanded from. */
    static final int PRIVATE_KEY_BYTES = 32;

    /** X-Wing's encapsulation seed: 32 bytes for ML-KEM, 32 for the ephemeral X25519 key. */
    private static final int X_WING_SEED_BYTES = 64;

    private final int number;
    private final short kem;
    private final int publicKeyBytes;
    private final int encBytes;

    Suite(int number, short kem, int publicKeyBytes, int encBytes) {
        this.number = number;
        this.kem = kem;
        this.publicKeyBytes = publicKeyBytes;
        this.encBytes = encBytes;
    }

    static Suite of(int number) {
        Suite suite = find(number);
        if (suite == null) {
            throw new IllegalArgumentException("suite: " + number + " (expected: 1 or 2)");
        }
        return suite;
    }

    static @Nullable Suite find(int number) {
        return number == X25519.number ? X25519 : number == X_WING.number ? X_WING : null;
    }

    int number() {
        return number;
    }

    int publicKeyBytes() {
        return publicKeyBytes;
    }

    /** The size of what a sender sends to agree on a secret. */
    int encBytes() {
        return encBytes;
    }

    void requirePublicKey(byte[] publicKey) {
        if (publicKey.length != publicKeyBytes) {
            throw new IllegalArgumentException("public key of suite " + number + ": " + publicKey.length
                    + " bytes (expected: " + publicKeyBytes + ")");
        }
        try {
            hpke().deserializePublicKey(publicKey);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException("public key of suite " + number + " is not valid: " + e.getMessage(), e);
        }
    }

    byte[] publicKey(byte[] privateKey) {
        HPKE hpke = hpke();
        return hpke.serializePublicKey(pair(hpke, privateKey).getPublic());
    }

    HPKEContextWithEncapsulation seal(byte[] publicKey, byte[] info, SecureRandom random) {
        HPKE hpke = hpke();
        AsymmetricKeyParameter key = hpke.deserializePublicKey(publicKey);
        byte[] seed = new byte[this == X25519 ? PRIVATE_KEY_BYTES : X_WING_SEED_BYTES];
        random.nextBytes(seed);
        try {
            return this == X25519 ? hpke.setupBaseS(key, info, pair(hpke, seed)) : hpke.setupBaseS(key, info, seed);
        } finally {
            Arrays.fill(seed, (byte) 0);
        }
    }

    /** Null where no secret can be agreed on, as with a point of low order. */
    @Nullable
    HPKEContext open(byte[] privateKey, byte[] enc, byte[] info) {
        HPKE hpke = hpke();
        AsymmetricCipherKeyPair pair = pair(hpke, privateKey);
        try {
            return hpke.setupBaseR(enc, pair, info);
        } catch (IllegalArgumentException | IllegalStateException e) {
            return null;
        }
    }

    private static AsymmetricCipherKeyPair pair(HPKE hpke, byte[] privateKey) {
        // The public key is left out and derived: a wrong one would be used unseen.
        return hpke.deserializePrivateKey(privateKey, null);
    }

    private HPKE hpke() {
        return new HPKE(HPKE.mode_base, kem, HPKE.kdf_HKDF_SHA256, HPKE.aead_AES_GCM256);
    }
}

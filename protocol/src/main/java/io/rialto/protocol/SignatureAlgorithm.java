package io.rialto.protocol;

import org.jspecify.annotations.Nullable;

/** How HTTP messages are signed; names of the registry that RFC 9421, section 6.2, sets up. */
public enum SignatureAlgorithm {
    /** Key: the secret's bytes. */
    HMAC_SHA256("hmac-sha256"),

    /** Key to verify: a point of 65 bytes; to sign: the scalar of 32. Signature: {@code r || s}, 64 bytes. */
    ECDSA_P256_SHA256("ecdsa-p256-sha256"),

    /** Keys: 32 bytes, as in RFC 8032. */
    ED25519("ed25519"),

    /** Keys: SubjectPublicKeyInfo and PKCS #8. For servers: Android 8 knows it by another name. */
    RSA_PSS_SHA512("rsa-pss-sha512");

    private static final SignatureAlgorithm[] ALL = values();

    private final String wireName;

    SignatureAlgorithm(String wireName) {
        this.wireName = wireName;
    }

    /** The value of {@code alg}. */
    public String wireName() {
        return wireName;
    }

    /** The algorithm of an {@code alg}, or null. */
    public static @Nullable SignatureAlgorithm ofWireName(String name) {
        for (SignatureAlgorithm algorithm : ALL) {
            if (algorithm.wireName.equals(name)) {
                return algorithm;
            }
        }
        return null;
    }
}

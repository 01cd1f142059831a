package io.rialto.node;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * A signed snapshot as bytes: a line {@code rialto-snapshot/1 <signature>}, then the snapshot as JSON. What is signed is
 * the text {@code rialto-snapshot/1}, a line feed, and the JSON's bytes exactly as they stand, so that nothing is parsed
 * before it is known who wrote it.
 */
public final class SnapshotEnvelope {
    /** A few hundred thousand single-user overrides and a thousand operations. */
    public static final int MAX_BYTES = 64 << 20;

    private static final String MAGIC = "rialto-snapshot/1";
    private static final int SIGNATURE_BYTES = 64;
    private static final int SIGNATURE_CHARACTERS = 86;
    private static final int HEADER = MAGIC.length() + 1 + SIGNATURE_CHARACTERS + 1;
    private static final int KEY_BYTES = 32;
    /** What precedes the 32 bytes in the X.509 form (RFC 8410). */
    private static final byte[] KEY_PREFIX = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

    private final List<PublicKey> trusted;

    private SnapshotEnvelope(List<PublicKey> trusted) {
        this.trusted = trusted;
    }

    /**
     * Opens envelopes that are signed by any of these keys.
     *
     * @param publicKeys 32 bytes each, in base64url
     * @throws IllegalArgumentException where there is none, or one is no key
     */
    public static SnapshotEnvelope trusting(List<String> publicKeys) {
        if (publicKeys.isEmpty()) {
            throw new IllegalArgumentException("trusted keys: none (expected: at least one)");
        }
        return new SnapshotEnvelope(
                publicKeys.stream().map(SnapshotEnvelope::decodeKey).toList());
    }

    /**
     * The snapshot in the envelope.
     *
     * @throws SnapshotException where the bytes are no envelope, or no trusted key has signed them
     */
    public Snapshot open(byte[] envelope) throws SnapshotException {
        if (envelope.length < HEADER || envelope.length > MAX_BYTES || envelope[HEADER - 1] != '\n') {
            throw new SnapshotException("snapshot: " + envelope.length + " bytes without header (expected: " + MAGIC
                    + " and a signature, at most " + MAX_BYTES + " bytes)");
        }
        String header = new String(envelope, 0, HEADER - 1, StandardCharsets.ISO_8859_1);
        byte[] signature =
                header.startsWith(MAGIC + " ") ? signature(header.substring(MAGIC.length() + 1)) : new byte[0];
        if (signature.length != SIGNATURE_BYTES) {
            throw new SnapshotException("snapshot: no signature (expected: " + MAGIC + " and a signature)");
        }
        byte[] content = Arrays.copyOfRange(envelope, HEADER, envelope.length);
        byte[] signed = signed(content);
        if (trusted.stream().noneMatch(key -> verifies(key, signed, signature))) {
            throw new SnapshotException("snapshot: signed by none of the " + trusted.size() + " trusted keys");
        }
        return Snapshot.decoded(content);
    }

    private static byte[] signature(String text) {
        try {
            return Base64.getUrlDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            return new byte[0];
        }
    }

    static byte[] write(byte[] content, byte[] signature) {
        byte[] header = (MAGIC + " " + Base64.getUrlEncoder().withoutPadding().encodeToString(signature) + "\n")
                .getBytes(StandardCharsets.ISO_8859_1);
        byte[] envelope = Arrays.copyOf(header, header.length + content.length);
        System.arraycopy(content, 0, envelope, header.length, content.length);
        return envelope;
    }

    static byte[] signed(byte[] content) {
        byte[] prefix = (MAGIC + "\n").getBytes(StandardCharsets.ISO_8859_1);
        byte[] signed = Arrays.copyOf(prefix, prefix.length + content.length);
        System.arraycopy(content, 0, signed, prefix.length, content.length);
        return signed;
    }

    static boolean verifies(PublicKey key, byte[] message, byte[] signature) {
        try {
            Signature verifier = Signature.getInstance("Ed25519");
            verifier.initVerify(key);
            verifier.update(message);
            return verifier.verify(signature);
        } catch (GeneralSecurityException e) {
            // A signature that is none makes the provider throw rather than say false.
            return false;
        }
    }

    static PublicKey decodeKey(String text) {
        try {
            byte[] key = Base64.getUrlDecoder().decode(text);
            if (key.length == KEY_BYTES) {
                byte[] encoded = Arrays.copyOf(KEY_PREFIX, KEY_PREFIX.length + KEY_BYTES);
                System.arraycopy(key, 0, encoded, KEY_PREFIX.length, KEY_BYTES);
                return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
            }
        } catch (IllegalArgumentException | GeneralSecurityException e) {
            // told below
        }
        throw new IllegalArgumentException(
                "public key: " + text + " (expected: 32 bytes of an Ed25519 key, base64url)");
    }

    static String encodeKey(PublicKey key) {
        byte[] encoded = key.getEncoded();
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(Arrays.copyOfRange(encoded, encoded.length - KEY_BYTES, encoded.length));
    }
}

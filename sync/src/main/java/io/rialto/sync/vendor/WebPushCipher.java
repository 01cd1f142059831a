package io.rialto.sync.vendor;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.interfaces.ECPublicKey;
import java.security.spec.AlgorithmParameterSpec;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** Encrypts what a browser is sent, so that the service between cannot read it: RFC 8291, one record of RFC 8188. */
final class WebPushCipher {
    /** The record's size that we name; services take at least 4096 bytes. */
    private static final int RECORD = 4_096;

    private static final int SALT_BYTES = 16;
    private static final int KEY_BYTES = 16;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BYTES = 16;
    private static final byte LAST_RECORD = 2;

    /** What fits into the one record. */
    static final int MAX_TEXT = RECORD - TAG_BYTES - 1 - SALT_BYTES - 4 - 1 - P256.POINT_BYTES;

    private WebPushCipher() {}

    /** A body of content coding {@code aes128gcm}, with a key pair and a salt of its own. */
    static byte[] encrypt(byte[] text, Subscription to, SecureRandom random) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(P256.SPEC, random);
        byte[] salt = new byte[SALT_BYTES];
        random.nextBytes(salt);
        return encrypt(text, to, generator.generateKeyPair(), salt);
    }

    static byte[] encrypt(byte[] text, Subscription to, KeyPair mine, byte[] salt) throws GeneralSecurityException {
        if (text.length > MAX_TEXT) {
            throw new IllegalArgumentException("text: " + text.length + " bytes (expected: at most " + MAX_TEXT + ")");
        }
        byte[] from = P256.encode((ECPublicKey) mine.getPublic());
        byte[] common = P256.agree(mine.getPrivate(), P256.decode(to.point()));
        byte[] secret = hkdf(
                to.auth(),
                common,
                join("WebPush: info\0".getBytes(StandardCharsets.US_ASCII), to.point(), from),
                P256.COORDINATE_BYTES);
        byte[] key = hkdf(salt, secret, info("aes128gcm"), KEY_BYTES);
        byte[] nonce = hkdf(salt, secret, info("nonce"), NONCE_BYTES);
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(
                Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new GCMParameterSpec(TAG_BYTES * Byte.SIZE, nonce));
        byte[] record = Arrays.copyOf(text, text.length + 1);
        record[text.length] = LAST_RECORD;
        byte[] header = ByteBuffer.allocate(SALT_BYTES + Integer.BYTES + 1 + from.length)
                .put(salt)
                .putInt(RECORD)
                .put((byte) from.length)
                .put(from)
                .array();
        return join(header, cipher.doFinal(record));
    }

    private static byte[] info(String what) {
        return ("Content-Encoding: " + what + "\0").getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] hkdf(byte[] salt, byte[] secret, byte[] info, int length) throws GeneralSecurityException {
        AlgorithmParameterSpec spec =
                HKDFParameterSpec.ofExtract().addIKM(secret).addSalt(salt).thenExpand(info, length);
        return KDF.getInstance("HKDF-SHA256").deriveData(spec);
    }

    private static byte[] join(byte[]... parts) {
        ByteBuffer all = ByteBuffer.allocate(
                Arrays.stream(parts).mapToInt(part -> part.length).sum());
        for (byte[] part : parts) {
            all.put(part);
        }
        return all.array();
    }
}

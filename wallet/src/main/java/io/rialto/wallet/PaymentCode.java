package io.rialto.wallet;

import java.nio.ByteBuffer;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Locale;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The one-time code that a payer shows: eight digits of HMAC-SHA-256 over the time step and the number of codes redeemed
 * before, truncated as in RFC 4226 and stepped as in RFC 6238. The count makes a code worthless the moment it is used, and
 * the next one good at once.
 */
final class PaymentCode {
    static final int SECRET_BYTES = 32;

    /** A code holds for its own step and the next one: 30 to 60 seconds. */
    static final int STEP_SECONDS = 30;

    static final int DIGITS = 8;

    private static final int MODULUS = 100_000_000;

    private PaymentCode() {}

    static String at(byte[] secret, Instant time, long uses) {
        return ofStep(secret, Math.floorDiv(time.getEpochSecond(), STEP_SECONDS), uses);
    }

    static boolean holds(String code, byte[] secret, Instant time, long uses) {
        long step = Math.floorDiv(time.getEpochSecond(), STEP_SECONDS);
        return same(code, ofStep(secret, step, uses)) || same(code, ofStep(secret, step - 1, uses));
    }

    private static boolean same(String a, String b) {
        return MessageDigest.isEqual(
                a.getBytes(java.nio.charset.StandardCharsets.UTF_8),
                b.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    private static String ofStep(byte[] secret, long step, long uses) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            byte[] hash = mac.doFinal(
                    ByteBuffer.allocate(16).putLong(step).putLong(uses).array());
            int offset = hash[hash.length - 1] & 15;
            int number = ByteBuffer.wrap(hash).getInt(offset) & Integer.MAX_VALUE;
            return String.format(Locale.ROOT, "%08d", number % MODULUS);
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }
}

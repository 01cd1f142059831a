package io.rialto.protocol;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Mints and verifies {@code rialto-caller}, by which servers tell each other who calls
 * ({@code docs/protocol.md}, section 10). For any thread.
 */
public final class CallerTokens {
    /** What clocks of servers may differ by. */
    public static final long CLOCK_SKEW_MILLIS = 5_000;

    /** Longer than any call may run; a token is for one call. */
    public static final long MAX_LIFETIME_MILLIS = 600_000;

    /** The fields' longest texts, base64, and the rest. */
    static final int MAX_CHARS = 4096;

    private static final int MIN_KEY_BYTES = 32;
    private static final int MAX_KEY_ID = 16;
    private static final int MAC_CHARS = 43;
    private static final byte[] LABEL = Bytes.ascii("rialto caller 1\n");
    private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

    /** Never used themselves but cloned, with the key already taken in: threads share them, and use is cheaper. */
    private final Map<String, Mac> macs = new HashMap<>();

    private final String mintingKeyId;

    /**
     * Tokens of these keys.
     *
     * @param keysById every key that a token may be of, each of 32 bytes at least; several while keys rotate
     * @param mintingKeyId the key of new tokens
     */
    public CallerTokens(Map<String, byte[]> keysById, String mintingKeyId) {
        for (Map.Entry<String, byte[]> entry : keysById.entrySet()) {
            macs.put(entry.getKey(), mac(entry.getKey(), entry.getValue()));
        }
        if (!macs.containsKey(mintingKeyId)) {
            throw new IllegalArgumentException(
                    "minting key: " + mintingKeyId + " (expected: one of " + keysById.keySet() + ")");
        }
        this.mintingKeyId = mintingKeyId;
    }

    public String mint(Caller caller) {
        long lifetime = caller.expiresMillis() - caller.issuedMillis();
        if (lifetime <= 0 || lifetime > MAX_LIFETIME_MILLIS) {
            throw new IllegalArgumentException(
                    "caller's lifetime: " + lifetime + " ms (expected: 1 to " + MAX_LIFETIME_MILLIS + ")");
        }
        String payload = ENCODER.encodeToString(caller.encode());
        return "v1." + mintingKeyId + '.' + payload + '.' + mac(mintingKeyId, payload);
    }

    /**
     * Reads a token.
     *
     * @param operation the operation of the call that it came with
     * @throws ProtocolException {@link Reason#WRONG_TOKEN} where no key of ours made it or it is for another operation,
     *     {@link Reason#STALE_CALL} before or after its time, {@link Reason#MALFORMED_FRAME}
     */
    public Caller verify(String token, String operation, long nowMillis) throws ProtocolException {
        int keyEnd = token.indexOf('.', 3);
        int payloadEnd = token.length() - MAC_CHARS - 1;
        if (!token.startsWith("v1.") || keyEnd < 4 || payloadEnd <= keyEnd || token.charAt(payloadEnd) != '.') {
            throw new ProtocolException(Reason.MALFORMED_FRAME, "caller token (expected: v1.<key id>.<payload>.<MAC>)");
        }
        if (token.length() > MAX_CHARS) {
            throw new ProtocolException(
                    Reason.MALFORMED_FRAME,
                    "caller token: " + token.length() + " characters (expected: at most " + MAX_CHARS + ")");
        }
        String keyId = token.substring(3, keyEnd);
        String payload = token.substring(keyEnd + 1, payloadEnd);
        if (!macs.containsKey(keyId)) {
            throw wrong("its key is not known here");
        }
        if (!isAscii(token)
                || !MessageDigest.isEqual(
                        Bytes.ascii(mac(keyId, payload)), Bytes.ascii(token.substring(payloadEnd + 1)))) {
            throw wrong("its MAC does not hold");
        }
        Caller caller = Caller.decode(decode(payload));
        if (!caller.operation().equals(operation)) {
            throw wrong("it is for " + caller.operation() + ", not " + operation);
        }
        requireTime(caller, nowMillis);
        return caller;
    }

    private static void requireTime(Caller caller, long nowMillis) throws ProtocolException {
        if (nowMillis < caller.issuedMillis() - CLOCK_SKEW_MILLIS
                || nowMillis >= caller.expiresMillis() + CLOCK_SKEW_MILLIS) {
            throw new ProtocolException(
                    Reason.STALE_CALL,
                    "caller token of " + caller.issuedMillis() + " to " + caller.expiresMillis() + " ms (expected: "
                            + nowMillis + " within; are the servers' clocks set?)");
        }
    }

    private String mac(String keyId, String payload) {
        Mac template = macs.get(keyId);
        if (template == null) {
            throw new IllegalArgumentException("caller key: " + keyId + " (expected: one of " + macs.keySet() + ")");
        }
        try {
            Mac mac = (Mac) template.clone();
            mac.update(LABEL);
            mac.update(Bytes.ascii(keyId));
            mac.update((byte) '.');
            mac.update(Bytes.ascii(payload));
            return ENCODER.encodeToString(mac.doFinal());
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException("HMAC-SHA256 of this platform cannot be cloned", e);
        }
    }

    private static Mac mac(String keyId, byte[] key) {
        boolean valid = !keyId.isEmpty() && keyId.length() <= MAX_KEY_ID;
        for (int i = 0; i < keyId.length(); i++) {
            char c = keyId.charAt(i);
            valid &= c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-';
        }
        if (!valid) {
            throw new IllegalArgumentException("caller key id: " + keyId + " (expected: 1 to 16 of a-z, 0-9 and -)");
        }
        if (key.length < MIN_KEY_BYTES) {
            throw new IllegalArgumentException(
                    "caller key " + keyId + ": " + key.length + " bytes (expected: at least " + MIN_KEY_BYTES + ")");
        }
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("HMAC-SHA256 is missing from this platform", e);
        }
    }

    private static boolean isAscii(String token) {
        for (int i = 0; i < token.length(); i++) {
            if (token.charAt(i) > '~') {
                return false;
            }
        }
        return true;
    }

    private static byte[] decode(String payload) throws ProtocolException {
        try {
            return Base64.getUrlDecoder().decode(payload);
        } catch (IllegalArgumentException e) {
            throw new ProtocolException(Reason.MALFORMED_FRAME, "caller token: payload is not base64url");
        }
    }

    private static ProtocolException wrong(String why) {
        return new ProtocolException(Reason.WRONG_TOKEN, "caller token: " + why);
    }
}

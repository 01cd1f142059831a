package io.rialto.protocol;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import javax.crypto.Mac;

/**
 * Signs and verifies calls with {@code hmac-sha256}. Keeps its MAC and the buffer of the signature's base between
 * calls: one for each thread, used by that thread only.
 */
public final class MacSigner {
    private final Mac mac;
    private final ByteBuilder base = new ByteBuilder(1024, SignatureBase.MAX_BYTES);

    public MacSigner() {
        try {
            mac = Mac.getInstance("HmacSHA256");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("HMAC-SHA256 is missing from this platform", e);
        }
    }

    /**
     * Makes a key ready.
     *
     * @param key 32 bytes: a session's MAC key
     */
    public static MacKey key(byte[] key) {
        return new MacKey(key);
    }

    /**
     * The MAC of a message.
     *
     * @throws ProtocolException {@link Reason#WRONG_SIGNATURE} where the message lacks what is covered
     */
    public byte[] sign(MacKey key, SignatureInput input, SignedMessage message) throws ProtocolException {
        SignatureBase.build(input, message, base);
        try {
            mac.init(key.key);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("HMAC-SHA256 refused its key", e);
        }
        mac.update(base.array(), 0, base.size());
        return mac.doFinal();
    }

    /**
     * Whether a MAC is of the message by the key.
     *
     * @throws ProtocolException {@link Reason#WRONG_SIGNATURE} where the message lacks what is covered
     */
    public boolean verify(MacKey key, SignatureInput input, SignedMessage message, byte[] signature)
            throws ProtocolException {
        return MessageDigest.isEqual(sign(key, input, message), signature);
    }
}

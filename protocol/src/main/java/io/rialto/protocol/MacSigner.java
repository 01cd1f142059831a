package io.rialto.protocol;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import javax.crypto.Mac;
import org.jspecify.annotations.Nullable;

/**
 * Signs and verifies calls with {@code hmac-sha256}. Keeps its MACs and the buffer of the signature's base between
 * calls: one for each thread, used by that thread only.
 */
public final class MacSigner {
    /** A MAC takes in a key at a quarter of the cost of a call: so each key has its place here, which it shares with others. */
    private final @Nullable Keyed[] macs;

    private final ByteBuilder base = new ByteBuilder(1024, SignatureBase.MAX_BYTES);

    /** A MAC with the key that it has taken in. */
    private static final class Keyed {
        private final Mac mac;
        private @Nullable MacKey key;

        Keyed() throws GeneralSecurityException {
            mac = Mac.getInstance("HmacSHA256");
        }
    }

    /** For one session at a time, as a client has it. */
    public MacSigner() {
        this(1);
    }

    /**
     * For many sessions.
     *
     * @param mostMacs a power of two: the sessions whose calls come again soon; each takes some 1 KB once used, and holds
     *     the last key that fell on it
     */
    public MacSigner(int mostMacs) {
        if (Integer.bitCount(mostMacs) != 1) {
            throw new IllegalArgumentException("MACs: " + mostMacs + " (expected: a power of two)");
        }
        macs = new Keyed[mostMacs];
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
        Mac mac = mac(key);
        mac.update(base.array(), 0, base.size());
        return mac.doFinal();
    }

    private Mac mac(MacKey key) {
        int place = key.place & (macs.length - 1);
        Keyed keyed = macs[place];
        if (keyed != null && keyed.key == key) {
            return keyed.mac;
        }
        try {
            if (keyed == null) {
                keyed = new Keyed();
                macs[place] = keyed;
            }
            keyed.key = null;
            keyed.mac.init(key.key);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("HMAC-SHA256 is missing from this platform, or refused its key", e);
        }
        keyed.key = key;
        return keyed.mac;
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

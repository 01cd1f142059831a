package io.rialto.protocol;

import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.function.IntFunction;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.hpke.HPKEContext;
import org.bouncycastle.crypto.hpke.HPKEContextWithEncapsulation;
import org.jspecify.annotations.Nullable;

/**
 * The handshake that opens a session, both ends: one message, one answer, three keys ({@code docs/protocol.md},
 * section 5). It costs public-key work on both sides: never on an event loop.
 *
 * <p>Source: RFC 9180, base mode; its exports are the keys.
 */
public final class Handshake {
    /** The longest message or answer: the longest tokens and the largest key, and some room. */
    public static final int MAX_BYTES = 16_384;

    private static final int VERSION = 1;
    private static final int RANDOM_BYTES = 32;
    private static final int TAG_BYTES = 16;

    /** The bytes before {@code enc}: version, suite, key id, length. */
    private static final int HEADER_BYTES = 8;

    /** A payload ends with field 15 of 64 bytes: the signature. */
    private static final byte[] SIGNATURE_HEAD = {15, 0, DeviceKeys.SIGNATURE_BYTES};

    private static final byte[] LABEL = Bytes.ascii("rialto handshake 1");
    private static final byte[] ANSWER_LABEL = Bytes.ascii("rialto handshake 1 answer");
    private static final byte[] TO_SERVER = Bytes.ascii("rialto to server");
    private static final byte[] TO_CLIENT = Bytes.ascii("rialto to client");
    private static final byte[] MAC = Bytes.ascii("rialto mac");
    private static final byte[] ANSWER = Bytes.ascii("rialto answer");

    private Handshake() {}

    /**
     * Begins a handshake.
     *
     * @param key one of the keys that the device pins
     * @throws GeneralSecurityException where the device's key cannot sign
     */
    public static Client start(ServerKey key, Offer offer, DeviceSigner signer, SecureRandom random)
            throws GeneralSecurityException {
        HPKEContextWithEncapsulation context = Suite.of(key.suite()).seal(key.publicKey(), LABEL, random);
        byte[] enc = context.getEncapsulation();
        byte[] header = Bytes.concat(
                new byte[] {VERSION, (byte) key.suite()},
                Bytes.ofInt(key.id()),
                new byte[] {(byte) (enc.length >>> 8), (byte) enc.length},
                enc);
        byte[] offered = offer.encode();
        byte[] signature = signer.sign(signedBytes(header, offered));
        if (signature.length != DeviceKeys.SIGNATURE_BYTES) {
            throw new IllegalArgumentException("device signature: " + signature.length + " bytes (expected: "
                    + DeviceKeys.SIGNATURE_BYTES + ", r || s)");
        }
        byte[] payload = Bytes.concat(offered, SIGNATURE_HEAD, signature);
        byte[] box;
        try {
            box = context.seal(header, payload);
        } catch (InvalidCipherTextException e) {
            throw new IllegalStateException("AES-GCM refused to seal", e);
        }
        byte[] message = Bytes.concat(header, new byte[] {(byte) (box.length >>> 8), (byte) box.length}, box);
        if (message.length > MAX_BYTES) {
            throw new IllegalArgumentException("handshake: " + message.length + " bytes (expected: at most " + MAX_BYTES
                    + "; the credential or token is too long)");
        }
        return new Client(context, message);
    }

    /**
     * Opens a client's message. Whether its signature, credential, time, edge and nonce hold is for the caller to ask,
     * before it answers.
     *
     * @param byId the server's key of an id, or null
     * @throws ProtocolException {@link Reason#MALFORMED_FRAME}, {@link Reason#UNKNOWN_SERVER_KEY} or
     *     {@link Reason#TAMPERED_BODY}
     */
    public static Server open(byte[] message, IntFunction<@Nullable ServerKeyPair> byId, SecureRandom random)
            throws ProtocolException {
        Suite suite = suiteOf(message);
        int headerEnd = HEADER_BYTES + suite.encBytes();
        byte[] header = Arrays.copyOf(message, headerEnd);
        int keyId = Bytes.int32(message, 2);
        ServerKeyPair pair = byId.apply(keyId);
        if (pair == null || pair.key().suite() != suite.number()) {
            throw new ProtocolException(
                    Reason.UNKNOWN_SERVER_KEY,
                    "server key " + Integer.toHexString(keyId) + " of suite " + suite.number()
                            + " is not known here (expected: a current key; use another pinned one)");
        }
        byte[] enc = Arrays.copyOfRange(header, HEADER_BYTES, headerEnd);
        HPKEContext context = suite.open(pair.privateKey(), enc, LABEL);
        if (context == null) {
            throw tampered("no secret can be agreed on with it");
        }
        byte[] payload;
        try {
            payload = context.open(header, message, headerEnd + 2, message.length - headerEnd - 2);
        } catch (InvalidCipherTextException e) {
            throw tampered("it does not open");
        }
        int offerEnd = payload.length - SIGNATURE_HEAD.length - DeviceKeys.SIGNATURE_BYTES;
        if (offerEnd < 0
                || !Arrays.equals(
                        SIGNATURE_HEAD, Arrays.copyOfRange(payload, offerEnd, offerEnd + SIGNATURE_HEAD.length))) {
            throw malformed("payload without a signature at its end");
        }
        byte[] offered = Arrays.copyOf(payload, offerEnd);
        byte[] signature = Arrays.copyOfRange(payload, payload.length - DeviceKeys.SIGNATURE_BYTES, payload.length);
        byte[] serverRandom = new byte[RANDOM_BYTES];
        random.nextBytes(serverRandom);
        return new Server(context, Offer.decode(offered), signedBytes(header, offered), signature, serverRandom);
    }

    /** The suite of a message whose outer frame is right in all lengths. */
    private static Suite suiteOf(byte[] message) throws ProtocolException {
        if (message.length < HEADER_BYTES + 2 + TAG_BYTES || message.length > MAX_BYTES) {
            throw malformed(
                    message.length + " bytes (expected: " + (HEADER_BYTES + 2 + TAG_BYTES) + " to " + MAX_BYTES + ")");
        }
        if (message[0] != VERSION) {
            throw malformed("version " + message[0] + " (expected: " + VERSION + ")");
        }
        Suite suite = Suite.find(message[1]);
        if (suite == null) {
            throw malformed("suite " + message[1] + " (expected: 1 or 2)");
        }
        int encBytes = Bytes.int16(message, 6);
        int boxAt = HEADER_BYTES + suite.encBytes() + 2;
        if (encBytes != suite.encBytes() || message.length < boxAt + TAG_BYTES) {
            throw malformed("enc of " + encBytes + " bytes in " + message.length + " (expected: " + suite.encBytes()
                    + " for suite " + suite.number() + ")");
        }
        int boxBytes = Bytes.int16(message, boxAt - 2);
        if (boxBytes != message.length - boxAt) {
            throw malformed("box of " + boxBytes + " bytes (expected: " + (message.length - boxAt) + ")");
        }
        return suite;
    }

    private static byte[] signedBytes(byte[] header, byte[] offered) {
        return Bytes.concat(LABEL, Bytes.sha256(header), offered);
    }

    private static SessionKeys keys(HPKEContext context, byte[] serverRandom) {
        return SessionKeys.of(Bytes.concat(
                export(context, TO_SERVER, serverRandom),
                export(context, TO_CLIENT, serverRandom),
                export(context, MAC, serverRandom)));
    }

    private static byte[] export(HPKEContext context, byte[] label, byte[] serverRandom) {
        return context.export(Bytes.concat(label, serverRandom), SessionKeys.KEY_BYTES);
    }

    private static Cipher answerCipher(int mode, HPKEContext context, byte[] serverRandom)
            throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        SecretKeySpec key = new SecretKeySpec(export(context, ANSWER, serverRandom), "AES");
        // The key is of this one answer, so its nonce needs no counter.
        cipher.init(mode, key, new GCMParameterSpec(TAG_BYTES * 8, new byte[12]));
        cipher.updateAAD(ANSWER_LABEL);
        return cipher;
    }

    private static ProtocolException malformed(String what) {
        return new ProtocolException(Reason.MALFORMED_FRAME, "handshake: " + what);
    }

    private static ProtocolException tampered(String what) {
        return new ProtocolException(Reason.TAMPERED_BODY, "handshake: " + what);
    }

    /** The client's end, between its message and the answer. */
    public static final class Client {
        private final HPKEContext context;
        private final byte[] message;

        private Client(HPKEContext context, byte[] message) {
            this.context = context;
            this.message = message;
        }

        public byte[] message() {
            return message.clone();
        }

        /**
         * Reads the server's answer.
         *
         * @throws ProtocolException {@link Reason#MALFORMED_FRAME} or {@link Reason#TAMPERED_BODY}; nothing that the
         *     answer says may be used then
         */
        public Opened finish(byte[] answer) throws ProtocolException {
            if (answer.length < 1 + RANDOM_BYTES + TAG_BYTES || answer.length > MAX_BYTES) {
                throw malformed("answer of " + answer.length + " bytes (expected: " + (1 + RANDOM_BYTES + TAG_BYTES)
                        + " to " + MAX_BYTES + ")");
            }
            if (answer[0] != VERSION) {
                throw malformed("answer of version " + answer[0] + " (expected: " + VERSION + ")");
            }
            byte[] serverRandom = Arrays.copyOfRange(answer, 1, 1 + RANDOM_BYTES);
            byte[] fields;
            try {
                Cipher cipher = answerCipher(Cipher.DECRYPT_MODE, context, serverRandom);
                fields = cipher.doFinal(answer, 1 + RANDOM_BYTES, answer.length - 1 - RANDOM_BYTES);
            } catch (GeneralSecurityException e) {
                throw tampered("the answer does not open");
            }
            return new Opened(Acceptance.decode(fields), keys(context, serverRandom));
        }
    }

    /** The server's end, between the client's message and its own answer. */
    public static final class Server {
        private final HPKEContext context;
        private final Offer offer;
        private final byte[] signed;
        private final byte[] signature;
        private final byte[] serverRandom;

        private Server(HPKEContext context, Offer offer, byte[] signed, byte[] signature, byte[] serverRandom) {
            this.context = context;
            this.offer = offer;
            this.signed = signed;
            this.signature = signature;
            this.serverRandom = serverRandom;
        }

        /** What the client says, proven by nothing before {@link #signedBy}. */
        public Offer offer() {
            return offer;
        }

        /** Whether the device of a point signed the offer, for this very handshake. */
        public boolean signedBy(byte[] point) {
            return DeviceKeys.verify(point, signed, signature);
        }

        /** The session's keys, to go into its ticket; new ones even if the same message is opened again. */
        public SessionKeys keys() {
            return Handshake.keys(context, serverRandom);
        }

        public byte[] answer(Acceptance acceptance) {
            try {
                Cipher cipher = answerCipher(Cipher.ENCRYPT_MODE, context, serverRandom);
                byte[] answer = Bytes.concat(new byte[] {VERSION}, serverRandom, cipher.doFinal(acceptance.encode()));
                if (answer.length > MAX_BYTES) {
                    throw new IllegalArgumentException("handshake answer: " + answer.length
                            + " bytes (expected: at most " + MAX_BYTES + "; the ticket is too long)");
                }
                return answer;
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("AES-GCM is missing from this platform", e);
            }
        }
    }
}

package io.rialto.protocol;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import javax.crypto.BadPaddingException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import org.jspecify.annotations.Nullable;

/**
 * Seals and opens the bodies of sealed calls and their answers: AES-256-GCM by the platform, with the counter as nonce
 * and what the headers say as associated data ({@code docs/protocol.md}, section 6). Keeps ciphers and its buffer between
 * calls: one for each thread, used by that thread only.
 */
public final class Seal {
    /** No counter reaches it: a session ends first. */
    public static final long MAX_COUNTER = 1L << 48;

    /** The last message of one direction of a stream: a message a second takes 68 years. */
    public static final int MAX_FRAME = Integer.MAX_VALUE;

    /** What sealing adds to a body. */
    public static final int TAG_BYTES = 16;

    /** More than all headers of a call may have together; what is longer is no call. */
    private static final int MAX_ASSOCIATED_BYTES = 65_536;

    private static final List<String> CALL_HEADERS = Collections.unmodifiableList(Arrays.asList(
            HeaderNames.EDGE,
            HeaderNames.TIME,
            HeaderNames.CONTENT_TYPE,
            "content-encoding",
            "accept",
            "accept-encoding",
            "accept-language",
            HeaderNames.IDEMPOTENCY_KEY,
            "if-none-match",
            HeaderNames.ROUTE,
            HeaderNames.TIMEOUT,
            "traceparent",
            HeaderNames.GLOBAL_VERSION,
            HeaderNames.WRITTEN));
    private static final List<String> ANSWER_HEADERS = Collections.unmodifiableList(Arrays.asList(
            HeaderNames.CONTENT_TYPE,
            "content-encoding",
            "etag",
            "retry-after",
            HeaderNames.REASON,
            HeaderNames.CELL,
            HeaderNames.SESSION,
            HeaderNames.GLOBAL_VERSION,
            HeaderNames.WRITTEN));

    private static final byte[][] CALL_LINES = lines(CALL_HEADERS);
    private static final byte[][] ANSWER_LINES = lines(ANSWER_HEADERS);
    private static final byte[] CALL_LABEL = Bytes.ascii("rialto call 1\n");
    private static final byte[] ANSWER_LABEL = Bytes.ascii("rialto answer 1\n");
    private static final byte[] FRAME_LABEL = Bytes.ascii("rialto frame 1\n");

    /** One session's: to the server and to the client. */
    private static final int FEWEST_CIPHERS = 2;

    /**
     * A cipher takes in the key of its last message at no cost, another one at half the cost of a short message: so each
     * key has its place here, which it shares with the others that fall on it.
     */
    private final @Nullable Cipher[] ciphers;

    /**
     * Messages of streams have these two, whatever their key: one way each. A client's keep its two keys. A server's take in
     * another one nearly each time, and so would any number of them that is less than that of its open streams.
     */
    private final @Nullable Cipher[] frameCiphers = new Cipher[2];

    private final byte[] nonce = new byte[12];
    private final ByteBuilder associated = new ByteBuilder(1024, MAX_ASSOCIATED_BYTES);

    /** For one session at a time, as a client has it. */
    public Seal() {
        this(FEWEST_CIPHERS);
    }

    /**
     * For many sessions.
     *
     * @param mostCiphers a power of two: twice the sessions whose calls come again soon; each takes some 2 KB once used,
     *     and holds the last key that fell on it
     */
    public Seal(int mostCiphers) {
        if (mostCiphers < FEWEST_CIPHERS || Integer.bitCount(mostCiphers) != 1) {
            throw new IllegalArgumentException("ciphers: " + mostCiphers + " (expected: a power of two, at least 2)");
        }
        ciphers = new Cipher[mostCiphers];
    }

    /** The request fields that a sealed call covers, in their order. */
    public static List<String> callHeaders() {
        return CALL_HEADERS;
    }

    /** The answer fields that a sealed answer covers, in their order. */
    public static List<String> answerHeaders() {
        return ANSWER_HEADERS;
    }

    /**
     * Makes a key ready.
     *
     * @param key 32 bytes: a session's key to the server, or to the client
     */
    public static SealKey key(byte[] key) {
        return new SealKey(key);
    }

    /**
     * Seals a call's body.
     *
     * @param key the session's key to the server
     * @param counter never used before in the session, not even for a call that failed
     * @throws IllegalArgumentException where a header's value is none that HTTP can carry
     */
    public byte[] sealCall(
            SealKey key,
            long counter,
            CharSequence method,
            CharSequence pathAndQuery,
            HeaderSource headers,
            byte[] body,
            int off,
            int len) {
        requireText(associateCall(counter, method, pathAndQuery, headers));
        return seal(key, counter, 0, body, off, len);
    }

    /**
     * Opens a call's body. The call is then shown to be of the session; whether it is new and in time is another
     * question.
     *
     * @throws ProtocolException {@link Reason#TAMPERED_BODY} where the body, the counter, the path or a covered header is
     *     not what was sealed
     */
    public byte[] openCall(
            SealKey key,
            long counter,
            CharSequence method,
            CharSequence pathAndQuery,
            HeaderSource headers,
            byte[] body,
            int off,
            int len)
            throws ProtocolException {
        byte[] place = Arrays.copyOfRange(body, off, off + len);
        int length = openCallInPlace(key, counter, method, pathAndQuery, headers, place, 0, len);
        return Arrays.copyOf(place, length);
    }

    /**
     * Opens a call's body as {@link #openCall} does, where it stands: the message begins where its seal began.
     *
     * @return the length of the message; after a failure nothing in the body's place is of use
     */
    public int openCallInPlace(
            SealKey key,
            long counter,
            CharSequence method,
            CharSequence pathAndQuery,
            HeaderSource headers,
            byte[] body,
            int off,
            int len)
            throws ProtocolException {
        requireCounter(counter);
        if (!associateCall(counter, method, pathAndQuery, headers)) {
            throw new ProtocolException(Reason.TAMPERED_BODY, "sealed call: a covered header is not text");
        }
        return open("call", key, counter, 0, body, off, len, body, off);
    }

    /**
     * Seals an answer's body as {@link #sealAnswer} does, where it stands.
     *
     * @param body with room for {@link #TAG_BYTES} behind the answer
     * @return the length of the sealed answer
     */
    public int sealAnswerInPlace(
            SealKey key, long counter, int status, HeaderSource headers, byte[] body, int off, int len) {
        requireText(associateAnswer(counter, status, headers));
        return seal(key, counter, 0, body, off, len, body, off);
    }

    /**
     * Seals an answer's body.
     *
     * @param key the session's key to the client
     * @param counter that of the call, for which nothing was sealed before
     */
    public byte[] sealAnswer(
            SealKey key, long counter, int status, HeaderSource headers, byte[] body, int off, int len) {
        byte[] place = Arrays.copyOfRange(body, off, off + len + TAG_BYTES);
        sealAnswerInPlace(key, counter, status, headers, place, 0, len);
        return place;
    }

    /**
     * Opens an answer's body.
     *
     * @throws ProtocolException {@link Reason#TAMPERED_BODY} where it is not the answer that was sealed for this call
     */
    public byte[] openAnswer(SealKey key, long counter, int status, HeaderSource headers, byte[] body, int off, int len)
            throws ProtocolException {
        requireCounter(counter);
        if (!associateAnswer(counter, status, headers)) {
            throw new ProtocolException(Reason.TAMPERED_BODY, "sealed answer: a covered header is not text");
        }
        return open("answer", key, counter, 0, body, off, len);
    }

    /**
     * Seals a message of a stream, in either direction.
     *
     * @param key the session's key to the server, or to the client
     * @param counter that of the call that opened the stream
     * @param index 1 for the first message after the opening, and one more for each; never used twice
     */
    public byte[] sealFrame(SealKey key, long counter, int index, byte[] message, int off, int len) {
        if (index < 1) {
            throw new IllegalArgumentException("frame index: " + index + " (expected: 1 to 2^31 - 1)");
        }
        associateFrame(counter, index);
        return seal(key, counter, index, message, off, len);
    }

    /**
     * Opens a message of a stream.
     *
     * @throws ProtocolException {@link Reason#TAMPERED_BODY} where it is not the message that was sealed as this one of
     *     this stream
     */
    public byte[] openFrame(SealKey key, long counter, int index, byte[] message, int off, int len)
            throws ProtocolException {
        requireCounter(counter);
        if (index < 1) {
            throw new ProtocolException(Reason.MALFORMED_FRAME, "frame index: " + index + " (expected: 1 to 2^31 - 1)");
        }
        associateFrame(counter, index);
        return open("frame", key, counter, index, message, off, len);
    }

    private void associateFrame(long counter, int index) {
        associated.clear();
        associated.add(FRAME_LABEL);
        associated.addDecimal(counter);
        associated.add('\n');
        associated.addDecimal(index);
        associated.add('\n');
    }

    private boolean associateCall(long counter, CharSequence method, CharSequence pathAndQuery, HeaderSource headers) {
        associated.clear();
        associated.add(CALL_LABEL);
        boolean text = associated.addText(method);
        associated.add('\n');
        text &= associated.addText(pathAndQuery);
        associated.add('\n');
        associated.addDecimal(counter);
        associated.add('\n');
        return text && associateHeaders(CALL_HEADERS, CALL_LINES, headers);
    }

    private boolean associateAnswer(long counter, int status, HeaderSource headers) {
        associated.clear();
        associated.add(ANSWER_LABEL);
        associated.addDecimal(status);
        associated.add('\n');
        associated.addDecimal(counter);
        associated.add('\n');
        return associateHeaders(ANSWER_HEADERS, ANSWER_LINES, headers);
    }

    private boolean associateHeaders(List<String> names, byte[][] lines, HeaderSource headers) {
        boolean text = true;
        for (int i = 0; i < lines.length; i++) {
            CharSequence value = headers.get(i, names.get(i));
            if (value != null) {
                associated.add(lines[i]);
                text &= associated.addText(value);
                associated.add('\n');
            }
        }
        return text && !associated.overflowed();
    }

    private byte[] seal(SealKey key, long counter, int index, byte[] body, int off, int len) {
        byte[] sealed = new byte[len + TAG_BYTES];
        seal(key, counter, index, body, off, len, sealed, 0);
        return sealed;
    }

    private int seal(SealKey key, long counter, int index, byte[] body, int off, int len, byte[] to, int at) {
        if (counter < 1 || counter >= MAX_COUNTER) {
            throw new IllegalArgumentException("counter: " + counter + " (expected: 1 to 2^48 - 1)");
        }
        try {
            return cipher(Cipher.ENCRYPT_MODE, key, counter, index).doFinal(body, off, len, to, at);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM refused to seal counter " + counter, e);
        }
    }

    private byte[] open(String what, SealKey key, long counter, int index, byte[] body, int off, int len)
            throws ProtocolException {
        byte[] message = new byte[Math.max(0, len - TAG_BYTES)];
        open(what, key, counter, index, body, off, len, message, 0);
        return message;
    }

    private int open(
            String what, SealKey key, long counter, int index, byte[] body, int off, int len, byte[] to, int at)
            throws ProtocolException {
        if (len < TAG_BYTES) {
            throw new ProtocolException(
                    Reason.TAMPERED_BODY,
                    "sealed " + what + ": " + len + " bytes (expected: at least the tag's " + TAG_BYTES + ")");
        }
        try {
            return cipher(Cipher.DECRYPT_MODE, key, counter, index).doFinal(body, off, len, to, at);
        } catch (BadPaddingException e) {
            throw new ProtocolException(
                    Reason.TAMPERED_BODY,
                    "sealed " + what + " with counter " + counter
                            + " does not open: its body, path or a covered header is not what was sealed");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM refused to open counter " + counter, e);
        }
    }

    /** The cipher of a call's key, or of a message's way, ready for a body. */
    private Cipher cipher(int mode, SealKey key, long counter, int index) throws GeneralSecurityException {
        boolean frame = index > 0;
        int place = frame ? mode == Cipher.ENCRYPT_MODE ? 0 : 1 : key.place & (ciphers.length - 1);
        @Nullable Cipher[] places = frame ? frameCiphers : ciphers;
        Cipher cipher = places[place];
        if (cipher == null) {
            cipher = Cipher.getInstance("AES/GCM/NoPadding");
            places[place] = cipher;
        }
        Bytes.putInt(nonce, 0, index);
        Bytes.putLong(nonce, 4, counter);
        cipher.init(mode, key.key, new GCMParameterSpec(TAG_BYTES * 8, nonce));
        cipher.updateAAD(associated.array(), 0, associated.size());
        return cipher;
    }

    private static void requireCounter(long counter) throws ProtocolException {
        if (counter < 1 || counter >= MAX_COUNTER) {
            throw new ProtocolException(Reason.MALFORMED_FRAME, "counter: " + counter + " (expected: 1 to 2^48 - 1)");
        }
    }

    private static void requireText(boolean text) {
        if (!text) {
            throw new IllegalArgumentException(
                    "a method, path or covered header has characters that HTTP cannot carry, or is too long");
        }
    }

    private static byte[][] lines(List<String> names) {
        byte[][] lines = new byte[names.size()][];
        for (int i = 0; i < lines.length; i++) {
            lines[i] = Bytes.ascii(names.get(i) + ":");
        }
        return lines;
    }
}

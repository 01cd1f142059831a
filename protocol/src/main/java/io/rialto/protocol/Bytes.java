package io.rialto.protocol;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** Numbers, texts and digests as the protocol writes them. */
final class Bytes {
    private Bytes() {}

    static byte[] ofInt(int value) {
        return new byte[] {(byte) (value >>> 24), (byte) (value >>> 16), (byte) (value >>> 8), (byte) value};
    }

    static byte[] ofLong(long value) {
        byte[] bytes = new byte[8];
        putLong(bytes, 0, value);
        return bytes;
    }

    static void putInt(byte[] to, int at, int value) {
        for (int i = 0; i < 4; i++) {
            to[at + i] = (byte) (value >>> (24 - 8 * i));
        }
    }

    static void putLong(byte[] to, int at, long value) {
        for (int i = 0; i < 8; i++) {
            to[at + i] = (byte) (value >>> (56 - 8 * i));
        }
    }

    static int int16(byte[] from, int at) {
        return (from[at] & 0xff) << 8 | from[at + 1] & 0xff;
    }

    static int int32(byte[] from, int at) {
        return int16(from, at) << 16 | int16(from, at + 2);
    }

    static long int64(byte[] from, int at) {
        return (long) int32(from, at) << 32 | int32(from, at + 4) & 0xffffffffL;
    }

    /** ASCII text of ours as bytes: labels, prefixes. */
    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Strict UTF-8: nothing is replaced. */
    static String text(byte[] bytes, int off, int len) throws ProtocolException {
        try {
            CharBuffer text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, off, len));
            return text.toString();
        } catch (CharacterCodingException e) {
            throw new ProtocolException(Reason.MALFORMED_FRAME, "text is not UTF-8");
        }
    }

    static byte[] concat(byte[]... parts) {
        int size = 0;
        for (byte[] part : parts) {
            size += part.length;
        }
        byte[] all = new byte[size];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    static MessageDigest digest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(algorithm + " is missing from this platform", e);
        }
    }

    static byte[] sha256(byte[]... parts) {
        MessageDigest digest = digest("SHA-256");
        for (byte[] part : parts) {
            digest.update(part);
        }
        return digest.digest();
    }
}

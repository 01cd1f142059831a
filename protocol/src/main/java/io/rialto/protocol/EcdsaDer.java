package io.rialto.protocol;

import java.math.BigInteger;
import java.security.SignatureException;
import java.util.Arrays;

/** P-256 signatures between {@code r || s}, as the wire has them, and DER, as Java's providers do. */
final class EcdsaDer {
    private static final int HALF = 32;
    private static final int SEQUENCE = 0x30;
    private static final int INTEGER = 0x02;

    private EcdsaDer() {}

    /** Whether it is 64 bytes with r and s above 0 and below the curve's order. */
    static boolean inRange(byte[] raw) {
        return raw.length == 2 * HALF && inRange(number(raw, 0)) && inRange(number(raw, HALF));
    }

    static byte[] encode(byte[] raw) {
        byte[] r = number(raw, 0).toByteArray();
        byte[] s = number(raw, HALF).toByteArray();
        // At most 2 * 35 bytes within: the short form of length holds it.
        return Bytes.concat(
                new byte[] {SEQUENCE, (byte) (r.length + s.length + 4), INTEGER, (byte) r.length},
                r,
                new byte[] {INTEGER, (byte) s.length},
                s);
    }

    /** Accepts the one DER form of a signature and nothing else. */
    static byte[] decode(byte[] der) throws SignatureException {
        byte[] raw = new byte[2 * HALF];
        if (der.length >= 8 && der.length <= 2 * HALF + 8) {
            int rLength = der[3];
            int sAt = 4 + rLength;
            if (rLength >= 1 && rLength <= HALF + 1 && sAt + 2 < der.length) {
                int sLength = der[sAt + 1];
                if (sLength >= 1 && sLength <= HALF + 1 && sAt + 2 + sLength == der.length) {
                    copy(der, 4, rLength, raw, 0);
                    copy(der, sAt + 2, sLength, raw, HALF);
                }
            }
        }
        // DER has one form only: what does not come back the same was another one, or none.
        if (!inRange(raw) || !Arrays.equals(encode(raw), der)) {
            throw new SignatureException("signature of " + der.length
                    + " bytes (expected: DER of r and s, each in 1 to the order of P-256)");
        }
        return raw;
    }

    private static void copy(byte[] der, int at, int length, byte[] raw, int half) {
        int skip = Math.max(0, length - HALF);
        System.arraycopy(der, at + skip, raw, half + HALF - (length - skip), length - skip);
    }

    private static BigInteger number(byte[] raw, int at) {
        return new BigInteger(1, Arrays.copyOfRange(raw, at, at + HALF));
    }

    private static boolean inRange(BigInteger number) {
        return number.signum() > 0 && number.compareTo(DeviceKeys.N) < 0;
    }
}

package io.rialto.gateway.http;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Looks at eight characters of a header's value at once: nearly all values are printable ASCII, which no rule forbids. */
public final class PrintableText {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final long EACH = 0x0101010101010101L;
    private static final long SPACES = 0x2020202020202020L;
    private static final long HIGH_BITS = 0x8080808080808080L;

    private PrintableText() {}

    /** Whether all bytes are for sure printable ASCII; where it is false, each must be looked at. */
    public static boolean isAll(byte[] bytes, int from, int length) {
        long doubtful = 0;
        int at = from;
        int end = from + length;
        for (; at <= end - Long.BYTES; at += Long.BYTES) {
            long eight = (long) LONG.get(bytes, at);
            // The high bit of a byte: set in the first by what is below a space, in the second by DEL, or it was set. A
            // borrow or a carry comes from such a byte only, so it can change where a doubt is seen, not whether.
            doubtful |= (eight - SPACES) | (eight + EACH) | eight;
        }
        for (; at < end; at++) {
            doubtful |= (bytes[at] - ' ') | ('~' - bytes[at]);
        }
        return (doubtful & HIGH_BITS) == 0;
    }

    /** Where the first byte is that is no printable ASCII; the end where there is none. */
    public static int end(byte[] bytes, int from, int end) {
        int at = from;
        for (; at <= end - Long.BYTES; at += Long.BYTES) {
            long eight = (long) LONG.get(bytes, at);
            long doubtful = ((eight - SPACES) | (eight + EACH) | eight) & HIGH_BITS;
            if (doubtful != 0) {
                // As above, only what comes behind the first can be wrong.
                return at + (Long.numberOfTrailingZeros(doubtful) >>> 3);
            }
        }
        while (at < end && bytes[at] >= ' ' && bytes[at] <= '~') {
            at++;
        }
        return at;
    }
}

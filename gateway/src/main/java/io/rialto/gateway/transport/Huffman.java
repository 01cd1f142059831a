package io.rialto.gateway.transport;

import org.jspecify.annotations.Nullable;

/**
 * Reads the Huffman code of header fields (RFC 7541, section 5.2 and appendix B). The code is canonical: of one length, codes
 * rise by one from symbol to symbol, so the lengths alone say it all.
 */
final class Huffman {
    /** The length of each byte's code, 'a' for 5 bits to 'z' for 30. */
    private static final String LENGTHS = "isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxx" + "bffhibdgffdgdbbbaaabbbbbbbcdkbhf"
            + "ibccccccccccccccccccccccdcdioijb" + "kabababbbaccbbbabcbaabccccckgjix"
            + "prpprrrsrssssststtrstssssqrsrsst" + "rqprrssqsrrtqrssqqrqsrssprrrsrrs"
            + "vvporsruvvvwwvtuoqvwwvwtqqvvxwww" + "ptpqrqqsrruuttvsvwvvwwwwwxwwwwwv";

    private static final int SHORTEST = 5;
    private static final int LONGEST = 30;
    private static final int SYMBOLS = 256;

    /** Most text is made of symbols whose codes are no longer. */
    private static final int QUICK_BITS = 9;

    /** By the next bits: the length of the code that they begin with and its symbol; 0 where that is longer. */
    private static final short[] QUICK = new short[1 << QUICK_BITS];

    /** By length: the first code, how many there are, and where the first one's symbol stands among those in order. */
    private static final int[] FIRST = new int[LONGEST + 1];

    private static final int[] COUNT = new int[LONGEST + 1];
    private static final int[] START = new int[LONGEST + 1];
    private static final byte[] IN_ORDER = new byte[SYMBOLS];

    static {
        int code = 0;
        int place = 0;
        for (int length = SHORTEST; length <= LONGEST; length++) {
            FIRST[length] = code;
            START[length] = place;
            for (int symbol = 0; symbol < SYMBOLS; symbol++) {
                if (LENGTHS.charAt(symbol) - 'a' + SHORTEST == length) {
                    IN_ORDER[place++] = (byte) symbol;
                    quick(code++, length, symbol);
                }
            }
            COUNT[length] = code - FIRST[length];
            code <<= 1; // what is left at the end is the end of a string, which no string has
        }
    }

    private Huffman() {}

    private static void quick(int code, int length, int symbol) {
        if (length <= QUICK_BITS) {
            int from = code << (QUICK_BITS - length);
            for (int i = 0; i < 1 << (QUICK_BITS - length); i++) {
                QUICK[from + i] = (short) (length << 8 | symbol);
            }
        }
    }

    /** The bytes that are encoded there; null where they are no such code. */
    static byte @Nullable [] decode(byte[] in, int from, int length) {
        byte[] out = new byte[length * 8 / SHORTEST];
        int size = 0;
        long bits = 0;
        int have = 0;
        int at = from;
        int end = from + length;
        while (true) {
            while (have <= Long.SIZE - 2 * Byte.SIZE && at < end) {
                bits = bits << 8 | in[at++] & 0xff;
                have += 8;
            }
            // Behind the end stand ones, as the padding is: no code but that of the end is made of them.
            int window = have >= LONGEST
                    ? (int) (bits >>> (have - LONGEST)) & (1 << LONGEST) - 1
                    : (int) (bits << (LONGEST - have) | (1L << (LONGEST - have)) - 1) & (1 << LONGEST) - 1;
            int found = symbol(window);
            int used = found >> 8;
            if (found == 0 || used > have) {
                return isPadding(bits, have) && at == end ? java.util.Arrays.copyOf(out, size) : null;
            }
            have -= used;
            out[size++] = (byte) found;
        }
    }

    /** The length of the code that the bits begin with, and its symbol; 0 where there is none. */
    private static int symbol(int window) {
        int quick = QUICK[window >>> (LONGEST - QUICK_BITS)];
        if (quick != 0) {
            return quick;
        }
        for (int length = QUICK_BITS + 1; length <= LONGEST; length++) {
            int place = (window >>> (LONGEST - length)) - FIRST[length];
            if (place < COUNT[length]) {
                return length << 8 | IN_ORDER[START[length] + place] & 0xff;
            }
        }
        return 0;
    }

    /** Fewer than 8 bits, all ones: more would be the end of a string, or a byte too many. */
    private static boolean isPadding(long bits, int have) {
        long ones = (1L << have) - 1;
        return have < 8 && (bits & ones) == ones;
    }
}

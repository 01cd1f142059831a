package io.rialto.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Bytes under construction, in an array that is kept from one use to the next. Beyond its bound it takes nothing more
 * and says so by {@link #overflowed()}.
 */
final class ByteBuilder {
    private static final long EACH = 0x0101010101010101L;
    private static final long HIGH_BITS = 0x8080808080808080L;
    private static final long SPACES = 0x2020202020202020L;
    private static final long QUESTION_MARKS = 0x3f3f3f3f3f3f3f3fL;

    private final int max;
    private byte[] bytes;

    /** The same bytes, eight at a time. */
    private ByteBuffer eights;

    private int size;
    private boolean overflowed;

    ByteBuilder(int initial, int max) {
        this.max = max;
        this.bytes = new byte[initial];
        this.eights = eights(bytes);
    }

    private static ByteBuffer eights(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    }

    void clear() {
        size = 0;
        overflowed = false;
    }

    byte[] array() {
        return bytes;
    }

    int size() {
        return size;
    }

    boolean overflowed() {
        return overflowed;
    }

    byte[] toBytes() {
        return Arrays.copyOf(bytes, size);
    }

    void add(byte[] more) {
        if (reserve(more.length)) {
            System.arraycopy(more, 0, bytes, size, more.length);
            size += more.length;
        }
    }

    void add(char ascii) {
        if (reserve(1)) {
            bytes[size++] = (byte) ascii;
        }
    }

    /**
     * Adds the text of an HTTP message without the spaces and tabs around it; all ASCII.
     *
     * @return false where a character is a control or beyond ASCII, or the bound is reached
     */
    boolean addText(CharSequence text) {
        byte[] array;
        int from = 0;
        int length = text.length();
        boolean encoded = !(text instanceof ByteText);
        if (encoded) {
            // Latin-1 writes what it lacks as a question mark, so a real one is looked at again below.
            array = text.toString().getBytes(StandardCharsets.ISO_8859_1);
            length = array.length;
        } else {
            array = ((ByteText) text).array;
            from = ((ByteText) text).offset;
        }
        if (length == 0 || array[from] == ' ' || array[from + length - 1] == ' ') {
            return addCharacters(text);
        }
        if (!reserve(length)) {
            return false;
        }
        System.arraycopy(array, from, bytes, size, length);
        if (!isPrintable(size, size + length, encoded)) {
            return addCharacters(text);
        }
        size += length;
        return true;
    }

    /** Whether all characters are for sure printable ASCII, and none a question mark where that is asked. */
    private boolean isPrintable(int from, int to, boolean noQuestionMark) {
        long doubtful = 0;
        int at = from;
        for (; at <= to - Long.BYTES; at += Long.BYTES) {
            long eight = eights.getLong(at);
            // The high bit of a byte: set in the first by what is below a space, in the second by DEL, or it was set. A
            // borrow or a carry comes from such a byte only, so it can change where a doubt is seen, not whether.
            doubtful |= (eight - SPACES) | (eight + EACH) | eight;
            doubtful |= noQuestionMark ? (eight ^ QUESTION_MARKS) - EACH : 0;
        }
        for (; at < to; at++) {
            byte b = bytes[at];
            doubtful |= (b - ' ') | ('~' - b) | (noQuestionMark ? (b ^ '?') - 1 : 0);
        }
        return (doubtful & HIGH_BITS) == 0;
    }

    private boolean addCharacters(CharSequence text) {
        int from = 0;
        int to = text.length();
        while (to > from && isSpace(text.charAt(to - 1))) {
            to--;
        }
        while (from < to && isSpace(text.charAt(from))) {
            from++;
        }
        if (!reserve(to - from)) {
            return false;
        }
        boolean valid = true;
        byte[] array = bytes;
        int at = size;
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            valid &= c >= ' ' && c < 0x7f || c == '\t';
            array[at++] = (byte) c;
        }
        size = at;
        return valid;
    }

    void addDecimal(long number) {
        if (number < 0 || !reserve(20)) {
            overflowed = true;
            return;
        }
        int digits = 1;
        for (long rest = number; rest >= 10; rest /= 10) {
            digits++;
        }
        long rest = number;
        for (int i = digits - 1; i >= 0; i--) {
            bytes[size + i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        size += digits;
    }

    private boolean reserve(int more) {
        if (bytes.length - size >= more) {
            return true;
        }
        if (overflowed || max - size < more) {
            overflowed = true;
            return false;
        }
        bytes = Arrays.copyOf(bytes, Math.min(max, Math.max(bytes.length * 2, size + more)));
        eights = eights(bytes);
        return true;
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c == '\t';
    }
}

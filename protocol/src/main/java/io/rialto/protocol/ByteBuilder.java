package io.rialto.protocol;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Bytes under construction, in an array that is kept from one use to the next. Beyond its bound it takes nothing more
 * and says so by {@link #overflowed()}.
 */
final class ByteBuilder {
    private final int max;
    private byte[] bytes;
    private int size;
    private boolean overflowed;

    ByteBuilder(int initial, int max) {
        this.max = max;
        this.bytes = new byte[initial];
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
        // Latin-1 writes what it lacks as a question mark, so a real one is looked at again below.
        byte[] encoded = text.toString().getBytes(StandardCharsets.ISO_8859_1);
        int doubtful = 0;
        for (byte b : encoded) {
            doubtful |= (b - ' ') | ('~' - b) | ((b ^ '?') - 1); // negative where it is no other printable character
        }
        int length = encoded.length;
        if (doubtful < 0 || length == 0 || encoded[0] == ' ' || encoded[length - 1] == ' ') {
            return addCharacters(text);
        }
        if (!reserve(length)) {
            return false;
        }
        System.arraycopy(encoded, 0, bytes, size, length);
        size += length;
        return true;
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
        return true;
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c == '\t';
    }
}

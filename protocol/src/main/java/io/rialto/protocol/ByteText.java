package io.rialto.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Text that lies in an array, one byte for each character (Latin-1): a view, so that whoever has a message's fields as
 * bytes need not make strings of them to have them signed, sealed or read. The bytes must not change while it is in use.
 */
public final class ByteText implements CharSequence {
    final byte[] array;
    final int offset;
    private final int length;

    private ByteText(byte[] array, int offset, int length) {
        this.array = array;
        this.offset = offset;
        this.length = length;
    }

    /** The text of some bytes of an array. */
    public static ByteText of(byte[] array, int offset, int length) {
        if (offset < 0 || length < 0 || length > array.length - offset) {
            throw new IndexOutOfBoundsException(
                    length + " bytes at " + offset + " of " + array.length + " (expected: within the array)");
        }
        return new ByteText(array, offset, length);
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public char charAt(int index) {
        if (index < 0 || index >= length) {
            throw new IndexOutOfBoundsException("character " + index + " of " + length);
        }
        return (char) (array[offset + index] & 0xff);
    }

    /** Whether it has these characters, all that remain of a buffer, at a place. */
    boolean hasAt(int index, ByteBuffer part) {
        int most = part.remaining();
        return length - index >= most
                && ByteBuffer.wrap(array, offset + index, most).equals(part);
    }

    @Override
    public ByteText subSequence(int start, int end) {
        if (start < 0 || start > end || end > length) {
            throw new IndexOutOfBoundsException("characters " + start + " to " + end + " of " + length);
        }
        return new ByteText(array, offset + start, end - start);
    }

    @Override
    public String toString() {
        return new String(array, offset, length, StandardCharsets.ISO_8859_1);
    }
}

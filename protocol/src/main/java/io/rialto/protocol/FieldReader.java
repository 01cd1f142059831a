package io.rialto.protocol;

import java.util.Arrays;

/**
 * Reads fields, {@code type (1) || length (2) || value}, that {@link FieldWriter} or a stranger wrote: types rise, each
 * at most once, but for one that may repeat.
 *
 * <pre>{@code
 * FieldReader fields = new FieldReader(payload);
 * while (fields.next()) {
 *     switch (fields.type()) { ... default: throw fields.unknown(); }
 * }
 * }</pre>
 *
 * <p>Every refusal is {@link Reason#MALFORMED_FRAME}.
 */
public final class FieldReader {
    private final byte[] bytes;
    private final int end;
    private final int repeatable;
    private int position;
    private int type;
    private int valueAt;
    private int valueLength;

    public FieldReader(byte[] bytes) {
        this(bytes, 0, bytes.length, 0);
    }

    /**
     * Reads a part of an array.
     *
     * @param repeatable the one type that may come more than once, or 0
     */
    public FieldReader(byte[] bytes, int off, int len, int repeatable) {
        this.bytes = bytes;
        this.position = off;
        this.end = off + len;
        this.repeatable = repeatable;
    }

    /** Moves to the next field; false at the end. */
    public boolean next() throws ProtocolException {
        if (position == end) {
            return false;
        }
        if (end - position < 3) {
            throw malformed("field after type " + type + ": cut off in its head");
        }
        int found = bytes[position] & 0xff;
        int length = Bytes.int16(bytes, position + 1);
        if (found < type || found == 0 || found == type && found != repeatable) {
            throw malformed("field type: " + found + " after " + type + " (expected: rising types, each once)");
        }
        if (end - position - 3 < length) {
            throw malformed("field " + found + ": " + length + " bytes (expected: at most the " + (end - position - 3)
                    + " that are left)");
        }
        type = found;
        valueAt = position + 3;
        valueLength = length;
        position = valueAt + length;
        return true;
    }

    public int type() {
        return type;
    }

    /** Where the current field's type byte stands. */
    int fieldAt() {
        return valueAt - 3;
    }

    boolean atEnd() {
        return position == end;
    }

    public byte[] bytes(int min, int max) throws ProtocolException {
        require(min, max);
        return Arrays.copyOfRange(bytes, valueAt, valueAt + valueLength);
    }

    /**
     * The current field's text.
     *
     * @param max the longest text to accept, in bytes of UTF-8
     */
    public String text(int max) throws ProtocolException {
        require(0, max);
        return Bytes.text(bytes, valueAt, valueLength);
    }

    /** An unsigned byte. */
    public int int8() throws ProtocolException {
        require(1, 1);
        return bytes[valueAt] & 0xff;
    }

    public int int32() throws ProtocolException {
        require(4, 4);
        return Bytes.int32(bytes, valueAt);
    }

    public long int64() throws ProtocolException {
        require(8, 8);
        return Bytes.int64(bytes, valueAt);
    }

    /** The refusal of the current field's type. */
    public ProtocolException unknown() {
        return malformed("field type: " + type + " (expected: one that this message defines)");
    }

    /** The refusal of a message that lacks a field. */
    public ProtocolException missing(String name) {
        return malformed("field missing: " + name);
    }

    private void require(int min, int max) throws ProtocolException {
        if (valueLength < min || valueLength > max) {
            throw malformed("field " + type + ": " + valueLength + " bytes (expected: "
                    + (min == max ? String.valueOf(min) : min + " to " + max) + ")");
        }
    }

    private static ProtocolException malformed(String message) {
        return new ProtocolException(Reason.MALFORMED_FRAME, message);
    }
}

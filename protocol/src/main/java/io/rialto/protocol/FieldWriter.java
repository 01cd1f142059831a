package io.rialto.protocol;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Writes fields, {@code type (1) || length (2) || value}, in rising order of type; {@link FieldReader} reads them. */
public final class FieldWriter {
    /** What the two bytes of a length can say. */
    static final int MAX_VALUE = 0xffff;

    private byte[] bytes = new byte[256];
    private int size;
    private int last;

    public FieldWriter put(int type, byte[] value) {
        if (type < last || type < 1 || type > 0xff) {
            throw new IllegalArgumentException("field type: " + type + " (expected: " + Math.max(1, last) + "..255)");
        }
        if (value.length > MAX_VALUE) {
            throw new IllegalArgumentException(
                    "field " + type + ": " + value.length + " bytes (expected: at most " + MAX_VALUE + ")");
        }
        last = type;
        reserve(3 + value.length);
        bytes[size++] = (byte) type;
        bytes[size++] = (byte) (value.length >>> 8);
        bytes[size++] = (byte) value.length;
        System.arraycopy(value, 0, bytes, size, value.length);
        size += value.length;
        return this;
    }

    public FieldWriter putText(int type, String value) {
        return put(type, value.getBytes(StandardCharsets.UTF_8));
    }

    public FieldWriter putByte(int type, int value) {
        return put(type, new byte[] {(byte) value});
    }

    public FieldWriter putInt(int type, int value) {
        return put(type, Bytes.ofInt(value));
    }

    public FieldWriter putLong(int type, long value) {
        return put(type, Bytes.ofLong(value));
    }

    /** What was written so far. */
    public byte[] toBytes() {
        return Arrays.copyOf(bytes, size);
    }

    private void reserve(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
        }
    }
}

package io.rialto.protocol.sync;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads protobuf's wire format from bytes of a stranger. Nothing is allocated for a length that the bytes do not hold.
 *
 * <pre>{@code
 * while (in.next()) {
 *     switch (in.field()) { case 1: name = in.text(); break; default: in.skip(); }
 * }
 * }</pre>
 */
final class ProtoReader {
    static final int VARINT = 0;
    static final int FIXED64 = 1;
    static final int LENGTH = 2;
    private static final int FIXED32 = 5;
    private static final int MAX_FIELD = (1 << 29) - 1;

    private final byte[] bytes;
    private final int end;
    private int position;
    private int field;
    private int type;

    ProtoReader(byte[] bytes) {
        this(bytes, 0, bytes.length);
    }

    private ProtoReader(byte[] bytes, int from, int end) {
        this.bytes = bytes;
        this.position = from;
        this.end = end;
    }

    /** Moves to the next field; false at the end. */
    boolean next() throws ProtocolException {
        if (position == end) {
            return false;
        }
        long tag = varint();
        if (tag >>> 3 == 0 || tag >>> 3 > MAX_FIELD) {
            throw malformed("field number: " + (tag >>> 3) + " (expected: 1.." + MAX_FIELD + ")");
        }
        field = (int) (tag >>> 3);
        type = (int) tag & 7;
        return true;
    }

    int field() {
        return field;
    }

    long number() throws ProtocolException {
        expect(VARINT);
        return varint();
    }

    /** A number that must not be negative nor above the limit. */
    long number(long max) throws ProtocolException {
        long value = number();
        if (value < 0 || value > max) {
            throw malformed("field " + field + ": " + Long.toUnsignedString(value) + " (expected: 0.." + max + ")");
        }
        return value;
    }

    boolean flag() throws ProtocolException {
        return number() != 0;
    }

    long fixed64() throws ProtocolException {
        expect(FIXED64);
        if (end - position < 8) {
            throw malformed("field " + field + ": cut off");
        }
        long value = 0;
        for (int i = 7; i >= 0; i--) {
            value = value << 8 | bytes[position + i] & 0xff;
        }
        position += 8;
        return value;
    }

    String text(int maxBytes) throws ProtocolException {
        int length = length(maxBytes);
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, position, length))
                    .toString();
            position += length;
            return text;
        } catch (CharacterCodingException e) {
            throw malformed("field " + field + ": not UTF-8");
        }
    }

    byte[] bytes(int maxBytes) throws ProtocolException {
        int length = length(maxBytes);
        position += length;
        return Arrays.copyOfRange(bytes, position - length, position);
    }

    /** The fields of a message inside this one. */
    ProtoReader message() throws ProtocolException {
        int length = length(end - position);
        position += length;
        return new ProtoReader(bytes, position - length, position);
    }

    private int length(int max) throws ProtocolException {
        expect(LENGTH);
        long length = varint();
        if (length < 0 || length > end - position) {
            throw malformed("field " + field + ": longer than its message");
        }
        if (length > max) {
            throw malformed("field " + field + ": " + length + " bytes (expected: at most " + max + ")");
        }
        return (int) length;
    }

    void skip() throws ProtocolException {
        switch (type) {
            case VARINT:
                varint();
                break;
            case FIXED64:
                advance(8);
                break;
            case LENGTH:
                int length = length(end - position); // reads on: not in one expression with the position
                position += length;
                break;
            case FIXED32:
                advance(4);
                break;
            default:
                throw malformed("field " + field + ": wire type " + type + " (expected: 0, 1, 2 or 5)");
        }
    }

    private void advance(int count) throws ProtocolException {
        if (end - position < count) {
            throw malformed("field " + field + ": cut off");
        }
        position += count;
    }

    private void expect(int expected) throws ProtocolException {
        if (type != expected) {
            throw malformed("field " + field + ": wire type " + type + " (expected: " + expected + ")");
        }
    }

    private long varint() throws ProtocolException {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (position == end) {
                throw malformed("number: cut off");
            }
            byte next = bytes[position++];
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw malformed("number: more than 64 bits");
    }

    static ProtocolException malformed(String message) {
        return new ProtocolException(Reason.MALFORMED_FRAME, message);
    }
}

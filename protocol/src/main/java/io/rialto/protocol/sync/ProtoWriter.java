package io.rialto.protocol.sync;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Writes protobuf's wire format; fields of their default value are left out, as proto3 does. */
final class ProtoWriter {
    private byte[] bytes;
    private int size;

    ProtoWriter(int expectedBytes) {
        this.bytes = new byte[Math.max(16, expectedBytes)];
    }

    ProtoWriter number(int field, long value) {
        if (value != 0) {
            varint((long) field << 3);
            varint(value);
        }
        return this;
    }

    ProtoWriter flag(int field, boolean value) {
        return number(field, value ? 1 : 0);
    }

    ProtoWriter fixed64(int field, long value) {
        if (value != 0) {
            varint((long) field << 3 | ProtoReader.FIXED64);
            reserve(8);
            for (int i = 0; i < 8; i++) {
                bytes[size++] = (byte) (value >>> (8 * i));
            }
        }
        return this;
    }

    ProtoWriter text(int field, String value) {
        return value.isEmpty() ? this : message(field, value.getBytes(StandardCharsets.UTF_8));
    }

    ProtoWriter bytes(int field, byte[] value) {
        return value.length == 0 ? this : message(field, value);
    }

    /** A field that is written also where it is empty. */
    ProtoWriter message(int field, byte[] value) {
        varint((long) field << 3 | ProtoReader.LENGTH);
        varint(value.length);
        reserve(value.length);
        System.arraycopy(value, 0, bytes, size, value.length);
        size += value.length;
        return this;
    }

    private void varint(long value) {
        reserve(10);
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            bytes[size++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[size++] = (byte) rest;
    }

    private void reserve(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
        }
    }

    byte[] toBytes() {
        return Arrays.copyOf(bytes, size);
    }
}

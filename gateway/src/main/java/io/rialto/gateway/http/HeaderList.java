package io.rialto.gateway.http;

import io.netty.util.AsciiString;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The header fields of a message, in order; names are lower case. A flat array: a message has few fields, and the
 * hashes of names are kept by {@link AsciiString}. Not for more than one thread.
 */
public final class HeaderList {
    /** Gives no name that the gateway asks for the bit of another one that calls commonly have. */
    private static final int SPREAD = 0x7e772f45;

    private AsciiString[] fields;
    private int size;

    /** A bit for the hash of each name that is or was here: most names that are asked for are absent. */
    private long present;

    public HeaderList() {
        this(16);
    }

    public HeaderList(int expectedFields) {
        fields = new AsciiString[Math.max(4, expectedFields) * 2];
    }

    public int size() {
        return size;
    }

    public AsciiString name(int index) {
        return fields[index * 2];
    }

    public AsciiString value(int index) {
        return fields[index * 2 + 1];
    }

    /** The first value of a name, or null. */
    public @Nullable AsciiString get(AsciiString name) {
        int index = indexOf(name, 0);
        return index < 0 ? null : fields[index * 2 + 1];
    }

    /** The first index at or after {@code from} whose name is {@code name}, or -1. */
    @SuppressWarnings("ReferenceEquality") // nearly all names are the objects of FieldNames
    public int indexOf(AsciiString name, int from) {
        if (!mayHave(name)) {
            return -1;
        }
        int hash = name.hashCode();
        AsciiString[] all = fields;
        int end = size * 2;
        for (int i = from * 2; i < end; i += 2) {
            AsciiString candidate = all[i];
            if (candidate == name || candidate.hashCode() == hash && candidate.equals(name)) {
                return i >> 1;
            }
        }
        return -1;
    }

    /** False where it has no such name for sure, as was seen without a look at any. */
    boolean mayHave(AsciiString name) {
        return (present & bit(name.hashCode())) != 0;
    }

    private static long bit(int hash) {
        return 1L << (hash * SPREAD >>> 26);
    }

    public boolean contains(AsciiString name) {
        return indexOf(name, 0) >= 0;
    }

    public HeaderList add(AsciiString name, AsciiString value) {
        if (size * 2 == fields.length) {
            fields = Arrays.copyOf(fields, fields.length * 2);
        }
        present |= bit(name.hashCode());
        fields[size * 2] = name;
        fields[size * 2 + 1] = value;
        size++;
        return this;
    }

    public HeaderList add(AsciiString name, CharSequence value) {
        return add(name, AsciiString.of(value));
    }

    /** Replaces all values of a name by one. */
    public HeaderList set(AsciiString name, CharSequence value) {
        int index = indexOf(name, 0);
        if (index < 0) {
            return add(name, AsciiString.of(value));
        }
        fields[index * 2 + 1] = AsciiString.of(value);
        removeFrom(name, index + 1);
        return this;
    }

    public HeaderList remove(AsciiString name) {
        removeFrom(name, 0);
        return this;
    }

    private void removeFrom(AsciiString name, int from) {
        int index = indexOf(name, from);
        while (index >= 0) {
            System.arraycopy(fields, index * 2 + 2, fields, index * 2, (size - index - 1) * 2);
            size--;
            index = indexOf(name, index);
        }
    }

    @Override
    public String toString() {
        // Names only: values may be secret.
        StringBuilder text = new StringBuilder("[");
        for (int i = 0; i < size; i++) {
            text.append(i == 0 ? "" : ", ").append(name(i));
        }
        return text.append(']').toString();
    }
}

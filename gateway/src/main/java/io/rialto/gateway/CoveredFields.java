package io.rialto.gateway;

import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.HeaderSource;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The fields that a seal or a signature covers, found among all of a message's in one pass. */
final class CoveredFields {
    final List<String> components;

    /** The components in their order, and behind them what is demanded beside them. */
    private final AsciiString[] names;

    private final int covered;

    /** Whether they are a signature's that covers what each call with a body must. */
    final boolean usual;

    /** A hash table with open addresses: places in {@link #names}, -1 where free. */
    private final byte[] table;

    /** Of a seal, which covers what it covers. */
    CoveredFields(List<String> components) {
        this(components, Collections.emptySet());
    }

    /**
     * Of a list.
     *
     * @param components as the seal or the signature orders them; derived ones are no fields and stay without value
     * @param demanded names that must be among them where a message has them
     */
    CoveredFields(List<String> components, Set<AsciiString> demanded) {
        this.components = components;
        this.names = Stream.concat(components.stream().map(Names::of), demanded.stream())
                .distinct()
                .toArray(AsciiString[]::new);
        this.covered = components.size();
        this.usual = new HashSet<>(components).containsAll(SignedCalls.COVERED_WITH_BODY);
        this.table = new byte[Integer.highestOneBit(names.length + 1) * 8];
        Arrays.fill(table, (byte) -1);
        for (int i = 0; i < names.length; i++) {
            table[slot(names[i])] = (byte) i;
        }
    }

    /** Where the name is, or the free slot where it would be. */
    private int slot(AsciiString name) {
        int hash = name.hashCode() * 0x9e3779b9;
        int slot = (hash >>> 16) & (table.length - 1);
        while (table[slot] >= 0 && !name.equals(names[table[slot]])) {
            slot = (slot + 1) & (table.length - 1);
        }
        return slot;
    }

    Values of(HeaderList all) {
        Values values = new Values(names, covered);
        for (int i = 0; i < all.size(); i++) {
            int place = table[slot(all.name(i))];
            if (place >= covered) {
                values.uncovered = all.name(i);
            } else if (place >= 0) {
                values.add(place, all, i);
            }
        }
        return values;
    }

    /** Each covered field's value by its place, or null. */
    static final class Values implements HeaderSource {
        private final AsciiString[] names;
        private final @Nullable AsciiString[] values;

        private int present;

        /** A bit for each place; a list has at most 64. */
        private long joined;

        private @Nullable AsciiString uncovered;

        private Values(AsciiString[] names, int covered) {
            this.names = names;
            this.values = new AsciiString[covered];
        }

        private void add(int place, HeaderList all, int index) {
            if (values[place] == null) {
                values[place] = all.value(index);
                present++;
            } else if ((joined >>> place & 1) == 0) {
                joined |= 1L << place;
                values[place] = CallFields.combined(all, names[place]);
            }
        }

        /** A field of the message that is demanded and not covered; null where there is none. */
        @Nullable
        AsciiString uncovered() {
            return uncovered;
        }

        @Override
        public @Nullable CharSequence get(int place, String lowerCaseName) {
            AsciiString value = values[place];
            return value == null ? null : CallFields.text(value);
        }

        @Override
        public @Nullable CharSequence get(String lowerCaseName) {
            for (int i = 0; i < values.length; i++) {
                if (names[i].contentEquals(lowerCaseName)) {
                    return values[i];
                }
            }
            return null;
        }

        HeaderList list() {
            HeaderList list = new HeaderList(present);
            for (int i = 0; i < values.length; i++) {
                AsciiString value = values[i];
                if (value != null) {
                    list.add(names[i], value);
                }
            }
            return list;
        }
    }
}

package io.rialto.gateway;

import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.HeaderSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The fields that a seal covers, found among all of a message's in one pass. */
final class CoveredFields {
    private final AsciiString[] names;
    private final Map<AsciiString, Integer> places = new HashMap<>();

    /** @param names as the seal orders them */
    CoveredFields(List<String> names) {
        this.names = names.stream().map(Names::of).toArray(AsciiString[]::new);
        for (int i = 0; i < this.names.length; i++) {
            places.put(this.names[i], i);
        }
    }

    Values of(HeaderList all) {
        Values values = new Values(names);
        for (int i = 0; i < all.size(); i++) {
            Integer place = places.get(all.name(i));
            if (place != null) {
                values.add(place, all.value(i));
            }
        }
        return values;
    }

    /** Each covered field's value by its place, or null. */
    static final class Values implements HeaderSource {
        private final AsciiString[] names;
        private final @Nullable AsciiString[] values;

        private Values(AsciiString[] names) {
            this.names = names;
            this.values = new AsciiString[names.length];
        }

        private void add(int place, AsciiString value) {
            AsciiString before = values[place];
            values[place] = before == null ? value : AsciiString.of(before + ", " + value);
        }

        @Override
        public @Nullable CharSequence get(int place, String lowerCaseName) {
            return values[place];
        }

        @Override
        public @Nullable CharSequence get(String lowerCaseName) {
            for (int i = 0; i < names.length; i++) {
                if (names[i].contentEquals(lowerCaseName)) {
                    return values[i];
                }
            }
            return null;
        }

        HeaderList list() {
            HeaderList list = new HeaderList(names.length);
            for (int i = 0; i < names.length; i++) {
                AsciiString value = values[i];
                if (value != null) {
                    list.add(names[i], value);
                }
            }
            return list;
        }
    }
}

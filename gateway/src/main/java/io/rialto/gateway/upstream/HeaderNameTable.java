package io.rialto.gateway.upstream;

import io.netty.util.AsciiString;
import io.rialto.gateway.http.FieldNames;
import org.jspecify.annotations.Nullable;

/** The names that answers usually carry, found by their bytes, so that most answers make no new names. */
final class HeaderNameTable {
    /** Four times the names, so that nearly each has a place of its own. A power of two. */
    private static final int PLACES = 256;

    private static final @Nullable AsciiString[] TABLE = new AsciiString[PLACES];

    static {
        String[] names = {
            "accept-ranges",
            "age",
            "allow",
            "cache-control",
            "connection",
            "content-disposition",
            "content-encoding",
            "content-language",
            "content-length",
            "content-location",
            "content-range",
            "content-type",
            "date",
            "etag",
            "expires",
            "grpc-encoding",
            "grpc-message",
            "grpc-status",
            "keep-alive",
            "last-modified",
            "link",
            "location",
            "pragma",
            "retry-after",
            "rialto-bind-user",
            "rialto-caller",
            "rialto-cell",
            "rialto-content-type",
            "rialto-counter",
            "rialto-edge",
            "rialto-reason",
            "rialto-session",
            "rialto-time",
            "server",
            "set-cookie",
            "strict-transport-security",
            "traceparent",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "vary",
            "via",
            "www-authenticate",
            "x-content-type-options",
            "x-frame-options",
            "x-request-id"
        };
        for (String name : names) {
            AsciiString text = FieldNames.of(name);
            int place = place(text.array(), text.arrayOffset(), text.length());
            while (TABLE[place] != null) {
                place = (place + 1) & (PLACES - 1);
            }
            TABLE[place] = text;
        }
    }

    private HeaderNameTable() {}

    /** The name in these bytes, which are lower case; shares the array where the name is not a usual one. */
    static AsciiString name(byte[] bytes, int from, int length) {
        int place = place(bytes, from, length);
        AsciiString known = TABLE[place];
        while (known != null) {
            if (known.length() == length && same(known, bytes, from)) {
                return known;
            }
            place = (place + 1) & (PLACES - 1);
            known = TABLE[place];
        }
        return new AsciiString(bytes, from, length, false);
    }

    private static boolean same(AsciiString known, byte[] bytes, int from) {
        byte[] array = known.array();
        int offset = known.arrayOffset();
        for (int i = 0; i < known.length(); i++) {
            if (array[offset + i] != bytes[from + i]) {
                return false;
            }
        }
        return true;
    }

    private static int place(byte[] bytes, int from, int length) {
        int hash = length;
        hash = hash * 31 + bytes[from];
        hash = hash * 31 + bytes[from + (length >> 1)];
        hash = hash * 31 + bytes[from + length - 1];
        return (hash ^ hash >>> 8) & (PLACES - 1);
    }
}

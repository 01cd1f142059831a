package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.FieldNames;
import io.rialto.gateway.http.HeaderList;
import java.util.HashMap;
import java.util.Map;

/**
 * Writes header blocks (RFC 7541) without a dynamic table: a connection then needs no state for it, and an answer costs
 * one pass over its bytes. Names come from the static table where it has them; values are literal.
 */
final class Hpack {
    /** A block begins with this once per connection: the size of our dynamic table is 0, whatever the peer allows. */
    static final int NO_DYNAMIC_TABLE = 0x20;

    private static final int STATUS_INDEX = 8;

    /** The static table's names that an answer may have, first index each. */
    private static final Map<AsciiString, Integer> STATIC_NAMES = new HashMap<>();

    static {
        String[] names = {
            "accept-charset",
            "accept-encoding",
            "accept-language",
            "accept-ranges",
            "accept",
            "access-control-allow-origin",
            "age",
            "allow",
            "authorization",
            "cache-control",
            "content-disposition",
            "content-encoding",
            "content-language",
            "content-length",
            "content-location",
            "content-range",
            "content-type",
            "cookie",
            "date",
            "etag",
            "expect",
            "expires",
            "from",
            "host",
            "if-match",
            "if-modified-since",
            "if-none-match",
            "if-range",
            "if-unmodified-since",
            "last-modified",
            "link",
            "location",
            "max-forwards",
            "proxy-authenticate",
            "proxy-authorization",
            "range",
            "referer",
            "refresh",
            "retry-after",
            "server",
            "set-cookie",
            "strict-transport-security",
            "transfer-encoding",
            "user-agent",
            "vary",
            "via",
            "www-authenticate"
        };
        for (int i = 0; i < names.length; i++) {
            STATIC_NAMES.put(FieldNames.of(names[i]), 15 + i);
        }
    }

    private Hpack() {}

    /** The most bytes that a block of these fields can take, with {@code :status} and {@code content-length}. */
    static int bound(HeaderList fields) {
        int bound = 48;
        for (int i = 0; i < fields.size(); i++) {
            bound += fields.name(i).length() + fields.value(i).length() + 12;
        }
        return bound;
    }

    static void status(ByteBuf out, int status) {
        int index = switch (status) {
            case 200 -> 8;
            case 204 -> 9;
            case 206 -> 10;
            case 304 -> 11;
            case 400 -> 12;
            case 404 -> 13;
            case 500 -> 14;
            default -> 0;
        };
        if (index != 0) {
            out.writeByte(0x80 | index);
            return;
        }
        out.writeByte(STATUS_INDEX).writeByte(3);
        out.writeByte('0' + status / 100).writeByte('0' + status / 10 % 10).writeByte('0' + status % 10);
    }

    /** One field; its name and value have been checked. */
    static void field(ByteBuf out, AsciiString name, AsciiString value) {
        Integer index = STATIC_NAMES.get(name);
        if (index == null) {
            out.writeByte(0);
            text(out, name);
        } else {
            integer(out, 0, 4, index);
        }
        text(out, value);
    }

    private static void text(ByteBuf out, AsciiString text) {
        integer(out, 0, 7, text.length());
        out.writeBytes(text.array(), text.arrayOffset(), text.length());
    }

    private static void integer(ByteBuf out, int flags, int prefixBits, int value) {
        int most = (1 << prefixBits) - 1;
        if (value < most) {
            out.writeByte(flags | value);
            return;
        }
        out.writeByte(flags | most);
        int rest = value - most;
        while (rest >= 0x80) {
            out.writeByte(0x80 | (rest & 0x7f));
            rest >>>= 7;
        }
        out.writeByte(rest);
    }
}

package io.rialto.gateway.transport;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.Http2Headers.PseudoHeaderName;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.FieldNames;
import io.rialto.protocol.HeaderNames;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Values that most phones send alike, kept once for all of them instead of once for each idle connection. Only of fields
 * that hold no secret: that a value is known here takes less time, which its sender might notice. Used on one loop only.
 */
final class CommonValues {
    /** A power of two: several times the values that phones of a few releases and languages send. Some 16 KB when full. */
    private static final int PLACES = 256;

    /** A longer one is no host, path or type that many would send. */
    private static final int MOST_BYTES = 64;

    private static final Set<AsciiString> NAMES = Set.of(
            PseudoHeaderName.AUTHORITY.value(),
            PseudoHeaderName.PATH.value(),
            HttpHeaderNames.ACCEPT,
            HttpHeaderNames.ACCEPT_ENCODING,
            HttpHeaderNames.ACCEPT_LANGUAGE,
            HttpHeaderNames.CONTENT_TYPE,
            HttpHeaderNames.USER_AGENT,
            FieldNames.of(HeaderNames.CONTENT_TYPE),
            FieldNames.of(HeaderNames.EDGE),
            FieldNames.of(HeaderNames.TIME));

    private final @Nullable AsciiString[] known = new AsciiString[PLACES];

    /** The value, or an equal one that came before. */
    AsciiString share(AsciiString name, AsciiString value) {
        // Behind a question mark stands what one caller asks for.
        if (value.length() > MOST_BYTES || !NAMES.contains(name) || value.indexOf('?', 0) >= 0) {
            return value;
        }
        int place = value.hashCode() * 0x9e3779b9 >>> 24;
        AsciiString before = known[place];
        if (value.equals(before)) {
            return before;
        }
        known[place] = value;
        return value;
    }
}

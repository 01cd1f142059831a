package io.rialto.gateway.transport;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpScheme;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import org.jspecify.annotations.Nullable;

/**
 * Collects one HTTP/2 header block as the decoder reads it, and checks it (RFC 9113, section 8). Netty's decoder wants an
 * {@link Http2Headers} to add to; this one keeps nothing but a {@link HeaderList}, and one serves all connections of a
 * loop.
 */
final class RequestFields extends DefaultHttp2Headers {
    /** RFC 9113, section 6.5.2: what a field counts beside its bytes. */
    private static final int FIELD_OVERHEAD = 32;

    private static final AsciiString METHOD = Http2Headers.PseudoHeaderName.METHOD.value();
    private static final AsciiString SCHEME = Http2Headers.PseudoHeaderName.SCHEME.value();
    private static final AsciiString AUTHORITY = Http2Headers.PseudoHeaderName.AUTHORITY.value();
    private static final AsciiString PATH = Http2Headers.PseudoHeaderName.PATH.value();
    private static final AsciiString TRAILERS = AsciiString.cached("trailers");

    private final int maxBytes;
    private final int maxFields;

    private HeaderList fields = new HeaderList();
    private Seen seen = new Seen();
    private int place;
    private int bytes;
    private boolean tooLarge;
    private boolean regular;
    private long contentLength;
    private @Nullable String problem;
    private @Nullable AsciiString method;
    private @Nullable AsciiString scheme;
    private @Nullable AsciiString authority;
    private @Nullable AsciiString path;

    RequestFields(TransportSettings.Limits limits) {
        super(false, false, 2);
        maxBytes = limits.headerBytes();
        maxFields = limits.headers();
    }

    /**
     * The fields of a connection's last request by their places. What the phone's encoder keeps in its table comes as the
     * same objects, which need no second look: names and values are not even read again.
     */
    static final class Seen {
        /** Of nearly all requests; some 250 bytes for each connection. */
        private static final int MOST = 16;

        /** Longer values are looked at each time: what a connection keeps stays small. */
        private static final int MOST_CHARS = 512;

        private final @Nullable AsciiString[] names = new AsciiString[MOST];
        private final @Nullable AsciiString[] values = new AsciiString[MOST];

        /** Ours for the name, where that is one that no rule is about. */
        private final @Nullable AsciiString[] plain = new AsciiString[MOST];
    }

    /** Begins a block of a connection. */
    RequestFields start(Seen ofConnection) {
        fields = new HeaderList();
        seen = ofConnection;
        place = 0;
        bytes = 0;
        tooLarge = false;
        regular = false;
        contentLength = -1;
        problem = null;
        method = null;
        scheme = null;
        authority = null;
        path = null;
        return this;
    }

    @Override
    public Http2Headers add(CharSequence fieldName, CharSequence fieldValue) {
        AsciiString name = (AsciiString) fieldName;
        AsciiString value = (AsciiString) fieldValue;
        bytes += name.length() + value.length() + FIELD_OVERHEAD;
        if (bytes < 0 || bytes > maxBytes || fields.size() >= maxFields) {
            tooLarge = true;
            bytes = Math.max(0, Math.min(bytes, maxBytes + 1));
            return this;
        }
        if (problem == null && !again(name, value)) {
            problem = !name.isEmpty() && name.byteAt(0) == ':' ? pseudo(name, value) : regular(name, value);
        }
        return this;
    }

    /** Takes a field that stood there in the request before, or whose name did; false where it needs a look. */
    @SuppressWarnings("ReferenceEquality") // of the same object nothing new can be found
    private boolean again(AsciiString name, AsciiString value) {
        int at = place++;
        if (at >= Seen.MOST) {
            return false;
        }
        AsciiString plain = seen.names[at] == name ? seen.plain[at] : null;
        if (plain == null || seen.values[at] != value && !isValue(value)) {
            return false;
        }
        regular = true;
        remember(at, value);
        fields.add(plain, value);
        return true;
    }

    private static boolean isValue(AsciiString value) {
        return FieldRules.isValue(value) && !FieldRules.isPadded(value);
    }

    private @Nullable String pseudo(AsciiString name, AsciiString value) {
        if (regular) {
            return "a pseudo-header comes after a header";
        }
        boolean first;
        if (name.equals(METHOD)) {
            first = method == null;
            method = value;
        } else if (name.equals(PATH)) {
            first = path == null;
            path = value;
        } else if (name.equals(AUTHORITY)) {
            first = authority == null;
            authority = value;
        } else if (name.equals(SCHEME)) {
            first = scheme == null;
            scheme = value;
        } else {
            return "an unknown pseudo-header";
        }
        return first ? null : "a pseudo-header comes twice";
    }

    private @Nullable String regular(AsciiString name, AsciiString value) {
        regular = true;
        AsciiString plain = FieldRules.plain(name);
        if (plain == null && !FieldRules.isLowerCaseName(name)) {
            return "a header's name is not a lower-case token";
        }
        if (!isValue(value)) {
            return "a header's value holds a control character, or begins or ends with a space";
        }
        if (plain != null) {
            fields.add(plain, value);
            remember(name, plain, value);
            return null;
        }
        String problem = ruled(name, value);
        if (problem == null) {
            fields.add(name, value);
        }
        return problem;
    }

    private void remember(AsciiString name, AsciiString plain, AsciiString value) {
        int at = place - 1;
        if (at < Seen.MOST) {
            seen.names[at] = name;
            seen.plain[at] = plain;
            remember(at, value);
        }
    }

    private void remember(int at, AsciiString value) {
        seen.values[at] = value.length() <= Seen.MOST_CHARS ? value : null;
    }

    /** Rules of single names. */
    private @Nullable String ruled(AsciiString name, AsciiString value) {
        if (FieldRules.isHopByHop(name) || (name.equals(HttpHeaderNames.TE) && !value.equals(TRAILERS))) {
            return "a header of one connection, which HTTP/2 does not have";
        }
        if (name.equals(HttpHeaderNames.HOST) && fields.contains(HttpHeaderNames.HOST)) {
            return "host comes twice";
        }
        if (name.equals(HttpHeaderNames.CONTENT_LENGTH)) {
            if (contentLength >= 0 || FieldRules.length(value) < 0) {
                return "content-length is not one number";
            }
            contentLength = FieldRules.length(value);
        }
        return null;
    }

    boolean isTooLarge() {
        return tooLarge;
    }

    /** What is wrong with a request's block, or null. */
    @Nullable
    String problem() {
        if (problem != null) {
            return problem;
        }
        AsciiString host = fields.get(HttpHeaderNames.HOST);
        if (method == null || scheme == null || path == null) {
            return ":method, :scheme or :path is missing";
        }
        if (!scheme.equals(HttpScheme.HTTPS.name()) && !scheme.equals(HttpScheme.HTTP.name())) {
            return ":scheme is neither https nor http";
        }
        if (!FieldRules.isMethod(method) || !FieldRules.isTarget(path)) {
            return ":method or :path is not valid (expected: a method in capitals, a path from the root)";
        }
        if (authority == null) {
            return host != null && FieldRules.isHost(host) ? null : ":authority is missing or not valid";
        }
        if (!FieldRules.isHost(authority) || (host != null && !host.equals(authority))) {
            return ":authority is not valid, or host differs from it";
        }
        if (host == null) {
            fields.add(HttpHeaderNames.HOST, authority);
        }
        return null;
    }

    /** What is wrong with trailers, or null. */
    @Nullable
    String trailerProblem() {
        if (problem != null) {
            return problem;
        }
        return method != null || scheme != null || path != null || authority != null
                ? "a pseudo-header among trailers"
                : null;
    }

    /** The declared length of the body, -1 if none. */
    long contentLength() {
        return contentLength;
    }

    AsciiString requestMethod() {
        return method == null ? AsciiString.EMPTY_STRING : method;
    }

    AsciiString target() {
        return path == null ? AsciiString.EMPTY_STRING : path;
    }

    /** The fields, with {@code host} from {@code :authority}; owned by the caller. */
    HeaderList fields() {
        return fields;
    }
}

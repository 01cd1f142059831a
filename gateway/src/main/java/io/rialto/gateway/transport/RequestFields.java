package io.rialto.gateway.transport;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpScheme;
import io.netty.handler.codec.http2.Http2Headers.PseudoHeaderName;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import org.jspecify.annotations.Nullable;

/**
 * Collects one HTTP/2 header block as its reader finds it, and checks it (RFC 9113, section 8). One serves all connections
 * of a loop.
 */
final class RequestFields {
    /** RFC 9113, section 6.5.2: what a field counts beside its bytes. */
    private static final int FIELD_OVERHEAD = 32;

    private static final AsciiString METHOD = PseudoHeaderName.METHOD.value();
    private static final AsciiString SCHEME = PseudoHeaderName.SCHEME.value();
    private static final AsciiString AUTHORITY = PseudoHeaderName.AUTHORITY.value();
    private static final AsciiString PATH = PseudoHeaderName.PATH.value();
    private static final AsciiString TRAILERS = AsciiString.cached("trailers");

    private final int maxBytes;
    private final int maxFields;

    private HeaderList fields = new HeaderList();
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
        maxBytes = limits.headerBytes();
        maxFields = limits.headers();
    }

    /** Begins a block. */
    RequestFields start() {
        fields = new HeaderList();
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

    /**
     * Takes the next field.
     *
     * @param flags what {@link HpackTable} knows of it: {@link HpackTable#PLAIN}, {@link HpackTable#SOUND}
     */
    void add(AsciiString name, AsciiString value, int flags) {
        bytes += name.length() + value.length() + FIELD_OVERHEAD;
        if (bytes < 0 || bytes > maxBytes || fields.size() >= maxFields) {
            tooLarge = true;
            bytes = Math.max(0, Math.min(bytes, maxBytes + 1));
        } else if (problem == null) {
            boolean isPseudo = !name.isEmpty() && name.byteAt(0) == ':';
            problem = isPseudo ? pseudo(name, value) : regular(name, value, flags);
        }
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

    private @Nullable String regular(AsciiString name, AsciiString value, int flags) {
        regular = true;
        boolean plain = (flags & HpackTable.PLAIN) != 0;
        if (!plain && !FieldRules.isLowerCaseName(name)) {
            return "a header's name is not a lower-case token";
        }
        if ((flags & HpackTable.SOUND) == 0) {
            return "a header's value holds a control character, or begins or ends with a space";
        }
        String problem = plain ? null : ruled(name, value);
        if (problem == null) {
            fields.add(name, value);
        }
        return problem;
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

package io.rialto.gateway;

import io.netty.util.AsciiString;
import io.rialto.gateway.http.FieldNames;
import io.rialto.protocol.HeaderNames;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Header names and media types as the steps compare and write them, with their hashes computed once. */
final class Names {
    static final AsciiString EDGE = FieldNames.of(HeaderNames.EDGE);
    static final AsciiString TICKET = FieldNames.of(HeaderNames.TICKET);
    static final AsciiString CREDENTIAL = FieldNames.of(HeaderNames.CREDENTIAL);
    static final AsciiString SESSION = FieldNames.of(HeaderNames.SESSION);
    static final AsciiString COUNTER = FieldNames.of(HeaderNames.COUNTER);
    static final AsciiString TIME = FieldNames.of(HeaderNames.TIME);
    static final AsciiString SEALED_CONTENT_TYPE = FieldNames.of(HeaderNames.CONTENT_TYPE);
    static final AsciiString ROUTE = FieldNames.of(HeaderNames.ROUTE);
    static final AsciiString SHADOW = FieldNames.of(HeaderNames.SHADOW);
    static final AsciiString TIMEOUT = FieldNames.of(HeaderNames.TIMEOUT);
    static final AsciiString CELL = FieldNames.of(HeaderNames.CELL);
    static final AsciiString REASON = FieldNames.of(HeaderNames.REASON);
    static final AsciiString FENCE_NEXT = FieldNames.of(HeaderNames.FENCE_NEXT);
    static final AsciiString CALLER = FieldNames.of(HeaderNames.CALLER);
    static final AsciiString BIND_USER = FieldNames.of(HeaderNames.BIND_USER);
    static final AsciiString IDEMPOTENCY_KEY = FieldNames.of(HeaderNames.IDEMPOTENCY_KEY);

    static final AsciiString GLOBAL_VERSION = FieldNames.of(HeaderNames.GLOBAL_VERSION);
    static final AsciiString WRITTEN = FieldNames.of(HeaderNames.WRITTEN);
    static final AsciiString DIRECTORY_SIGNATURE = FieldNames.of(HeaderNames.DIRECTORY_SIGNATURE);

    static final AsciiString ACCEPT = FieldNames.of("accept");
    static final AsciiString ACCEPT_ENCODING = FieldNames.of("accept-encoding");
    static final AsciiString ACCEPT_LANGUAGE = FieldNames.of("accept-language");
    static final AsciiString AUTHORIZATION = FieldNames.of("authorization");
    static final AsciiString CACHE_CONTROL = FieldNames.of("cache-control");
    static final AsciiString CONTENT_DIGEST = FieldNames.of("content-digest");
    static final AsciiString CONTENT_ENCODING = FieldNames.of("content-encoding");
    static final AsciiString CONTENT_LENGTH = FieldNames.of("content-length");
    static final AsciiString CONTENT_TYPE = FieldNames.of("content-type");
    static final AsciiString ETAG = FieldNames.of("etag");
    static final AsciiString GRPC_ENCODING = FieldNames.of("grpc-encoding");
    static final AsciiString GRPC_MESSAGE = FieldNames.of("grpc-message");
    static final AsciiString GRPC_STATUS = FieldNames.of("grpc-status");
    static final AsciiString GRPC_TIMEOUT = FieldNames.of("grpc-timeout");
    static final AsciiString HOST = FieldNames.of("host");
    static final AsciiString IF_NONE_MATCH = FieldNames.of("if-none-match");
    static final AsciiString ORIGIN = FieldNames.of("origin");
    static final AsciiString RETRY_AFTER = FieldNames.of("retry-after");
    static final AsciiString SET_COOKIE = FieldNames.of("set-cookie");
    static final AsciiString SIGNATURE = FieldNames.of("signature");
    static final AsciiString SIGNATURE_INPUT = FieldNames.of("signature-input");
    static final AsciiString TRACEPARENT = FieldNames.of("traceparent");
    static final AsciiString VARY = FieldNames.of("vary");

    /** What all of Rialto's own begin with. */
    static final AsciiString RIALTO = AsciiString.cached("rialto-");

    static final AsciiString JSON = AsciiString.cached("application/json");
    static final AsciiString PROTO = AsciiString.cached("application/proto");
    static final AsciiString GRPC = AsciiString.cached("application/grpc");
    static final AsciiString SEALED = AsciiString.cached("application/rialto-sealed");
    static final AsciiString HANDSHAKE = AsciiString.cached("application/rialto-handshake");

    static final AsciiString GET = AsciiString.cached("GET");
    static final AsciiString POST = AsciiString.cached("POST");
    static final AsciiString OPTIONS = AsciiString.cached("OPTIONS");

    /** Of the connection, not of the message (RFC 9110, 7.6.1), and what each side frames anew. */
    static final Set<AsciiString> HOP_BY_HOP = setOf(
            "connection",
            "keep-alive",
            "proxy-connection",
            "proxy-authenticate",
            "proxy-authorization",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "content-length",
            "host",
            "http2-settings",
            "expect");

    /** What only the edge may see, or what it writes itself on the way to a backend; beside {@link #RIALTO}. */
    static final Set<AsciiString> EDGE_ONLY = setOf(
            "authorization",
            "signature",
            "signature-input",
            "content-digest",
            "content-type",
            "content-encoding",
            "accept-encoding",
            "traceparent",
            "grpc-timeout",
            "grpc-encoding",
            "grpc-accept-encoding",
            "if-none-match",
            "origin",
            "cookie",
            // Where a call came from: here it begins, and nobody vouches for what a caller says of it.
            "forwarded",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-port",
            "x-forwarded-prefix",
            "x-forwarded-proto",
            "x-real-ip");

    /** What of a request no backend sees. */
    static final Set<AsciiString> NOT_FORWARDED = union(HOP_BY_HOP, EDGE_ONLY);

    private static final Map<String, AsciiString> BY_TEXT = new HashMap<>();

    static {
        for (String name : io.rialto.protocol.Seal.callHeaders()) {
            BY_TEXT.put(name, FieldNames.of(name));
        }
        for (String name : io.rialto.protocol.Seal.answerHeaders()) {
            BY_TEXT.put(name, FieldNames.of(name));
        }
        for (AsciiString name :
                new AsciiString[] {CONTENT_DIGEST, CONTENT_TYPE, TICKET, CREDENTIAL, SESSION, AUTHORIZATION}) {
            BY_TEXT.put(name.toString(), name);
        }
    }

    private Names() {}

    /** The name as a header list compares it. */
    static AsciiString of(String name) {
        AsciiString known = BY_TEXT.get(name);
        return known == null ? AsciiString.of(name) : known;
    }

    static Set<AsciiString> setOf(String... names) {
        Set<AsciiString> all = new HashSet<>();
        for (String name : names) {
            all.add(FieldNames.of(name));
        }
        return Collections.unmodifiableSet(all); // a Set.of divides to find a place
    }

    private static Set<AsciiString> union(Set<AsciiString> some, Set<AsciiString> others) {
        Set<AsciiString> all = new HashSet<>(some);
        all.addAll(others);
        return Collections.unmodifiableSet(all);
    }
}

package io.rialto.gateway.upstream;

import io.netty.util.AsciiString;
import io.rialto.gateway.http.FieldNames;

/**
 * Fields that belong to one connection or that say where a message ends (RFC 9110, 7.6.1): whatever made the call,
 * those of its own connection must not reach the backend's.
 */
final class ConnectionFields {
    private static final AsciiString TE = FieldNames.of("te");
    private static final AsciiString HOST = FieldNames.of("host");
    private static final AsciiString TRAILER = FieldNames.of("trailer");
    private static final AsciiString UPGRADE = FieldNames.of("upgrade");
    private static final AsciiString CONNECTION = FieldNames.of("connection");
    private static final AsciiString KEEP_ALIVE = FieldNames.of("keep-alive");
    private static final AsciiString CONTENT_LENGTH = FieldNames.of("content-length");
    private static final AsciiString PROXY_CONNECTION = FieldNames.of("proxy-connection");
    private static final AsciiString TRANSFER_ENCODING = FieldNames.of("transfer-encoding");

    private ConnectionFields() {}

    /** Whether a field of a call is left out; the request gets its own where it needs one. */
    static boolean isOne(AsciiString name) {
        return switch (name.length()) {
            case 2 -> name.contentEquals(TE);
            case 4 -> name.contentEquals(HOST);
            case 7 -> name.contentEquals(TRAILER) || name.contentEquals(UPGRADE);
            case 10 -> name.contentEquals(CONNECTION) || name.contentEquals(KEEP_ALIVE);
            case 14 -> name.contentEquals(CONTENT_LENGTH);
            case 16 -> name.contentEquals(PROXY_CONNECTION);
            case 17 -> name.contentEquals(TRANSFER_ENCODING);
            default -> false;
        };
    }
}

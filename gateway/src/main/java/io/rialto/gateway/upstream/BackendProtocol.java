package io.rialto.gateway.upstream;

import java.util.Locale;

/** What a backend speaks. */
public enum BackendProtocol {
    HTTP1,
    /** HTTP/2 with prior knowledge. */
    HTTP2,
    /** gRPC unary calls over {@link #HTTP2}. */
    GRPC;

    /** The name in settings and registrations. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads a name of {@link #wireName()}.
     *
     * @throws IllegalArgumentException for any other name
     */
    public static BackendProtocol ofWireName(String name) {
        for (BackendProtocol protocol : values()) {
            if (protocol.wireName().equals(name)) {
                return protocol;
            }
        }
        throw new IllegalArgumentException("protocol: " + name + " (expected: http1, http2 or grpc)");
    }
}

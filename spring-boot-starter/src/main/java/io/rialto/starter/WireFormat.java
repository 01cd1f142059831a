package io.rialto.starter;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.nio.ByteBuffer;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How a message lies in a body: by the content type, which the answer repeats. */
enum WireFormat {
    JSON("application/json", false, false),
    PROTO("application/proto", true, false),
    GRPC("application/grpc", true, true),
    GRPC_PROTO("application/grpc+proto", true, true),
    GRPC_JSON("application/grpc+json", false, true);

    /** Flag byte and length, before each gRPC message. */
    static final int GRPC_PREFIX = 5;

    private final String contentType;
    private final boolean proto;
    private final boolean grpc;

    WireFormat(String contentType, boolean proto, boolean grpc) {
        this.contentType = contentType;
        this.proto = proto;
        this.grpc = grpc;
    }

    static WireFormat of(@Nullable String contentType) throws ProtocolException {
        if (contentType == null) {
            throw new ProtocolException(Reason.UNSUPPORTED_MEDIA, "content-type: none (expected: application/json)");
        }
        int parameters = contentType.indexOf(';');
        String bare = (parameters < 0 ? contentType : contentType.substring(0, parameters))
                .strip()
                .toLowerCase(Locale.ROOT);
        for (WireFormat format : values()) {
            if (format.contentType.equals(bare)) {
                return format;
            }
        }
        throw new ProtocolException(
                Reason.UNSUPPORTED_MEDIA,
                "content-type: " + bare
                        + " (expected: application/json, application/proto, application/grpc, +proto or +json)");
    }

    /** The format to refuse a request in, before it is known to be a call. */
    static WireFormat guess(@Nullable String contentType) {
        try {
            return of(contentType);
        } catch (ProtocolException e) {
            return JSON;
        }
    }

    String contentType() {
        return contentType;
    }

    boolean grpc() {
        return grpc;
    }

    Object read(byte[] body, MessageCodec codec) throws ProtocolException {
        byte[] message = grpc ? unframed(body) : body;
        return proto ? codec.ofProto(message) : codec.ofJson(message);
    }

    byte[] write(Object value, MessageCodec codec) {
        byte[] message = proto ? codec.toProto(value) : codec.toJson(value);
        return grpc ? framed(message) : message;
    }

    static byte[] unframed(byte[] body) throws ProtocolException {
        if (body.length < GRPC_PREFIX) {
            throw new ProtocolException(
                    Reason.MALFORMED_FRAME, "gRPC body: " + body.length + " bytes (expected: one framed message)");
        }
        if (body[0] != 0) {
            throw new ProtocolException(
                    Reason.MALFORMED_FRAME, "gRPC flag: " + body[0] + " (expected: 0, not compressed)");
        }
        int length = ByteBuffer.wrap(body).getInt(1);
        if (length != body.length - GRPC_PREFIX) {
            throw new ProtocolException(
                    Reason.MALFORMED_FRAME,
                    "gRPC length: " + Integer.toUnsignedString(length) + " (expected: one message, "
                            + (body.length - GRPC_PREFIX) + " bytes follow)");
        }
        byte[] message = new byte[length];
        System.arraycopy(body, GRPC_PREFIX, message, 0, length);
        return message;
    }

    static byte[] framed(byte[] message) {
        return ByteBuffer.allocate(GRPC_PREFIX + message.length)
                .put((byte) 0)
                .putInt(message.length)
                .put(message)
                .array();
    }
}

package io.rialto.gateway.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.ReadOnlyHttp2Headers;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.FieldNames;
import io.rialto.gateway.http.HeaderList;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Calls as HTTP/2 requests, and as gRPC's (gRPC over HTTP2, "Requests"). */
final class Http2Requests {
    private static final AsciiString HTTP = AsciiString.cached("http");
    private static final AsciiString POST = AsciiString.cached("POST");
    private static final AsciiString CONTENT_TYPE = FieldNames.of("content-type");
    private static final AsciiString ACCEPT_ENCODING = FieldNames.of("accept-encoding");
    private static final AsciiString TE = FieldNames.of("te");
    private static final AsciiString TRAILERS = AsciiString.cached("trailers");
    private static final AsciiString GRPC_TIMEOUT = FieldNames.of("grpc-timeout");
    private static final AsciiString GRPC_PROTO = AsciiString.cached("application/grpc+proto");
    private static final AsciiString GRPC_JSON = AsciiString.cached("application/grpc+json");
    private static final AsciiString JSON = AsciiString.cached("application/json");

    /** gRPC's time-out has at most eight digits. */
    private static final long MAX_TIMEOUT_DIGITS = 99_999_999;

    /** Flag and length before a message. */
    static final int GRPC_PREFIX = 5;

    private Http2Requests() {}

    /** Whether the call goes out in gRPC's framing; a health check does not. */
    static boolean isGrpc(OutboundCall call, Backend backend) {
        return backend.key().protocol() == BackendProtocol.GRPC && call.method().contentEquals(POST);
    }

    /** The header fields, or null where one cannot be sent. */
    static @Nullable Http2Headers headers(OutboundCall call, Backend backend) {
        boolean grpc = isGrpc(call, backend);
        HeaderList from = call.headers();
        AsciiString[] others = new AsciiString[from.size() * 2 + (grpc ? 4 : 0)];
        int length = 0;
        for (int i = 0; i < from.size(); i++) {
            AsciiString name = from.name(i);
            AsciiString value = from.value(i);
            if (!isFieldValue(value)) {
                return null;
            }
            boolean left = ConnectionFields.isOne(name) || grpc && name.contentEquals(ACCEPT_ENCODING);
            if (!left) {
                others[length++] = name;
                others[length++] = grpc && name.contentEquals(CONTENT_TYPE) ? grpcType(value) : value;
            }
        }
        if (grpc) {
            others[length++] = TE;
            others[length++] = TRAILERS;
            others[length++] = GRPC_TIMEOUT;
            others[length++] = timeout(call.timeoutNanos());
        }
        AsciiString path = path(call.path());
        if (path == null) {
            return null;
        }
        AsciiString[] fields = length == others.length ? others : Arrays.copyOf(others, length);
        return ReadOnlyHttp2Headers.clientHeaders(false, call.method(), path, HTTP, backend.asciiAuthority(), fields);
    }

    /** The body as it is sent, owned by the caller. */
    static ByteBuf body(ByteBufAllocator allocator, OutboundCall call, Backend backend) {
        ByteBuf message = call.body();
        if (!isGrpc(call, backend)) {
            return message.retainedSlice();
        }
        int length = message.readableBytes();
        ByteBuf framed = allocator.directBuffer(GRPC_PREFIX + length, GRPC_PREFIX + length);
        framed.writeByte(0).writeInt(length).writeBytes(message, message.readerIndex(), length);
        return framed;
    }

    private static AsciiString grpcType(AsciiString type) {
        return type.startsWith(JSON) ? GRPC_JSON : GRPC_PROTO;
    }

    private static AsciiString timeout(long nanos) {
        long millis = Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos));
        return new AsciiString(
                millis <= MAX_TIMEOUT_DIGITS ? millis + "m" : Math.min(millis / 1_000, MAX_TIMEOUT_DIGITS) + "S");
    }

    private static @Nullable AsciiString path(String path) {
        byte[] bytes = new byte[path.length()];
        for (int i = 0; i < bytes.length; i++) {
            char c = path.charAt(i);
            if (c <= ' ' || c >= 127) {
                return null;
            }
            bytes[i] = (byte) c;
        }
        return new AsciiString(bytes, false);
    }

    private static boolean isFieldValue(AsciiString value) {
        byte[] bytes = value.array();
        int end = value.arrayOffset() + value.length();
        for (int i = value.arrayOffset(); i < end; i++) {
            byte b = bytes[i];
            if (b == '\r' || b == '\n' || b == 0) {
                return false;
            }
        }
        return true;
    }
}

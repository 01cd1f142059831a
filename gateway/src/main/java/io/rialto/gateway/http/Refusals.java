package io.rialto.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.Reason;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/** Writes Rialto's own refusals as docs/protocol.md, section 2, says: the same wherever in the gateway a call ends. */
public final class Refusals {
    public static final AsciiString REASON = FieldNames.of(HeaderNames.REASON);
    public static final AsciiString CONTENT_TYPE = FieldNames.of("content-type");
    public static final AsciiString GRPC_STATUS = FieldNames.of("grpc-status");
    public static final AsciiString GRPC_MESSAGE = FieldNames.of("grpc-message");

    /** A message is for a person: longer ones only carry back what the caller sent. */
    private static final int MAX_MESSAGE = 512;

    private static final AsciiString JSON = AsciiString.cached("application/json");
    private static final AsciiString GRPC = AsciiString.cached("application/grpc");
    private static final Map<Reason, AsciiString> NAMES = new EnumMap<>(Reason.class);
    private static final char[] HEX = "0123456789ABCDEF".toCharArray();

    static {
        for (Reason reason : Reason.values()) {
            NAMES.put(reason, AsciiString.cached(reason.wireName()));
        }
    }

    /**
     * A refusal, ready to be sent.
     *
     * @param headers new for each refusal; the sender may add to it
     * @param body owned by the receiver
     */
    public record Refusal(int status, HeaderList headers, ByteBuf body) {}

    private Refusals() {}

    /** Whether a call is gRPC's, by its {@code content-type}. */
    public static boolean isGrpc(HeaderList callHeaders) {
        AsciiString type = callHeaders.get(CONTENT_TYPE);
        return type != null
                && type.startsWith(GRPC)
                && (type.length() == GRPC.length() || type.charAt(GRPC.length()) == '+' || isEnd(type));
    }

    private static boolean isEnd(AsciiString type) {
        char next = type.charAt(GRPC.length());
        return next == ';' || next == ' ';
    }

    /** The value of {@code rialto-reason}. */
    public static AsciiString name(Reason reason) {
        return Objects.requireNonNull(NAMES.get(reason));
    }

    /** For gRPC an answer without messages, with the status among its (only) headers; else the status and JSON. */
    public static Refusal of(Reason reason, String message, boolean grpc) {
        String text = message.length() > MAX_MESSAGE ? message.substring(0, MAX_MESSAGE) : message;
        HeaderList headers = new HeaderList(8).add(REASON, name(reason));
        if (grpc) {
            headers.add(CONTENT_TYPE, GRPC)
                    .add(
                            GRPC_STATUS,
                            AsciiString.of(Integer.toString(reason.code().grpcStatus())))
                    .add(GRPC_MESSAGE, AsciiString.of(percentEncoded(text)));
            return new Refusal(200, headers, Unpooled.EMPTY_BUFFER);
        }
        headers.add(CONTENT_TYPE, JSON);
        StringBuilder json = new StringBuilder(96 + text.length());
        json.append("{\"code\": \"").append(reason.code().wireName());
        json.append("\", \"reason\": \"").append(reason.wireName());
        json.append("\", \"message\": \"");
        appendEscaped(json, text);
        json.append("\"}");
        return new Refusal(reason.httpStatus(), headers, ByteBufUtil.writeUtf8(ByteBufAllocator.DEFAULT, json));
    }

    /** What ends a stream that had begun: gRPC's status and the reason, for trailers. */
    public static HeaderList trailers(Reason reason, String message) {
        Refusal refusal = of(reason, message, true);
        return refusal.headers().remove(CONTENT_TYPE);
    }

    /** Adds a text as it stands inside of JSON's quotes. */
    public static void appendEscaped(StringBuilder json, String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c < 0x20 || Character.isSurrogate(c)) {
                // Surrogates as escapes: a pair that the cut above or the caller broke would not be UTF-8.
                json.append("\\u").append(HEX[c >> 12]).append(HEX[(c >> 8) & 15]);
                json.append(HEX[(c >> 4) & 15]).append(HEX[c & 15]);
            } else {
                json.append(c);
            }
        }
    }

    /** gRPC's percent encoding: all but printable ASCII, and the per cent sign. */
    private static String percentEncoded(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        StringBuilder encoded = new StringBuilder(bytes.length + 16);
        for (byte b : bytes) {
            if (b >= 0x20 && b < 0x7f && b != '%') {
                encoded.append((char) b);
            } else {
                encoded.append('%').append(HEX[(b >> 4) & 15]).append(HEX[b & 15]);
            }
        }
        return encoded.toString();
    }
}

package io.rialto.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;

/** gRPC's framing of a single message: flag (1), length (4), message. Source: gRPC over HTTP/2, "Length-Prefixed-Message". */
final class GrpcFrames {
    static final int HEAD = 5;
    private static final int MAX_TIMEOUT_DIGITS = 8;

    private GrpcFrames() {}

    /** Takes the head off a body that holds exactly one message; whether that is compressed. */
    static boolean isCompressed(ByteBuf body) throws ProtocolException {
        if (body.readableBytes() < HEAD) {
            throw malformed(body.readableBytes() + " bytes (expected: flag, length and one message)");
        }
        int flag = body.getUnsignedByte(body.readerIndex());
        long length = body.getUnsignedInt(body.readerIndex() + 1);
        if (flag > 1) {
            throw malformed("flag " + flag + " (expected: 0 or 1)");
        }
        if (length != body.readableBytes() - HEAD) {
            throw malformed("length " + length + " (expected: " + (body.readableBytes() - HEAD)
                    + ", that of one message; calls are unary)");
        }
        body.skipBytes(HEAD);
        return flag == 1;
    }

    /** Puts the head before a message, which it takes over. */
    static ByteBuf frame(ByteBuf message) {
        ByteBuf head = Unpooled.buffer(HEAD, HEAD).writeByte(0).writeInt(message.readableBytes());
        return message.isReadable() ? Unpooled.wrappedBuffer(head, message) : released(message, head);
    }

    private static ByteBuf released(ByteBuf message, ByteBuf head) {
        message.release();
        return head;
    }

    /** The value of {@code grpc-timeout}: at most eight digits and a unit. */
    static long timeoutNanos(AsciiString text) throws ProtocolException {
        int digits = text.length() - 1;
        if (digits < 1 || digits > MAX_TIMEOUT_DIGITS) {
            throw malformed("grpc-timeout: " + text);
        }
        long value = Freshness.decimal(text.subSequence(0, digits), "grpc-timeout", 99_999_999);
        return switch (text.charAt(digits)) {
            case 'H' -> value * 3_600_000_000_000L;
            case 'M' -> value * 60_000_000_000L;
            case 'S' -> value * 1_000_000_000L;
            case 'm' -> value * 1_000_000L;
            case 'u' -> value * 1_000L;
            case 'n' -> value;
            default -> throw malformed("grpc-timeout: " + text + " (expected: digits and one of H, M, S, m, u, n)");
        };
    }

    private static ProtocolException malformed(String found) {
        return new ProtocolException(Reason.MALFORMED_FRAME, "gRPC: " + found);
    }
}

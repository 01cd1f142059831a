package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Cuts bytes as they arrive into messages with gRPC's prefix: flag (1), length (4), message. Source: gRPC over HTTP/2,
 * "Length-Prefixed-Message". Holds a buffer only while a message is incomplete or not yet taken.
 */
final class MessageCutter {
    static final int PREFIX = 5;

    /** Most messages of a phone are a few numbers. */
    private static final int FIRST_PIECE = 128;

    private @Nullable ByteBuf held;

    /** How many bytes wait: for more of their message, or to be taken. */
    int held() {
        return held == null ? 0 : held.readableBytes();
    }

    void append(ByteBufAllocator allocator, ByteBuf in, int from, int length) {
        if (length > 0) {
            ByteBuf buffer = held;
            if (buffer == null) {
                buffer = allocator.buffer(Math.max(length, FIRST_PIECE));
                held = buffer;
            }
            // Grows as bytes arrive: a claimed length alone takes no memory.
            buffer.writeBytes(in, from, length);
        }
    }

    /**
     * The next message that is complete, with its prefix, or null.
     *
     * @return part of the buffer here, to be used before anything else is called
     */
    @Nullable
    ByteBuf next() throws ProtocolException {
        ByteBuf buffer = held;
        if (buffer == null || buffer.readableBytes() < PREFIX) {
            return null;
        }
        int flag = buffer.getUnsignedByte(buffer.readerIndex());
        if (flag != 0) {
            throw new ProtocolException(
                    Reason.MALFORMED_FRAME, "gRPC: flag " + flag + " (expected: 0, as streams are not compressed)");
        }
        long length = buffer.getUnsignedInt(buffer.readerIndex() + 1);
        if (length > InboundStream.MAX_MESSAGE) {
            throw new ProtocolException(
                    Reason.BODY_TOO_LARGE,
                    "message of " + length + " bytes (expected: at most " + InboundStream.MAX_MESSAGE + ")");
        }
        int whole = PREFIX + (int) length;
        return buffer.readableBytes() < whole ? null : buffer.readSlice(whole);
    }

    /** Lets go of what was taken. */
    void trim() {
        ByteBuf buffer = held;
        if (buffer != null) {
            if (!buffer.isReadable()) {
                release();
            } else {
                buffer.discardSomeReadBytes();
            }
        }
    }

    void release() {
        if (held != null) {
            held.release();
            held = null;
        }
    }
}

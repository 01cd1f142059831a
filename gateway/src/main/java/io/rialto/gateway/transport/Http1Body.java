package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;

/** Reads the body of an HTTP/1.1 request, of a known length or in chunks (RFC 9112, section 7.1). */
final class Http1Body {
    /** Of a chunk's size: nobody needs more than 2^32. */
    private static final int MAX_SIZE_DIGITS = 8;

    /** Of a line that gives a chunk's size with extensions, or of a trailer. */
    private static final int MAX_LINE = 256;

    /** Of the extensions of all chunks: nobody uses them, and small chunks with long ones cost more than they carry. */
    private static final int MAX_EXTENSIONS = 4096;

    private static final int MAX_TRAILERS = 32;
    private static final int FIRST_BODY = 16 << 10;

    private enum State {
        CONTENT,
        CHUNK_SIZE,
        CHUNK_CONTENT,
        CHUNK_END,
        TRAILERS
    }

    private final int maxBytes;
    private State state = State.CONTENT;
    private long left;
    private int trailers;
    private int extensions;

    Http1Body(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** Begins a body; refuses at once what says itself that it is too large. */
    void start(long length) throws ProtocolException {
        trailers = 0;
        extensions = 0;
        if (length == Http1Head.CHUNKED) {
            state = State.CHUNK_SIZE;
            left = 0;
            return;
        }
        state = State.CONTENT;
        left = length;
        allow(length);
    }

    private void allow(long length) throws ProtocolException {
        if (length > maxBytes) {
            throw new ProtocolException(
                    Reason.BODY_TOO_LARGE, "body of " + length + " bytes (expected: at most " + maxBytes + ")");
        }
    }

    /** Reads what is there; true when the body is complete. */
    boolean read(ByteBuf in, Http1Call call) throws ProtocolException {
        while (true) {
            switch (state) {
                case CONTENT -> {
                    content(in, call);
                    return left == 0;
                }
                case CHUNK_CONTENT -> {
                    content(in, call);
                    if (left > 0) {
                        return false;
                    }
                    state = State.CHUNK_END;
                }
                case CHUNK_END -> {
                    if (in.readableBytes() < 2) {
                        return false;
                    }
                    if (in.readByte() != '\r' || in.readByte() != '\n') {
                        throw malformed("a chunk is longer than its size");
                    }
                    state = State.CHUNK_SIZE;
                }
                case CHUNK_SIZE -> {
                    int length = line(in);
                    if (length < 0) {
                        return false;
                    }
                    left = size(in, length);
                    allow(left + call.received);
                    state = left == 0 ? State.TRAILERS : State.CHUNK_CONTENT;
                }
                case TRAILERS -> {
                    int length = line(in);
                    if (length < 0) {
                        return false;
                    }
                    if (trailer(in, length)) {
                        return true;
                    }
                }
            }
        }
    }

    private void content(ByteBuf in, Http1Call call) {
        int length = (int) Math.min(left, in.readableBytes());
        if (length == 0) {
            return;
        }
        ByteBuf body = call.body;
        if (body == null && state == State.CONTENT && length == left) {
            call.body = in.readRetainedSlice(length);
        } else {
            if (body == null) {
                body = call.connection.channel.alloc().buffer((int) Math.min(left, FIRST_BODY));
                call.body = body;
            }
            body.writeBytes(in, length);
        }
        call.received += length;
        left -= length;
    }

    /** The length of the line that begins here, without its CR LF, or -1 if it is not complete. */
    private static int line(ByteBuf in) throws ProtocolException {
        int start = in.readerIndex();
        int lineFeed = in.indexOf(start, Math.min(in.writerIndex(), start + MAX_LINE), (byte) '\n');
        if (lineFeed < 0) {
            if (in.readableBytes() >= MAX_LINE) {
                throw malformed("a line between chunks over " + MAX_LINE + " bytes");
            }
            return -1;
        }
        if (lineFeed == start || in.getByte(lineFeed - 1) != '\r') {
            throw malformed("a line between chunks does not end in CR LF");
        }
        return lineFeed - 1 - start;
    }

    private long size(ByteBuf in, int length) throws ProtocolException {
        int start = in.readerIndex();
        in.skipBytes(length + 2);
        long size = 0;
        int digits = 0;
        while (digits < length) {
            int digit = Character.digit(in.getByte(start + digits), 16);
            if (digit < 0) {
                break;
            }
            size = size * 16 + digit;
            digits++;
            if (digits > MAX_SIZE_DIGITS) {
                throw malformed("a chunk's size of more than " + MAX_SIZE_DIGITS + " digits");
            }
        }
        if (digits == 0 || (digits < length && in.getByte(start + digits) != ';')) {
            throw malformed("a chunk's size is not a hexadecimal number");
        }
        extensions += length - digits;
        if (extensions > MAX_EXTENSIONS) {
            throw malformed("extensions of chunks over " + MAX_EXTENSIONS + " bytes");
        }
        visible(in, start + digits, length - digits);
        return size;
    }

    /** Reads and drops one trailer; true for the empty line that ends them. */
    private boolean trailer(ByteBuf in, int length) throws ProtocolException {
        int start = in.readerIndex();
        in.skipBytes(length + 2);
        if (length == 0) {
            return true;
        }
        if (++trailers > MAX_TRAILERS) {
            throw malformed("more than " + MAX_TRAILERS + " trailers");
        }
        byte[] line = new byte[length];
        in.getBytes(start, line);
        int colon = 0;
        while (colon < length && line[colon] != ':') {
            colon++;
        }
        if (colon == length || !FieldRules.lowerCaseName(line, 0, colon)) {
            throw malformed("a trailer does not begin with a name and a colon");
        }
        visible(in, start, length);
        return false;
    }

    private static void visible(ByteBuf in, int from, int length) throws ProtocolException {
        for (int i = from; i < from + length; i++) {
            byte b = in.getByte(i);
            if ((b < 0x20 && b != '\t' && b >= 0) || b == 0x7f) {
                throw malformed("a control character between chunks");
            }
        }
    }

    private static ProtocolException malformed(String message) {
        return new ProtocolException(Reason.MALFORMED_FRAME, message);
    }
}

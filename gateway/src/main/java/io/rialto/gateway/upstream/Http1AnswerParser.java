package io.rialto.gateway.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Reads one HTTP/1.1 answer after the other (RFC 9112) from a connection's bytes. Strict where a lenient reading could
 * take one answer for another; 1xx answers are passed over.
 */
final class Http1AnswerParser {
    /** Status line and fields together. */
    static final int MAX_HEAD = 32 << 10;

    /** What may stand in a chunk's size line, extensions included. */
    private static final int MAX_CHUNK_LINE = 256;

    private static final int MAX_TRAILERS = 8 << 10;

    /** A server may send a few 103s; more is a loop. */
    private static final int MAX_INTERIM = 16;

    /** What is allocated before the bytes have come, however long the answer says that it will be. */
    private static final int FIRST_BODY_BYTES = 64 << 10;

    private enum State {
        HEAD,
        SIZED_BODY,
        BODY_TO_CLOSE,
        CHUNK_SIZE,
        CHUNK_DATA,
        CHUNK_END,
        TRAILERS,
        DONE
    }

    private final ByteBufAllocator allocator;
    private final int maxBody;
    private State state = State.HEAD;
    private boolean headOnly;
    private int interim;
    private @Nullable ByteBuf held;
    private int scanned;
    private @Nullable Http1AnswerHead head;
    private @Nullable ByteBuf body;
    private long remaining;
    private int lineLength;
    private boolean sizeEnded;
    private int trailerBytes;
    private boolean anyByte;

    Http1AnswerParser(ByteBufAllocator allocator, int maxBody) {
        this.allocator = allocator;
        this.maxBody = maxBody;
    }

    /**
     * Makes ready for the next answer.
     *
     * @param head whether it answers a HEAD, and has no body whatever its fields say
     */
    void start(boolean head) {
        release();
        state = State.HEAD;
        headOnly = head;
        interim = 0;
        this.head = null;
        anyByte = false;
    }

    /** Whether any byte of the answer has come. */
    boolean begun() {
        return anyByte;
    }

    /**
     * Takes bytes; what follows a complete answer stays unread.
     *
     * @return whether the answer is complete
     * @throws ProtocolException with BACKEND_INVALID or ANSWER_TOO_LARGE; the connection is then of no more use
     */
    boolean read(ByteBuf in) throws ProtocolException {
        anyByte |= in.isReadable();
        while (state != State.DONE && in.isReadable()) {
            switch (state) {
                case HEAD -> readHead(in);
                case SIZED_BODY -> readSized(in);
                case BODY_TO_CLOSE -> append(in, in.readableBytes());
                case CHUNK_SIZE -> readChunkSize(in);
                case CHUNK_DATA -> readChunkData(in);
                case CHUNK_END -> readChunkEnd(in);
                case TRAILERS -> readTrailers(in);
                case DONE -> throw new IllegalStateException("an answer that is complete reads no more");
            }
        }
        return state == State.DONE;
    }

    /** Takes the connection's end; returns whether that completes the answer. */
    boolean end() {
        if (state == State.BODY_TO_CLOSE) {
            state = State.DONE;
        }
        return state == State.DONE;
    }

    int status() {
        return complete().status;
    }

    HeaderList headers() {
        return complete().headers;
    }

    /** Whether the connection may carry another call. */
    boolean keepAlive() {
        return complete().keepAlive;
    }

    /** The body, handed over. */
    ByteBuf takeBody() {
        ByteBuf taken = body;
        body = null;
        return taken == null ? Unpooled.EMPTY_BUFFER : taken;
    }

    /** Lets go of what it holds. */
    void release() {
        if (held != null) {
            held.release();
            held = null;
        }
        if (body != null) {
            body.release();
            body = null;
        }
    }

    private Http1AnswerHead complete() {
        if (head == null || state != State.DONE) {
            throw new IllegalStateException("the answer is not complete: " + state);
        }
        return head;
    }

    private void readHead(ByteBuf in) throws ProtocolException {
        int before = 0;
        ByteBuf source = in;
        if (held == null) {
            scanned = 0;
        } else {
            // No more than a head's worth is copied; what follows the head stays in the input.
            before = held.readableBytes();
            held.writeBytes(in, in.readerIndex(), Math.min(in.readableBytes(), MAX_HEAD + 1 - before));
            source = held;
        }
        int end = headEnd(source);
        if (end > MAX_HEAD || end < 0 && source.readableBytes() > MAX_HEAD) {
            throw new ProtocolException(
                    Reason.ANSWER_TOO_LARGE, "the backend's answer has more than " + MAX_HEAD + " bytes of fields");
        }
        if (end < 0) {
            if (held == null) {
                held = allocator.heapBuffer(in.readableBytes() + 256, MAX_HEAD + 1);
                held.writeBytes(in);
            } else {
                in.skipBytes(in.readableBytes());
            }
            return;
        }
        byte[] bytes = new byte[end];
        source.getBytes(source.readerIndex(), bytes);
        in.skipBytes(end - before);
        if (held != null) {
            held.release();
            held = null;
        }
        headRead(new Http1AnswerHead(bytes));
    }

    /** The length of the head with its empty line, or -1 while that has not come. */
    private int headEnd(ByteBuf source) {
        int start = source.readerIndex();
        int line = start + scanned;
        while (true) {
            int end = source.indexOf(line, source.writerIndex(), (byte) '\n');
            if (end < 0) {
                scanned = line - start;
                return -1;
            }
            if (end == line || end == line + 1 && source.getByte(line) == '\r') {
                return end + 1 - start;
            }
            line = end + 1;
        }
    }

    private void headRead(Http1AnswerHead read) throws ProtocolException {
        if (read.status < 200) {
            if (read.status == 101 || ++interim > MAX_INTERIM) {
                throw Http1AnswerHead.invalid("status " + read.status + " (expected: at most " + MAX_INTERIM
                        + " interim answers, and no 101)");
            }
            return;
        }
        head = read;
        if (headOnly || read.status == 204 || read.status == 304) {
            state = State.DONE;
        } else if (read.chunked) {
            state = State.CHUNK_SIZE;
            remaining = 0;
            lineLength = 0;
            sizeEnded = false;
            trailerBytes = 0;
        } else if (read.contentLength >= 0) {
            remaining = read.contentLength;
            refuseOver(remaining);
            state = remaining == 0 ? State.DONE : State.SIZED_BODY;
        } else {
            read.keepAlive = false;
            state = State.BODY_TO_CLOSE;
        }
    }

    private void readSized(ByteBuf in) throws ProtocolException {
        if (body == null && in.readableBytes() >= remaining) {
            body = in.readRetainedSlice((int) remaining);
            remaining = 0;
        } else {
            int length = (int) Math.min(remaining, in.readableBytes());
            append(in, length);
            remaining -= length;
        }
        if (remaining == 0) {
            state = State.DONE;
        }
    }

    private void append(ByteBuf in, int length) throws ProtocolException {
        ByteBuf to = body;
        if (to == null) {
            int first = (int) Math.max(length, Math.min(remaining, FIRST_BODY_BYTES));
            to = allocator.buffer(first);
            body = to;
        }
        refuseOver((long) to.readableBytes() + length);
        to.writeBytes(in, length);
    }

    private void refuseOver(long length) throws ProtocolException {
        if (length > maxBody) {
            throw new ProtocolException(
                    Reason.ANSWER_TOO_LARGE,
                    "the backend's answer has a body of " + length + " bytes or more (expected: at most " + maxBody
                            + ")");
        }
    }

    private void readChunkSize(ByteBuf in) throws ProtocolException {
        while (in.isReadable()) {
            byte b = in.readByte();
            if (b == '\n') {
                if (lineLength == 0) {
                    throw Http1AnswerHead.invalid("a chunk without a size");
                }
                lineLength = 0;
                sizeEnded = false;
                state = remaining == 0 ? State.TRAILERS : State.CHUNK_DATA;
                refuseOver(remaining + (body == null ? 0 : body.readableBytes()));
                return;
            }
            if (++lineLength > MAX_CHUNK_LINE) {
                throw Http1AnswerHead.invalid("a chunk's size line of more than " + MAX_CHUNK_LINE + " bytes");
            }
            int digit = Character.digit(b, 16);
            if (digit < 0 || b < 0) {
                if (lineLength == 1 || b != ';' && b != '\r' && b != ' ' && b != '\t' && !sizeEnded) {
                    throw Http1AnswerHead.invalid("a malformed chunk size");
                }
                sizeEnded = true;
            } else if (!sizeEnded) {
                remaining = remaining * 16 + digit;
                refuseOver(remaining);
            }
        }
    }

    private void readChunkData(ByteBuf in) throws ProtocolException {
        int length = (int) Math.min(remaining, in.readableBytes());
        append(in, length);
        remaining -= length;
        if (remaining == 0) {
            state = State.CHUNK_END;
        }
    }

    private void readChunkEnd(ByteBuf in) throws ProtocolException {
        byte b = in.readByte();
        if (b == '\n') {
            state = State.CHUNK_SIZE;
            lineLength = 0;
        } else if (b != '\r' || ++lineLength > 1) {
            throw Http1AnswerHead.invalid("a chunk that is longer than its size");
        }
    }

    /** Passes over trailers to the empty line. */
    private void readTrailers(ByteBuf in) throws ProtocolException {
        while (in.isReadable()) {
            byte b = in.readByte();
            if (++trailerBytes > MAX_TRAILERS) {
                throw Http1AnswerHead.invalid("more than " + MAX_TRAILERS + " bytes of trailers");
            }
            if (b == '\n') {
                if (lineLength == 0) {
                    state = State.DONE;
                    return;
                }
                lineLength = 0;
            } else if (b != '\r') {
                lineLength++;
            }
        }
    }
}

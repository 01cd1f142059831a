package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Cuts what was read into HTTP/2 frames (RFC 9113, section 4) and hands them to the connection. Frames that lie whole in
 * a read buffer are not copied; of a frame in pieces only that one is gathered.
 */
final class Http2Reader {
    static final byte DATA = 0;
    static final byte HEADERS = 1;
    static final byte PRIORITY = 2;
    static final byte RST_STREAM = 3;
    static final byte SETTINGS = 4;
    static final byte PUSH_PROMISE = 5;
    static final byte PING = 6;
    static final byte GOAWAY = 7;
    static final byte WINDOW_UPDATE = 8;
    static final byte CONTINUATION = 9;

    static final int ACK = 0x1;
    static final int END_STREAM = 0x1;
    static final int END_HEADERS = 0x4;
    static final int PADDED = 0x8;
    static final int WITH_PRIORITY = 0x20;

    static final int FRAME_HEADER = 9;

    /** Frames up to this are taken, the least that the protocol allows: nothing here needs larger ones. */
    static final int MAX_FRAME = 16 << 10;

    private static final int PRIORITY_BYTES = 5;
    private static final int GOAWAY_BYTES = 8;
    private static final int FIRST_PIECE = 512;

    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    static final int PREFACE_BYTES = PREFACE.length;

    private final Http2Connection connection;
    private final Channel channel;
    private int prefaceRead;
    private boolean settingsRead;
    private @Nullable ByteBuf piece;

    /** A header block that CONTINUATION frames go on with. */
    private @Nullable ByteBuf block;

    private int blockStream;
    private boolean blockEnds;
    private int continuations;
    private long waitingSince;

    Http2Reader(Http2Connection connection, Channel channel) {
        this.connection = connection;
        this.channel = channel;
    }

    /** Whether the bytes can be the start of an HTTP/2 connection with prior knowledge. */
    static boolean startsPreface(ByteBuf bytes) {
        int length = Math.min(PREFACE_BYTES, bytes.readableBytes());
        for (int i = 0; i < length; i++) {
            if (bytes.getByte(bytes.readerIndex() + i) != PREFACE[i]) {
                return false;
            }
        }
        return true;
    }

    /** Since when a frame or header block is incomplete, 0 if none is. */
    long waitingSince() {
        return waitingSince;
    }

    void release() {
        ReferenceCountUtil.release(piece);
        ReferenceCountUtil.release(block);
        piece = null;
        block = null;
    }

    /** Takes over the bytes and hands on every frame that is complete. */
    void read(ByteBuf in, long now) throws Http2Failure {
        long waitedSince = waitingSince;
        try {
            if (prefaceRead < PREFACE_BYTES && !preface(in)) {
                waitingSince = waitedSince == 0 ? now : waitedSince;
                return;
            }
            if (piece != null && !completePiece(in)) {
                return;
            }
            waitingSince = 0;
            while (connection.isOpen() && in.readableBytes() >= FRAME_HEADER) {
                int length = checkedLength(in);
                if (in.readableBytes() < FRAME_HEADER + length) {
                    break;
                }
                frame(in, length);
            }
            if (connection.isOpen() && in.isReadable()) {
                keepPiece(in);
            }
            if (piece != null || block != null) {
                waitingSince = block != null && waitedSince != 0 ? waitedSince : now;
            }
        } finally {
            in.release();
        }
    }

    private boolean preface(ByteBuf in) throws Http2Failure {
        while (prefaceRead < PREFACE_BYTES && in.isReadable()) {
            if (in.readByte() != PREFACE[prefaceRead++]) {
                throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "no connection preface");
            }
        }
        return prefaceRead == PREFACE_BYTES;
    }

    private static int checkedLength(ByteBuf in) throws Http2Failure {
        int length = in.getUnsignedMedium(in.readerIndex());
        if (length > MAX_FRAME) {
            throw new Http2Failure(
                    ConnectionEnd.HTTP2_FRAME_SIZE,
                    "frame length: " + length + " (expected: at most " + MAX_FRAME + ")");
        }
        return length;
    }

    private void keepPiece(ByteBuf in) throws Http2Failure {
        int whole = FRAME_HEADER;
        if (in.readableBytes() >= FRAME_HEADER) {
            whole += checkedLength(in);
        }
        // Grows as bytes arrive: a claimed length alone takes no memory.
        piece = channel.alloc()
                .buffer(Math.max(in.readableBytes(), Math.min(whole, FIRST_PIECE)), FRAME_HEADER + MAX_FRAME);
        piece.writeBytes(in);
    }

    private boolean completePiece(ByteBuf in) throws Http2Failure {
        ByteBuf kept = Objects.requireNonNull(piece);
        if (kept.readableBytes() < FRAME_HEADER) {
            kept.writeBytes(in, Math.min(in.readableBytes(), FRAME_HEADER - kept.readableBytes()));
            if (kept.readableBytes() < FRAME_HEADER) {
                return false;
            }
        }
        int length = checkedLength(kept);
        kept.writeBytes(in, Math.min(in.readableBytes(), FRAME_HEADER + length - kept.readableBytes()));
        if (kept.readableBytes() < FRAME_HEADER + length) {
            return false;
        }
        piece = null;
        try {
            frame(kept, length);
        } finally {
            kept.release();
        }
        return true;
    }

    private void frame(ByteBuf in, int length) throws Http2Failure {
        int at = in.readerIndex();
        byte type = in.getByte(at + 3);
        int flags = in.getUnsignedByte(at + 4);
        int stream = in.getInt(at + 5) & Integer.MAX_VALUE;
        int start = at + FRAME_HEADER;
        in.readerIndex(start + length);
        if (!settingsRead) {
            if (type != SETTINGS || (flags & ACK) != 0) {
                throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "the first frame is not SETTINGS");
            }
            settingsRead = true;
        }
        if (block != null && (type != CONTINUATION || stream != blockStream)) {
            throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "another frame inside a header block");
        }
        switch (type) {
            case DATA -> data(in, start, length, flags, stream);
            case HEADERS -> headers(in, start, length, flags, stream);
            case CONTINUATION -> continuation(in, start, length, flags, stream);
            case PRIORITY -> {
                onStream(stream);
                size(length, PRIORITY_BYTES);
                connection.onIgnored();
            }
            case RST_STREAM -> {
                onStream(stream);
                size(length, 4);
                connection.onReset(stream);
            }
            case SETTINGS -> settings(in, start, length, flags, stream);
            case PING -> {
                onConnection(stream);
                size(length, 8);
                connection.onPing((flags & ACK) != 0, in.getLong(start));
            }
            case GOAWAY -> {
                onConnection(stream);
                if (length < GOAWAY_BYTES) {
                    size(length, GOAWAY_BYTES);
                }
                connection.onIgnored();
            }
            case WINDOW_UPDATE -> {
                size(length, 4);
                connection.onWindow(stream, in.getInt(start) & Integer.MAX_VALUE);
            }
            case PUSH_PROMISE -> throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "PUSH_PROMISE from a client");
            default -> connection.onIgnored();
        }
    }

    private void data(ByteBuf in, int start, int length, int flags, int stream) throws Http2Failure {
        onStream(stream);
        int padding = 0;
        int from = start;
        if ((flags & PADDED) != 0) {
            if (length < 1 || in.getUnsignedByte(start) >= length) {
                throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "padding longer than its frame");
            }
            padding = in.getUnsignedByte(start);
            from++;
        }
        int content = start + length - padding - from;
        connection.onData(stream, in, from, content, length, (flags & END_STREAM) != 0);
    }

    private void headers(ByteBuf in, int start, int length, int flags, int stream) throws Http2Failure {
        onStream(stream);
        int from = start;
        int end = start + length;
        if ((flags & PADDED) != 0) {
            if (length < 1) {
                throw new Http2Failure(ConnectionEnd.HTTP2_FRAME_SIZE, "HEADERS without its padding length");
            }
            end -= in.getUnsignedByte(from++);
        }
        if ((flags & WITH_PRIORITY) != 0) {
            from += PRIORITY_BYTES;
        }
        if (from > end) {
            throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "padding longer than its frame");
        }
        boolean ends = (flags & END_STREAM) != 0;
        if ((flags & END_HEADERS) != 0) {
            decode(in, from, end - from, stream, ends);
            return;
        }
        blockStream = stream;
        blockEnds = ends;
        continuations = 0;
        block = channel.alloc().buffer(end - from + FIRST_PIECE);
        append(block, in, from, end - from);
    }

    private void continuation(ByteBuf in, int start, int length, int flags, int stream) throws Http2Failure {
        ByteBuf gathered = block;
        if (gathered == null) {
            throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "CONTINUATION without HEADERS");
        }
        if (++continuations > connection.port.floods.continuations()) {
            throw new Http2Failure(ConnectionEnd.CONTINUATION_FLOOD, "CONTINUATION frames: " + continuations);
        }
        append(gathered, in, start, length);
        if ((flags & END_HEADERS) != 0) {
            block = null;
            try {
                decode(gathered, gathered.readerIndex(), gathered.readableBytes(), stream, blockEnds);
            } finally {
                gathered.release();
            }
        }
    }

    private void append(ByteBuf gathered, ByteBuf in, int from, int length) throws Http2Failure {
        if (gathered.readableBytes() + length > maxBlock()) {
            throw new Http2Failure(
                    ConnectionEnd.HEADER_BOMB, "header block over " + maxBlock() + " bytes before it was decoded");
        }
        gathered.writeBytes(in, from, length);
    }

    /** Twice the list: what is a little over the limit is refused with an answer, what is far over ends all. */
    private int maxBlock() {
        return connection.port.limits.headerBytes() * 2;
    }

    private void decode(ByteBuf in, int from, int length, int stream, boolean ends) throws Http2Failure {
        int reader = in.readerIndex();
        int writer = in.writerIndex();
        in.setIndex(from, from + length);
        connection.onHeaders(stream, in, ends);
        in.setIndex(reader, writer);
    }

    private void settings(ByteBuf in, int start, int length, int flags, int stream) throws Http2Failure {
        onConnection(stream);
        if ((flags & ACK) != 0) {
            size(length, 0);
            connection.onIgnored();
            return;
        }
        if (length % 6 != 0) {
            throw new Http2Failure(ConnectionEnd.HTTP2_FRAME_SIZE, "SETTINGS length: " + length);
        }
        for (int at = start; at < start + length; at += 6) {
            connection.onSetting(in.getUnsignedShort(at), in.getUnsignedInt(at + 2));
        }
        connection.onSettingsEnd();
    }

    private static void onStream(int stream) throws Http2Failure {
        if (stream == 0) {
            throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "a stream's frame on stream 0");
        }
    }

    private static void onConnection(int stream) throws Http2Failure {
        if (stream != 0) {
            throw new Http2Failure(ConnectionEnd.HTTP2_PROTOCOL, "the connection's frame on stream " + stream);
        }
    }

    private static void size(int length, int expected) throws Http2Failure {
        if (length != expected) {
            throw new Http2Failure(
                    ConnectionEnd.HTTP2_FRAME_SIZE, "frame length: " + length + " (expected: " + expected + ")");
        }
    }
}

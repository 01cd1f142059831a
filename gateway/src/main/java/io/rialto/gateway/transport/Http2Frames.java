package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Error;
import java.nio.charset.StandardCharsets;

/** Writes frames (RFC 9113, section 6) into a buffer. */
final class Http2Frames {
    /** Room for any frame here with at most 8 bytes of content. */
    static final int SMALL = 32;

    static final int SETTINGS_ROOM = 64;

    private Http2Frames() {}

    private static void header(ByteBuf out, int length, byte type, int flags, int stream) {
        out.writeMedium(length).writeByte(type).writeByte(flags).writeInt(stream);
    }

    static void settings(ByteBuf out, int streams, int window, int headerListBytes) {
        header(out, 18, Http2Reader.SETTINGS, 0, 0);
        out.writeShort(Http2CodecUtil.SETTINGS_MAX_CONCURRENT_STREAMS).writeInt(streams);
        out.writeShort(Http2CodecUtil.SETTINGS_INITIAL_WINDOW_SIZE).writeInt(window);
        out.writeShort(Http2CodecUtil.SETTINGS_MAX_HEADER_LIST_SIZE).writeInt(headerListBytes);
    }

    static void settingsAck(ByteBuf out) {
        header(out, 0, Http2Reader.SETTINGS, Http2Reader.ACK, 0);
    }

    static void windowUpdate(ByteBuf out, int stream, int increment) {
        header(out, 4, Http2Reader.WINDOW_UPDATE, 0, stream);
        out.writeInt(increment);
    }

    static void ping(ByteBuf out, boolean ack, long content) {
        header(out, 8, Http2Reader.PING, ack ? Http2Reader.ACK : 0, 0);
        out.writeLong(content);
    }

    static void reset(ByteBuf out, int stream, Http2Error error) {
        header(out, 4, Http2Reader.RST_STREAM, 0, stream);
        out.writeInt((int) error.code());
    }

    static void goAway(ByteBuf out, int lastStream, Http2Error error, String message) {
        byte[] text = message.getBytes(StandardCharsets.US_ASCII);
        header(out, 8 + text.length, Http2Reader.GOAWAY, 0, 0);
        out.writeInt(lastStream).writeInt((int) error.code()).writeBytes(text);
    }

    /** The header of a DATA frame; its content follows. */
    static void data(ByteBuf out, int stream, int length, boolean ends) {
        header(out, length, Http2Reader.DATA, ends ? Http2Reader.END_STREAM : 0, stream);
    }

    /** Completes a header block that was written behind the room for one frame header at {@code at}. */
    static void endHeaders(ByteBuf out, int at, int stream, boolean ends) {
        int length = out.writerIndex() - at - Http2Reader.FRAME_HEADER;
        int flags = ends ? Http2Reader.END_STREAM : 0;
        if (length <= Http2Reader.MAX_FRAME) {
            int end = out.writerIndex();
            out.writerIndex(at);
            header(out, length, Http2Reader.HEADERS, flags | Http2Reader.END_HEADERS, stream);
            out.writerIndex(end);
            return;
        }
        byte[] block = new byte[length];
        out.getBytes(at + Http2Reader.FRAME_HEADER, block);
        out.writerIndex(at);
        for (int from = 0; from < length; from += Http2Reader.MAX_FRAME) {
            int part = Math.min(Http2Reader.MAX_FRAME, length - from);
            int last = from + part == length ? Http2Reader.END_HEADERS : 0;
            header(
                    out,
                    part,
                    from == 0 ? Http2Reader.HEADERS : Http2Reader.CONTINUATION,
                    (from == 0 ? flags : 0) | last,
                    stream);
            out.writeBytes(block, from, part);
        }
    }
}

package io.rialto.gateway.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.http.PrintableText;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Writes the requests of one backend's connections; what is the same for each is encoded once. On one loop only. */
final class Http1Requests {
    /** A body up to this is copied behind its head: one buffer and one write cost less than two. */
    static final int COPIED_BODY = 8 << 10;

    /** Room for the head of most calls; grows for others. */
    private static final int FIRST_HEAD = 2 << 10;

    private static final AsciiString POST = AsciiString.cached("POST");
    private static final byte[] CONTENT_LENGTH = "content-length: ".getBytes(StandardCharsets.US_ASCII);

    private final byte[] afterPath;
    private byte[] scratch = new byte[FIRST_HEAD];
    private int length;

    Http1Requests(String host) {
        afterPath = (" HTTP/1.1\r\nhost: " + host + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * The request in one buffer, without the body where that is over {@link #COPIED_BODY}; null where path or a header
     * cannot be written as HTTP/1.1.
     */
    @Nullable
    ByteBuf encode(ByteBufAllocator allocator, OutboundCall call) {
        length = 0;
        ByteBuf body = call.body();
        int bodyLength = body.readableBytes();
        if (!head(call, bodyLength)) {
            return null;
        }
        int copied = bodyLength <= COPIED_BODY ? bodyLength : 0;
        ByteBuf out = allocator.directBuffer(length + copied, length + copied);
        out.writeBytes(scratch, 0, length);
        if (copied > 0) {
            out.writeBytes(body, body.readerIndex(), copied);
        }
        return out;
    }

    private boolean head(OutboundCall call, int bodyLength) {
        put(call.method());
        put((byte) ' ');
        if (!path(call.path())) {
            return false;
        }
        put(afterPath);
        HeaderList headers = call.headers();
        for (int i = 0; i < headers.size(); i++) {
            AsciiString name = headers.name(i);
            AsciiString value = headers.value(i);
            if (ConnectionFields.isOne(name)) {
                continue;
            }
            put(name);
            put((byte) ':');
            put((byte) ' ');
            int from = length;
            put(value);
            if (!isFieldValue(from)) {
                return false;
            }
            put((byte) '\r');
            put((byte) '\n');
        }
        if (bodyLength > 0 || call.method().contentEquals(POST)) {
            // A POST without a body says so.
            put(CONTENT_LENGTH);
            number(bodyLength);
            put((byte) '\r');
            put((byte) '\n');
        }
        put((byte) '\r');
        put((byte) '\n');
        return true;
    }

    /** No value may end its own line, whoever made it. */
    private boolean isFieldValue(int from) {
        if (PrintableText.isAll(scratch, from, length - from)) {
            return true;
        }
        for (int i = from; i < length; i++) {
            byte b = scratch[i];
            if (b == '\r' || b == '\n' || b == 0) {
                return false;
            }
        }
        return true;
    }

    private boolean path(String path) {
        reserve(path.length());
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c <= ' ' || c >= 127) {
                return false;
            }
            scratch[length++] = (byte) c;
        }
        return !path.isEmpty();
    }

    private void number(int value) {
        put(AsciiString.of(Integer.toString(value)));
    }

    private void put(AsciiString text) {
        reserve(text.length());
        System.arraycopy(text.array(), text.arrayOffset(), scratch, length, text.length());
        length += text.length();
    }

    private void put(byte[] bytes) {
        reserve(bytes.length);
        System.arraycopy(bytes, 0, scratch, length, bytes.length);
        length += bytes.length;
    }

    private void put(byte b) {
        reserve(1);
        scratch[length++] = b;
    }

    private void reserve(int more) {
        if (length + more > scratch.length) {
            scratch = Arrays.copyOf(scratch, Math.max(scratch.length * 2, length + more));
        }
    }
}

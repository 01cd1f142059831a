package io.rialto.gateway.upstream;

import io.netty.util.AsciiString;
import io.rialto.gateway.http.FieldNames;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import org.jspecify.annotations.Nullable;

/**
 * The status line and fields of an HTTP/1.1 answer (RFC 9112), read from one array that the fields' texts then share.
 * Connection-level fields are understood and left out.
 */
final class Http1AnswerHead {
    private static final int MAX_FIELDS = 256;
    private static final AsciiString CONNECTION = FieldNames.of("connection");
    private static final AsciiString CONTENT_LENGTH = FieldNames.of("content-length");
    private static final AsciiString TRANSFER_ENCODING = FieldNames.of("transfer-encoding");
    private static final AsciiString KEEP_ALIVE = FieldNames.of("keep-alive");
    private static final AsciiString UPGRADE = FieldNames.of("upgrade");
    private static final AsciiString TRAILER = FieldNames.of("trailer");

    private final byte[] bytes;
    private int position;

    final HeaderList headers = new HeaderList(12);
    int status;

    /** -1 where there is none. */
    long contentLength = -1;

    boolean chunked;
    boolean keepAlive;

    private @Nullable AsciiString connection;

    /** Reads a head that ends with an empty line, which is included. */
    Http1AnswerHead(byte[] bytes) throws ProtocolException {
        this.bytes = bytes;
        readStatusLine();
        while (readField()) {
            if (headers.size() > MAX_FIELDS) {
                throw invalid("more than " + MAX_FIELDS + " fields");
            }
        }
        if (connection != null) {
            applyConnection(connection);
        }
        if (chunked && contentLength >= 0) {
            throw invalid("content-length and transfer-encoding together");
        }
    }

    static ProtocolException invalid(String what) {
        return new ProtocolException(Reason.BACKEND_INVALID, "the backend's answer has " + what);
    }

    private void readStatusLine() throws ProtocolException {
        int end = lineEnd();
        boolean shaped = end >= 12
                && bytes[0] == 'H'
                && bytes[1] == 'T'
                && bytes[2] == 'T'
                && bytes[3] == 'P'
                && bytes[4] == '/'
                && bytes[5] == '1'
                && bytes[6] == '.'
                && (bytes[7] == '0' || bytes[7] == '1')
                && bytes[8] == ' '
                && (end == 12 || bytes[12] == ' ');
        int value = 0;
        for (int i = 9; shaped && i < 12; i++) {
            shaped = bytes[i] >= '0' && bytes[i] <= '9';
            value = value * 10 + bytes[i] - '0';
        }
        if (!shaped || value < 100 || value > 599) {
            throw invalid("no status line (expected: HTTP/1.1 and a status of 100 to 599)");
        }
        status = value;
        keepAlive = bytes[7] == '1';
    }

    /** The end of the line at the position, without its line break; moves the position behind that. */
    private int lineEnd() {
        int end = position;
        while (bytes[end] != '\n') {
            end++;
        }
        position = end + 1;
        return end > 0 && bytes[end - 1] == '\r' ? end - 1 : end;
    }

    private boolean readField() throws ProtocolException {
        int start = position;
        int end = lineEnd();
        if (end <= start) {
            return false;
        }
        int colon = start;
        while (colon < end && bytes[colon] != ':') {
            byte lower = lowerToken(bytes[colon]);
            if (lower == 0) {
                throw invalid("a malformed field name");
            }
            bytes[colon++] = lower;
        }
        if (colon == end || colon == start) {
            throw invalid("a field without name or colon");
        }
        int from = colon + 1;
        int to = end;
        while (from < to && isBlank(bytes[from])) {
            from++;
        }
        while (to > from && isBlank(bytes[to - 1])) {
            to--;
        }
        for (int i = from; i < to; i++) {
            byte b = bytes[i];
            if (b >= 0 && b < ' ' && b != '\t' || b == 127) {
                throw invalid("a control character in a field");
            }
        }
        take(HeaderNameTable.name(bytes, start, colon - start), new AsciiString(bytes, from, to - from, false));
        return true;
    }

    /** Interned names make these comparisons of references. */
    private void take(AsciiString name, AsciiString value) throws ProtocolException {
        if (name.contentEquals(CONTENT_LENGTH)) {
            long length = length(value);
            if (contentLength >= 0 && contentLength != length) {
                throw invalid("two different content-length fields");
            }
            contentLength = length;
        } else if (name.contentEquals(TRANSFER_ENCODING)) {
            if (chunked || !value.contentEqualsIgnoreCase("chunked")) {
                throw invalid("transfer-encoding: " + value + " (expected: chunked)");
            }
            chunked = true;
        } else if (name.contentEquals(CONNECTION)) {
            connection = connection == null ? value : new AsciiString(connection + "," + value);
        } else if (!name.contentEquals(KEEP_ALIVE) && !name.contentEquals(UPGRADE) && !name.contentEquals(TRAILER)) {
            headers.add(name, value);
        }
    }

    private void applyConnection(AsciiString tokens) {
        for (AsciiString token : tokens.split(',')) {
            AsciiString name = token.trim().toLowerCase();
            if (name.contentEquals("close")) {
                keepAlive = false;
                return;
            }
            if (name.contentEquals(KEEP_ALIVE)) {
                keepAlive = true;
            } else if (!name.isEmpty()) {
                headers.remove(name);
            }
        }
    }

    private static long length(AsciiString value) throws ProtocolException {
        long length = 0;
        // 18 digits fit a long.
        boolean number = !value.isEmpty() && value.length() <= 18;
        for (int i = 0; number && i < value.length(); i++) {
            byte b = value.byteAt(i);
            number = b >= '0' && b <= '9';
            length = length * 10 + b - '0';
        }
        if (!number) {
            throw invalid("content-length: " + value + " (expected: a number)");
        }
        return length;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    /** A character of a token in lower case, or 0. */
    private static byte lowerToken(byte b) {
        if (b >= 'a' && b <= 'z' || b == '-' || b >= '0' && b <= '9') {
            return b;
        }
        if (b >= 'A' && b <= 'Z') {
            return (byte) (b + 32);
        }
        return b > 0 && "!#$%&'*+.^_`|~".indexOf(b) >= 0 ? b : 0;
    }
}

package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.http.PrintableText;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import org.jspecify.annotations.Nullable;

/**
 * The head of an HTTP/1.1 request (RFC 9112), read strictly: what the grammar does not allow is refused, also where the
 * RFC lets a server be lenient, because each leniency is a way for two servers in a row to disagree about where a request
 * ends. So: lines end in CR LF only, no folded lines, no space before a colon, one Host, one length.
 *
 * @param length of the body; {@link #CHUNKED} if it comes in chunks
 */
record Http1Head(
        AsciiString method,
        String target,
        HeaderList headers,
        long length,
        boolean keepAlive,
        boolean expectsContinue) {
    static final long CHUNKED = -1;

    private static final AsciiString HTTP_1_1 = AsciiString.cached("HTTP/1.1");
    private static final AsciiString HTTP_1_0 = AsciiString.cached("HTTP/1.0");
    private static final AsciiString CHUNKED_CODING = AsciiString.cached("chunked");
    private static final AsciiString CONTINUE = AsciiString.cached("100-continue");
    private static final AsciiString CLOSE = AsciiString.cached("close");

    /**
     * Reads a head.
     *
     * @param length its bytes from the buffer's reader index, up to and with the empty line
     */
    static Http1Head read(ByteBuf in, int length, int maxFields) throws ProtocolException {
        byte[] bytes = new byte[length];
        in.readBytes(bytes);
        int end = lineEnd(bytes, 0);
        int afterMethod = indexOf(bytes, ' ', 0, end);
        int afterTarget = indexOf(bytes, ' ', afterMethod + 1, end);
        if (afterMethod < 0 || afterTarget < 0) {
            throw malformed("the request line is not: method, target, version");
        }
        AsciiString method = new AsciiString(bytes, 0, afterMethod, false);
        AsciiString target = new AsciiString(bytes, afterMethod + 1, afterTarget - afterMethod - 1, false);
        AsciiString version = new AsciiString(bytes, afterTarget + 1, end - afterTarget - 1, false);
        if (!FieldRules.isMethod(method)) {
            throw malformed("the method is not a word in capitals, or asks for a tunnel");
        }
        if (!FieldRules.isTarget(target)) {
            throw malformed("the target is not a path from the root");
        }
        boolean current = version.equals(HTTP_1_1);
        if (!current && !version.equals(HTTP_1_0)) {
            throw malformed("the version is not HTTP/1.1");
        }
        HeaderList headers = fields(bytes, end + 2, maxFields);
        return checked(method, target.toString(), headers, current);
    }

    private static HeaderList fields(byte[] bytes, int from, int maxFields) throws ProtocolException {
        HeaderList headers = new HeaderList();
        int at = from;
        while (bytes[at] != '\r' || at + 2 < bytes.length) {
            // Nearly all lines are printable up to their end, and so are their values.
            int printable = PrintableText.end(bytes, at, bytes.length);
            boolean plain = isLineEnd(bytes, printable);
            int end = plain ? printable : lineEnd(bytes, at);
            int colon = indexOf(bytes, ':', at, end);
            // A folded line and a space before the colon fail here: a space is in no token.
            AsciiString name = colon < 0 ? null : FieldRules.known(bytes, at, colon - at);
            if (name == null && (colon < 0 || !FieldRules.lowerCaseName(bytes, at, colon - at))) {
                throw malformed("a header line does not begin with a name and a colon");
            }
            int first = colon + 1;
            int last = end;
            while (first < last && FieldRules.isSpace(bytes[first])) {
                first++;
            }
            while (last > first && FieldRules.isSpace(bytes[last - 1])) {
                last--;
            }
            AsciiString value = new AsciiString(bytes, first, last - first, false);
            if (!plain && !FieldRules.isValue(value)) {
                throw malformed("a header's value holds a control character");
            }
            if (headers.size() == maxFields) {
                throw new ProtocolException(Reason.HEADERS_TOO_LARGE, "more than " + maxFields + " headers");
            }
            headers.add(name == null ? FieldRules.name(bytes, at, colon - at) : name, value);
            at = end + 2;
        }
        return headers;
    }

    private static Http1Head checked(AsciiString method, String target, HeaderList headers, boolean current)
            throws ProtocolException {
        AsciiString host = only(headers, HttpHeaderNames.HOST);
        if (host == null ? current : !FieldRules.isHost(host)) {
            throw malformed("host is missing or not valid");
        }
        AsciiString coding = only(headers, HttpHeaderNames.TRANSFER_ENCODING);
        AsciiString declared = only(headers, HttpHeaderNames.CONTENT_LENGTH);
        long length = 0;
        if (coding != null) {
            if (declared != null || !current || !coding.contentEqualsIgnoreCase(CHUNKED_CODING)) {
                throw malformed("transfer-encoding is not chunked alone, or stands beside content-length or HTTP/1.0");
            }
            length = CHUNKED;
        } else if (declared != null) {
            length = FieldRules.length(declared);
            if (length < 0) {
                throw malformed("content-length is not one number");
            }
        }
        AsciiString expect = only(headers, HttpHeaderNames.EXPECT);
        if (expect != null && !expect.contentEqualsIgnoreCase(CONTINUE)) {
            throw malformed("expect is not 100-continue");
        }
        boolean keepAlive = current && !closes(headers);
        return new Http1Head(method, target, headers, length, keepAlive, current && expect != null && length != 0);
    }

    /** The one value of a field, or null. */
    private static @Nullable AsciiString only(HeaderList headers, AsciiString name) throws ProtocolException {
        int index = headers.indexOf(name, 0);
        if (index >= 0 && headers.indexOf(name, index + 1) >= 0) {
            throw malformed(name + " comes twice");
        }
        return index < 0 ? null : headers.value(index);
    }

    private static boolean closes(HeaderList headers) {
        int index = headers.indexOf(HttpHeaderNames.CONNECTION, 0);
        while (index >= 0) {
            // "close" may stand in a list; a longer word that holds it ends the connection too, which harms nobody.
            if (AsciiString.containsIgnoreCase(headers.value(index), CLOSE)) {
                return true;
            }
            index = headers.indexOf(HttpHeaderNames.CONNECTION, index + 1);
        }
        return false;
    }

    private static boolean isLineEnd(byte[] bytes, int at) {
        return at + 1 < bytes.length && bytes[at] == '\r' && bytes[at + 1] == '\n';
    }

    /** Where the line's CR LF is. An LF without CR before it, and a CR elsewhere, are in no token, target or value. */
    private static int lineEnd(byte[] bytes, int from) throws ProtocolException {
        int lineFeed = indexOf(bytes, '\n', from, bytes.length);
        if (lineFeed <= from || bytes[lineFeed - 1] != '\r') {
            throw malformed("a line does not end in CR LF");
        }
        return lineFeed - 1;
    }

    private static int indexOf(byte[] bytes, char wanted, int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] == wanted) {
                return i;
            }
        }
        return -1;
    }

    private static ProtocolException malformed(String message) {
        return new ProtocolException(Reason.MALFORMED_FRAME, message);
    }
}

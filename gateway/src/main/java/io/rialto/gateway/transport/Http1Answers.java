package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import java.nio.charset.StandardCharsets;

/** Writes heads of HTTP/1.1 answers. */
final class Http1Answers {
    private static final byte[] CONTINUE = ascii("HTTP/1.1 100 Continue\r\n\r\n");
    static final int CONTINUE_BYTES = CONTINUE.length;

    private static final int MAX_STATUS = 600;
    private static final byte[][] STATUS_LINES = new byte[MAX_STATUS][];
    private static final byte[] CONTENT_LENGTH = ascii("content-length: ");
    private static final byte[] CLOSE = ascii("connection: close\r\n");

    static {
        for (int status = 200; status < MAX_STATUS; status++) {
            String phrase = HttpResponseStatus.valueOf(status).reasonPhrase();
            STATUS_LINES[status] = ascii("HTTP/1.1 " + status + " " + phrase + "\r\n");
        }
    }

    private Http1Answers() {}

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static void goOn(ByteBuf out) {
        out.writeBytes(CONTINUE);
    }

    static boolean isBodiless(int status) {
        return status == 204 || status == 304;
    }

    static int bound(HeaderList fields) {
        int bound = 128;
        for (int i = 0; i < fields.size(); i++) {
            bound += fields.name(i).length() + fields.value(i).length() + 4;
        }
        return bound;
    }

    static void head(ByteBuf out, int status, HeaderList fields, int length, boolean head, boolean close) {
        out.writeBytes(STATUS_LINES[status]);
        boolean declared = false;
        for (int i = 0; i < fields.size(); i++) {
            AsciiString name = fields.name(i);
            if (name.equals(HttpHeaderNames.CONTENT_LENGTH)) {
                // The answer to HEAD may say how long the body would be; any other length is that of the body.
                if (!head || declared || FieldRules.length(fields.value(i)) < 0) {
                    continue;
                }
                declared = true;
            }
            if (!FieldRules.isHopByHop(name) && FieldRules.isValue(fields.value(i))) {
                text(out, name);
                out.writeByte(':').writeByte(' ');
                text(out, fields.value(i));
                out.writeByte('\r').writeByte('\n');
            }
        }
        if (!declared && !isBodiless(status)) {
            out.writeBytes(CONTENT_LENGTH);
            number(out, length);
            out.writeByte('\r').writeByte('\n');
        }
        if (close) {
            out.writeBytes(CLOSE);
        }
        out.writeByte('\r').writeByte('\n');
    }

    private static void text(ByteBuf out, AsciiString text) {
        out.writeBytes(text.array(), text.arrayOffset(), text.length());
    }

    private static void number(ByteBuf out, int value) {
        int unit = 1;
        while (value / unit >= 10) {
            unit *= 10;
        }
        for (; unit > 0; unit /= 10) {
            out.writeByte('0' + value / unit % 10);
        }
    }
}

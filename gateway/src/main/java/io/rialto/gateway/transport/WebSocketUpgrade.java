package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** The opening handshake of a WebSocket (RFC 6455, section 4.2), for streams. */
final class WebSocketUpgrade {
    static final AsciiString PROTOCOL = AsciiString.cached("rialto.sync.1");
    static final AsciiString VERSION = AsciiString.cached("13");
    static final AsciiString VERSION_NAME = AsciiString.cached("sec-websocket-version");

    private static final AsciiString UPGRADE = AsciiString.cached("upgrade");
    private static final AsciiString CONNECTION = AsciiString.cached("connection");
    private static final AsciiString KEY = AsciiString.cached("sec-websocket-key");
    private static final AsciiString PROTOCOLS = AsciiString.cached("sec-websocket-protocol");
    private static final AsciiString WEBSOCKET = AsciiString.cached("websocket");
    private static final AsciiString GET = AsciiString.cached("GET");

    /** RFC 6455, section 1.3. */
    private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private static final int KEY_BYTES = 16;

    private WebSocketUpgrade() {}

    /** Whether a request asks for a WebSocket. */
    static boolean isAsked(Http1Call call) {
        AsciiString upgrade = call.headers.get(UPGRADE);
        return upgrade != null && call.method.equals(GET) && upgrade.contentEqualsIgnoreCase(WEBSOCKET);
    }

    static boolean isVersion(Http1Call call) {
        return VERSION.equals(call.headers.get(VERSION_NAME));
    }

    /** What {@code sec-websocket-accept} answers. */
    static String accept(HeaderList headers) throws ProtocolException {
        if (!lists(headers.get(CONNECTION), UPGRADE)) {
            throw malformed("connection does not say upgrade");
        }
        if (!lists(headers.get(PROTOCOLS), PROTOCOL)) {
            throw malformed("sec-websocket-protocol: " + headers.get(PROTOCOLS) + " (expected: " + PROTOCOL + ")");
        }
        AsciiString key = headers.get(KEY);
        try {
            if (key == null || Base64.getDecoder().decode(key.toString()).length != KEY_BYTES) {
                throw malformed("sec-websocket-key is not 16 bytes");
            }
            MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
            byte[] digest = sha1.digest((key + GUID).getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(digest);
        } catch (IllegalArgumentException e) {
            throw malformed("sec-websocket-key is not base64");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-1 is missing from this platform", e);
        }
    }

    /** Whether a list of words holds one, in any case. */
    private static boolean lists(@Nullable AsciiString list, AsciiString word) {
        if (list != null) {
            for (AsciiString each : list.split(',')) {
                if (each.trim().contentEqualsIgnoreCase(word)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static ProtocolException malformed(String found) {
        return new ProtocolException(Reason.MALFORMED_FRAME, "WebSocket: " + found);
    }

    static void write(ByteBuf out, String accept) {
        out.writeCharSequence(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
                        + "sec-websocket-protocol: " + PROTOCOL + "\r\nsec-websocket-accept: " + accept + "\r\n\r\n",
                StandardCharsets.US_ASCII);
    }
}

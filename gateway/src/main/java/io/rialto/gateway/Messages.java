package io.rialto.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.util.AsciiString;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;

/** From a request's body to the message of the operation: decompressed, without gRPC's frame, within the limit. */
final class Messages {
    private Messages() {}

    static void unwrap(Exchange x, int maxBytes) throws ProtocolException {
        // What is over the limit compressed is not worth inflating; gRPC's head does not count.
        int head = x.framing == Exchange.Framing.GRPC ? GrpcFrames.HEAD : 0;
        if (x.body.readableBytes() > maxBytes + head) {
            throw tooLarge(x.body.readableBytes(), maxBytes);
        }
        AsciiString encoding = x.headers.get(Names.CONTENT_ENCODING);
        if (encoding != null && !encoding.contentEquals("identity")) {
            inflate(x, encoding, maxBytes + head);
        }
        if (x.framing == Exchange.Framing.GRPC && GrpcFrames.isCompressed(x.body)) {
            AsciiString inner = x.headers.get(Names.GRPC_ENCODING);
            inflate(x, inner == null ? AsciiString.EMPTY_STRING : inner, maxBytes);
        }
    }

    private static void inflate(Exchange x, AsciiString encoding, int maxBytes) throws ProtocolException {
        ByteBuf inflated;
        if (encoding.contentEquals("gzip")) {
            inflated = Inflate.gzip(x.body, maxBytes);
        } else if (encoding.contentEquals("zstd")) {
            inflated = Inflate.zstd(x.body, maxBytes);
        } else {
            throw new ProtocolException(
                    Reason.UNSUPPORTED_MEDIA, "encoding: " + encoding + " (expected: gzip, zstd or identity)");
        }
        x.replaceBody(inflated);
    }

    static ProtocolException tooLarge(int bytes, int most) {
        return new ProtocolException(
                Reason.BODY_TOO_LARGE, "body: " + bytes + " bytes (expected: at most " + most + ")");
    }
}

package io.rialto.gateway;

import com.github.luben.zstd.ZstdInputStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import io.netty.buffer.Unpooled;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;

/** Decompresses bodies up to a bound, so that a small body cannot become a large one in memory. */
final class Inflate {
    /** 2^23, 8 MiB: the window that RFC 9659 lets senders use; a larger one is a demand on memory. */
    private static final int MAX_WINDOW_LOG = 23;

    private Inflate() {}

    /** The decompressed body, new; the given one is only read. */
    static ByteBuf gzip(ByteBuf body, int maxBytes) throws ProtocolException {
        try (InputStream in = new GZIPInputStream(new ByteBufInputStream(body.duplicate()))) {
            return read(in, maxBytes);
        } catch (IOException malformed) {
            throw malformed("gzip", malformed);
        }
    }

    static ByteBuf zstd(ByteBuf body, int maxBytes) throws ProtocolException {
        try (ZstdInputStream in = new ZstdInputStream(new ByteBufInputStream(body.duplicate()))) {
            in.setLongMax(MAX_WINDOW_LOG);
            return read(in, maxBytes);
        } catch (IOException malformed) {
            throw malformed("zstd", malformed);
        }
    }

    private static ByteBuf read(InputStream in, int maxBytes) throws IOException, ProtocolException {
        byte[] bytes = in.readNBytes(maxBytes + 1);
        if (bytes.length > maxBytes) {
            throw new ProtocolException(
                    Reason.BODY_TOO_LARGE,
                    "body: decompresses to over " + maxBytes + " bytes (expected: at most that)");
        }
        return Unpooled.wrappedBuffer(bytes);
    }

    private static ProtocolException malformed(String encoding, IOException cause) {
        return new ProtocolException(
                Reason.INVALID_BODY,
                "body: not " + encoding + ", " + cause.getMessage() + " (expected: as content-encoding says)");
    }
}

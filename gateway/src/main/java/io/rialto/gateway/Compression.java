package io.rialto.gateway;

import com.github.luben.zstd.Zstd;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.FieldNames;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** Compresses answers by {@code accept-encoding}, before they are sealed. */
final class Compression implements AnswerStep {
    /** Below it a packet is saved by nothing. */
    private static final int MIN_BYTES = 1024;

    /** Above it the loop would be held up for milliseconds; such answers go as they are. */
    private static final int MAX_BYTES = 512 * 1024;

    /** About as small as gzip makes it, in a third of the time. */
    private static final int ZSTD_LEVEL = 1;

    private static final AsciiString ZSTD = AsciiString.cached("zstd");
    private static final AsciiString GZIP = AsciiString.cached("gzip");
    private static final AsciiString ACCEPT_ENCODING = FieldNames.of("accept-encoding");

    @Override
    public void take(Exchange x) {
        int size = x.answerBody.readableBytes();
        AsciiString accepted = x.headers.get(Names.ACCEPT_ENCODING);
        boolean fits = size >= MIN_BYTES && size <= MAX_BYTES && x.framing == Exchange.Framing.PLAIN;
        if (!fits
                || accepted == null
                || x.answerHeaders.contains(Names.CONTENT_ENCODING)
                || !isText(x.answerHeaders.get(Names.CONTENT_TYPE))) {
            return;
        }
        String offers = accepted.toString().toLowerCase(Locale.ROOT);
        AsciiString encoding = accepts(offers, "zstd") ? ZSTD : accepts(offers, "gzip") ? GZIP : null;
        if (encoding == null) {
            return;
        }
        byte[] bytes = new byte[size];
        x.answerBody.getBytes(x.answerBody.readerIndex(), bytes);
        byte[] compressed = encoding.equals(ZSTD) ? Zstd.compress(bytes, ZSTD_LEVEL) : gzip(bytes);
        if (compressed.length >= size) {
            return;
        }
        ByteBuf plain = x.answerBody;
        x.answerBody = Unpooled.wrappedBuffer(compressed);
        plain.release();
        x.answerHeaders.add(Names.CONTENT_ENCODING, encoding).add(Names.VARY, ACCEPT_ENCODING);
    }

    private static boolean isText(@Nullable AsciiString type) {
        return type != null
                && (type.startsWith(Names.JSON) || type.contentEquals(Names.PROTO) || type.startsWith("text/"));
    }

    /** Whether a coding is among the offers and not with {@code q=0}. */
    static boolean accepts(String offers, String coding) {
        for (String offer : offers.split(",", -1)) {
            String[] parts = offer.strip().split(";", -1);
            if (parts[0].strip().equals(coding)) {
                return parts.length == 1 || !parts[1].strip().matches("q=0(\\.0*)?");
            }
        }
        return false;
    }

    private static byte[] gzip(byte[] bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length / 2);
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        } catch (IOException e) {
            throw new IllegalStateException("memory does not fail", e);
        }
        return out.toByteArray();
    }
}

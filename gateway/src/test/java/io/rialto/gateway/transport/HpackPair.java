package io.rialto.gateway.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;

/** Our reader of header blocks beside Netty's, for one connection. */
final class HpackPair {
    private final HpackReader reader = new HpackReader(new CommonValues());
    private final RequestFields ours = new RequestFields(TestGateway.strict().limits());
    private final RequestFields theirs = new RequestFields(TestGateway.strict().limits());
    private final DefaultHttp2HeadersDecoder decoder =
            new DefaultHttp2HeadersDecoder(false, false, Http2CodecUtil.MAX_HEADER_LIST_SIZE) {
                @Override
                protected Http2Headers newHeaders() {
                    return new DefaultHttp2Headers(false, false, 2) {
                        @Override
                        public Http2Headers add(CharSequence name, CharSequence value) {
                            theirs.add(
                                    AsciiString.of(name),
                                    AsciiString.of(value),
                                    HpackTable.flags(AsciiString.of(name), AsciiString.of(value)));
                            return this;
                        }
                    };
                }
            };

    /** A block with one field as Netty writes it: in Huffman's code where that is shorter, never indexed or as it likes. */
    static byte[] encoded(AsciiString name, AsciiString value, boolean never) {
        Http2Headers headers = new DefaultHttp2Headers(false).add(name, value);
        ByteBuf out = Unpooled.buffer();
        try {
            new DefaultHttp2HeadersEncoder((n, v) -> never, true, 16, 0).encodeHeaders(1, headers, out);
        } catch (Http2Exception e) {
            throw new AssertionError(e);
        }
        byte[] block = new byte[out.readableBytes()];
        out.readBytes(block);
        return block;
    }

    /** Lets both read a block; whether they took it, which they must agree on. */
    boolean read(byte[] block) {
        boolean taken = true;
        byte[] array = new byte[block.length + 3];
        System.arraycopy(block, 0, array, 1, block.length);
        ours.start();
        theirs.start();
        try {
            reader.read(array, 1, block.length, ours);
        } catch (Http2Failure failure) {
            assertThat(failure.end()).isEqualTo(ConnectionEnd.HTTP2_COMPRESSION);
            taken = false;
        }
        boolean theyTook = true;
        try {
            decoder.decodeHeaders(1, Unpooled.wrappedBuffer(block));
        } catch (Http2Exception refused) {
            theyTook = false;
        }
        assertThat(taken).isEqualTo(theyTook);
        return taken;
    }

    String ours() {
        return text(ours);
    }

    String theirs() {
        return text(theirs);
    }

    private static String text(RequestFields fields) {
        StringBuilder text = new StringBuilder()
                .append(fields.requestMethod())
                .append(' ')
                .append(fields.target())
                .append(' ')
                .append(fields.isTooLarge())
                .append(' ')
                .append(fields.trailerProblem());
        for (int i = 0; i < fields.fields().size(); i++) {
            text.append('\n')
                    .append(fields.fields().name(i))
                    .append(": ")
                    .append(fields.fields().value(i));
        }
        return text.toString();
    }
}

package io.rialto.gateway.upstream;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.rialto.protocol.ProtocolException;
import java.nio.charset.StandardCharsets;

/** An answer reads the same whole and in pieces, and never reads past its limits. */
class Http1AnswerFuzzTest {
    private static final int MAX_BODY = 1_024;

    @FuzzTest
    void reads_the_same_whole_and_in_pieces(FuzzedDataProvider data) {
        int piece = data.consumeInt(1, 16);
        boolean head = data.consumeBoolean();
        byte[] bytes = data.consumeRemainingAsBytes();
        String whole = read(bytes, bytes.length + 1, head);
        String pieces = read(bytes, piece, head);
        if (!whole.equals(pieces)) {
            throw new AssertionError("whole: " + whole + "; in pieces of " + piece + ": " + pieces);
        }
    }

    private static String read(byte[] bytes, int piece, boolean head) {
        Http1AnswerParser parser = new Http1AnswerParser(UnpooledByteBufAllocator.DEFAULT, MAX_BODY);
        parser.start(head);
        ByteBuf all = Unpooled.wrappedBuffer(bytes);
        try {
            boolean done = false;
            while (!done && all.isReadable()) {
                ByteBuf next = all.slice(all.readerIndex(), Math.min(piece, all.readableBytes()));
                int before = next.readableBytes();
                done = parser.read(next);
                all.skipBytes(before - next.readableBytes());
            }
            if (!done && !parser.end()) {
                return "incomplete";
            }
            ByteBuf body = parser.takeBody();
            String text = body.toString(StandardCharsets.ISO_8859_1);
            body.release();
            if (text.length() > MAX_BODY) {
                throw new AssertionError(text.length() + " bytes of body (expected: at most " + MAX_BODY + ")");
            }
            return parser.status() + " " + parser.headers() + " " + parser.keepAlive() + " " + text + " then "
                    + all.readableBytes();
        } catch (ProtocolException refused) {
            return refused.reason().toString();
        } finally {
            parser.release();
        }
    }
}

package io.rialto.gateway.transport;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.rialto.protocol.ProtocolException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

final class MessageCutterFuzzTest {
    private final List<byte[]> messages = new ArrayList<>();
    private final MessageCutter cutter = new MessageCutter();

    @FuzzTest
    void however_bytes_are_cut_the_messages_are_the_same(FuzzedDataProvider data) {
        messages.clear();
        Cuts cuts = new Cuts(data.consumeBytes(16));
        byte[] bytes = data.consumeRemainingAsBytes();
        List<byte[]> expected = new ArrayList<>();
        boolean valid = whole(bytes, expected);
        boolean taken = true;
        for (int from = 0; taken && from < bytes.length; ) {
            int length = Math.min(cuts.length(), bytes.length - from);
            taken = pieces(Unpooled.wrappedBuffer(bytes), from, length);
            from += length;
        }
        assertThat(taken).isEqualTo(valid);
        assertThat(messages).hasSameSizeAs(expected);
        int used = 0;
        for (int i = 0; i < expected.size(); i++) {
            assertThat(messages.get(i)).isEqualTo(expected.get(i));
            used += MessageCutter.PREFIX + expected.get(i).length;
        }
        if (valid) {
            assertThat(cutter.held()).isEqualTo(bytes.length - used);
        }
        cutter.release();
        assertThat(cutter.held()).isZero();
    }

    private boolean pieces(ByteBuf in, int from, int length) {
        cutter.append(UnpooledByteBufAllocator.DEFAULT, in, from, length);
        try {
            for (ByteBuf next = cutter.next(); next != null; next = cutter.next()) {
                byte[] message = new byte[next.readableBytes() - MessageCutter.PREFIX];
                next.skipBytes(MessageCutter.PREFIX).readBytes(message);
                messages.add(message);
            }
            return true;
        } catch (ProtocolException refused) {
            return false;
        } finally {
            cutter.trim();
        }
    }

    /** The same by a reader that has all bytes at once; false where they are no messages. */
    private static boolean whole(byte[] bytes, List<byte[]> into) {
        ByteBuffer all = ByteBuffer.wrap(bytes);
        while (all.remaining() >= MessageCutter.PREFIX) {
            int flag = all.get(all.position());
            long length = Integer.toUnsignedLong(all.getInt(all.position() + 1));
            if (flag != 0 || length > InboundStream.MAX_MESSAGE) {
                return false;
            }
            if (all.remaining() < MessageCutter.PREFIX + length) {
                return true;
            }
            byte[] message = new byte[(int) length];
            all.position(all.position() + MessageCutter.PREFIX).get(message);
            into.add(message);
        }
        return true;
    }
}

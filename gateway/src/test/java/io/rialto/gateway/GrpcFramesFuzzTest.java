package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;

final class GrpcFramesFuzzTest {
    @FuzzTest
    void any_bytes_are_one_message_or_malformed(byte[] bytes) {
        ByteBuf body = Unpooled.wrappedBuffer(bytes);
        try {
            boolean compressed = GrpcFrames.isCompressed(body);
            assertThat(body.readableBytes()).isEqualTo(bytes.length - GrpcFrames.HEAD);
            assertThat(compressed).isEqualTo(bytes[0] == 1);
        } catch (ProtocolException refused) {
            assertThat(refused.reason()).isEqualTo(Reason.MALFORMED_FRAME);
        }
    }
}

package io.rialto.starter;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.Struct;
import io.rialto.protocol.ProtocolException;

/** Any body in any format is a message or a refusal, and a message survives being written and read again. */
final class WireFormatFuzzTest {
    private static final MessageCodec CODEC = new MessageCodec.Proto(Struct.getDefaultInstance());

    @FuzzTest
    void reads_or_refuses(byte[] input) throws ProtocolException {
        if (input.length == 0) {
            return;
        }
        WireFormat[] formats = WireFormat.values();
        WireFormat format = formats[(input[0] & 0xff) % formats.length];
        byte[] body = java.util.Arrays.copyOfRange(input, 1, input.length);
        Object message;
        try {
            message = format.read(body, CODEC);
        } catch (ProtocolException e) {
            assertThat(e.reason()).isNotNull();
            return;
        }
        assertThat(WireFormat.GRPC.read(WireFormat.GRPC.write(message, CODEC), CODEC))
                .isEqualTo(message);
    }
}

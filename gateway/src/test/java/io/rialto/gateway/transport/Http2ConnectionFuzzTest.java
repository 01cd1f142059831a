package io.rialto.gateway.transport;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

final class Http2ConnectionFuzzTest {
    @FuzzTest
    void any_frames_are_bounded_and_leave_nothing(FuzzedDataProvider data) {
        byte[] cuts = data.consumeBytes(16);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(RawClient.PREFACE.getBytes(StandardCharsets.US_ASCII));
        bytes.writeBytes(new byte[] {0, 0, 0, Http2Reader.SETTINGS, 0, 0, 0, 0, 0});
        while (data.remainingBytes() > 0 && bytes.size() < 100_000) {
            byte[] content = content(data);
            int claimed = data.consumeInt(0, 49) > 0 ? content.length : data.consumeInt(0, 20_000);
            bytes.writeBytes(new byte[] {
                0,
                (byte) (claimed >> 8),
                (byte) claimed,
                data.consumeByte((byte) 0, (byte) 10),
                data.consumeByte(),
                0,
                0,
                0,
                (byte) data.consumeInt(0, 9)
            });
            bytes.writeBytes(content);
        }
        new FuzzedConnection().run(bytes.toByteArray(), new Cuts(cuts));
    }

    private static byte[] content(FuzzedDataProvider data) {
        return switch (data.consumeInt(0, 4)) {
            case 0 -> RawClient.request(data.consumeBoolean() ? "/h" : "/a");
            case 1 -> RawClient.block("content-length", "4");
            case 2 -> new byte[data.consumeInt(0, 9_000)];
            case 3 -> data.consumeBytes(8);
            default -> data.consumeBytes(400);
        };
    }
}

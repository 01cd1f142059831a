package io.rialto.protocol;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.Fetched;
import io.rialto.protocol.sync.ServerFrame;
import java.util.Arrays;

/** Whatever arrives as a frame of messages is read or refused, and what was read reads the same when written again. */
final class SyncFramesFuzzTest {
    private interface Codec {
        byte[] again(byte[] bytes) throws ProtocolException;
    }

    @FuzzTest
    void reads_or_refuses(byte[] data) {
        check(bytes -> DeviceFrame.decode(bytes).encode(), data);
        check(bytes -> ServerFrame.decode(bytes).encode(), data);
        check(bytes -> Fetched.decode(bytes).encode(), data);
        check(bytes -> Fetched.request(Fetched.decodeRequest(bytes)), data);
    }

    private static void check(Codec codec, byte[] data) {
        byte[] written;
        try {
            written = codec.again(data);
        } catch (ProtocolException e) {
            if (e.reason() != Reason.MALFORMED_FRAME) {
                throw new AssertionError(e);
            }
            return;
        }
        try {
            if (!Arrays.equals(codec.again(written), written)) {
                throw new AssertionError("what was read and written reads otherwise");
            }
        } catch (ProtocolException e) {
            throw new AssertionError("what was written is refused", e);
        }
    }
}

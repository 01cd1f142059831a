package io.rialto.gateway.transport;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.util.AsciiString;

/** Any blocks of a connection are read as Netty's decoder reads them, or refused as it refuses them. */
final class HpackReaderFuzzTest {
    private static final int MOST_BLOCKS = 50;

    @FuzzTest
    void blocks_have_one_meaning(FuzzedDataProvider data) {
        HpackPair pair = new HpackPair();
        for (int i = 0; i < MOST_BLOCKS && data.remainingBytes() > 0; i++) {
            byte[] block = data.consumeBoolean()
                    ? data.consumeBytes(data.consumeInt(0, 300))
                    : HpackPair.encoded(
                            new AsciiString(data.consumeBytes(20)),
                            new AsciiString(data.consumeBytes(60)),
                            data.consumeBoolean());
            if (!pair.read(block)) {
                return;
            }
            assertThat(pair.ours()).isEqualTo(pair.theirs());
        }
    }
}

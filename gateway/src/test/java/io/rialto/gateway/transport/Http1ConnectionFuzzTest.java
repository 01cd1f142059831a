package io.rialto.gateway.transport;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequestDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

final class Http1ConnectionFuzzTest {
    @FuzzTest
    void any_bytes_are_bounded_and_what_is_taken_another_parser_reads_the_same(FuzzedDataProvider data) {
        byte[] cuts = data.consumeBytes(16);
        byte[] bytes = data.consumeRemainingAsBytes();
        FuzzedConnection connection = new FuzzedConnection();
        connection.run(bytes, new Cuts(cuts));
        List<String> other = otherParser(bytes);
        int both = Math.min(other.size(), connection.calls.size());
        assertThat(connection.calls.subList(0, both)).isEqualTo(other.subList(0, both));
    }

    private static List<String> otherParser(byte[] bytes) {
        List<String> requests = new ArrayList<>();
        EmbeddedChannel channel = new EmbeddedChannel(new HttpRequestDecoder(), new HttpObjectAggregator(1 << 20));
        channel.writeInbound(Unpooled.wrappedBuffer(bytes));
        boolean valid = true;
        for (FullHttpRequest request = channel.readInbound(); request != null; request = channel.readInbound()) {
            valid &= request.decoderResult().isSuccess();
            if (valid) {
                requests.add(request.method() + " " + request.uri() + " "
                        + request.content().toString(StandardCharsets.ISO_8859_1));
            }
            request.release();
        }
        channel.finishAndReleaseAll();
        return requests;
    }
}

package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.StringValue;
import io.rialto.client.codec.ProtobufCodec;
import io.rialto.client.fake.FakeAnswer;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.Operation;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class CodecTest {
    interface Echo {
        @Operation(value = "echo.Echo/Say", idempotent = true)
        StringValue say(StringValue message);
    }

    @Test
    void protobuf_messages_travel_as_protobuf() {
        try (Fixture fixture = new Fixture()) {
            fixture.platform.handle(
                    "echo.Echo/Say",
                    call -> new FakeAnswer(200, Map.of("content-type", "application/proto"), call.body(), null));
            Rialto client = fixture.client(fixture.phone().codec(ProtobufCodec.of(StringValue.getDefaultInstance())));
            assertThat(client.service(Echo.class).say(StringValue.of("Grüße")).getValue())
                    .isEqualTo("Grüße");
            assertThat(fixture.platform.handled().get(0).headers())
                    .containsEntry(HeaderNames.CONTENT_TYPE, "application/proto");
        }
    }

    @Test
    void protobuf_that_is_none_is_refused() {
        ProtobufCodec codec = ProtobufCodec.of(StringValue.getDefaultInstance());
        assertThatThrownBy(() -> codec.decode(new byte[] {(byte) 0xff}, StringValue.class))
                .isInstanceOf(IOException.class);
        assertThat(codec.handles(String.class)).isFalse();
    }
}

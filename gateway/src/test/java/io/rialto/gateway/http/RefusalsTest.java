package io.rialto.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.AsciiString;
import io.rialto.protocol.Reason;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class RefusalsTest {
    @Test
    void writes_json_that_a_message_cannot_break() {
        Refusals.Refusal refusal = Refusals.of(Reason.REPLAYED_CALL, "a \"b\" \\ \n \ud800 é", false);
        assertThat(refusal.status()).isEqualTo(401);
        assertThat(refusal.body().toString(StandardCharsets.UTF_8))
                .isEqualTo("{\"code\": \"unauthenticated\", \"reason\": \"replayed_call\", "
                        + "\"message\": \"a \\\"b\\\" \\\\ \\u000A \\uD800 é\"}");
        assertThat(String.valueOf(refusal.headers().get(Refusals.REASON))).isEqualTo("replayed_call");
        refusal.body().release();
    }

    @Test
    void tells_grpc_by_status_and_percent_encoded_message() {
        Refusals.Refusal refusal = Refusals.of(Reason.UNKNOWN_OPERATION, "100% é", true);
        assertThat(refusal.status()).isEqualTo(200);
        assertThat(refusal.body().isReadable()).isFalse();
        assertThat(String.valueOf(refusal.headers().get(Refusals.GRPC_STATUS))).isEqualTo("12");
        assertThat(String.valueOf(refusal.headers().get(Refusals.GRPC_MESSAGE))).isEqualTo("100%25 %C3%A9");
        assertThat(String.valueOf(refusal.headers().get(Refusals.REASON))).isEqualTo("unknown_operation");
    }

    @Test
    void knows_grpc_by_content_type() {
        assertThat(Refusals.isGrpc(type("application/grpc"))).isTrue();
        assertThat(Refusals.isGrpc(type("application/grpc+proto"))).isTrue();
        assertThat(Refusals.isGrpc(type("application/grpc; a=b"))).isTrue();
        assertThat(Refusals.isGrpc(type("application/grpc-web"))).isFalse();
        assertThat(Refusals.isGrpc(new HeaderList())).isFalse();
    }

    private static HeaderList type(String value) {
        return new HeaderList().add(Refusals.CONTENT_TYPE, AsciiString.of(value));
    }
}

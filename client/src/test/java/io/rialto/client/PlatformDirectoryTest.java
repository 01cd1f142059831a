package io.rialto.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.client.codec.JsonCodec;
import io.rialto.client.http.HttpAnswer;
import io.rialto.client.http.HttpRequest;
import io.rialto.client.http.Transport;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Against the vector of docs/protocol.md, section 16. */
class PlatformDirectoryTest {
    private static final URI EAST = URI.create("https://east.example");
    private static final URI WEST = URI.create("https://west.example");

    private final Map<String, Object> vector = vector();
    private final String body = String.valueOf(vector.get("body"));
    private final String signature = String.valueOf(vector.get("signature"));
    private final byte[] key = Base64.getUrlDecoder().decode(String.valueOf(vector.get("public")));
    private final Map<String, HttpAnswer> answers = new HashMap<>();
    private final List<String> reports = new ArrayList<>();

    private static Map<String, Object> vector() {
        try {
            return JsonCodec.object(Files.readAllBytes(Path.of("..", "protocol", "vectors", "directory.json")));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private final Transport transport = new Transport() {
        @Override
        public HttpAnswer send(HttpRequest request) {
            return answers.getOrDefault(request.uri().getHost(), new HttpAnswer(404, Map.of(), new byte[0]));
        }

        @Override
        public void evictIdle() {}

        @Override
        public void close() {}
    };

    private void answer(URI gateway, String text, @Nullable String signedBy) {
        Map<String, String> headers = signedBy == null ? Map.of() : Map.of("rialto-directory-signature", signedBy);
        answers.put(gateway.getHost(), new HttpAnswer(200, headers, text.getBytes(StandardCharsets.UTF_8)));
    }

    private @Nullable String asked(Map<String, byte[]> keys) {
        Kept kept = new Kept(new InMemoryStorage(), "wallet", reports::add);
        Gateways gateways = new Gateways(List.of(EAST, WEST), kept, Clock.system());
        byte[] answer = new PlatformDirectory(transport, gateways, keys, kept).get();
        return answer == null ? null : new String(answer, StandardCharsets.UTF_8);
    }

    @Test
    void takes_what_a_pinned_key_signed() {
        answer(EAST, body, "d1;" + signature);
        assertThat(asked(Map.of("d0", new byte[32], "d1", key))).isEqualTo(body);
        assertThat(reports).isEmpty();
    }

    @Test
    void passes_over_what_is_unsigned_or_signed_otherwise_and_says_why() {
        answer(WEST, body, "d1;" + signature);
        answer(EAST, body, null);
        assertThat(asked(Map.of("d1", key))).isEqualTo(body);
        answer(EAST, body.replace("203", "204"), "d1;" + signature);
        assertThat(asked(Map.of("d1", key))).isEqualTo(body);
        answer(EAST, body, "d2;" + signature);
        assertThat(asked(Map.of("d1", key))).isEqualTo(body);
        answer(EAST, body, "d1;?");
        assertThat(asked(Map.of("d1", key))).isEqualTo(body);
        answer(EAST, body, signature);
        assertThat(asked(Map.of("d1", key))).isEqualTo(body);
        assertThat(reports).hasSize(5).allMatch(report -> report.startsWith("directory of https://east.example: "));
        assertThat(reports.get(0)).contains("unsigned");
        assertThat(reports.get(1)).contains("not of this answer");
        assertThat(reports.get(2)).contains("not pinned");
    }

    @Test
    void knows_nothing_where_nobody_signs_as_pinned() {
        answer(EAST, body, null);
        answer(WEST, body, "d1;" + signature.replace('A', 'B'));
        assertThat(asked(Map.of("d1", key))).isNull();
    }

    @Test
    void without_a_pinned_key_the_transport_says_whose_answer_it_is() {
        answer(EAST, body, null);
        assertThat(asked(Map.of())).isEqualTo(body);
    }

    @Test
    void a_key_that_is_none_fails_the_build() {
        assertThatThrownBy(
                        () -> Rialto.builder().directoryKey("d1", new byte[31]).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("directory key: 'd1' of 31 bytes");
    }
}

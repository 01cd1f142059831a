package io.rialto.protocol;

import static io.rialto.protocol.Vectors.hex;
import static io.rialto.protocol.Vectors.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.Fetched;
import io.rialto.protocol.sync.Receipt;
import io.rialto.protocol.sync.ServerFrame;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.protocol.sync.SyncMessage;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The vectors of messages' frames: bytes to values, values to the same bytes, and what is none. */
final class SyncFramesTest {
    static Stream<JsonNode> device() {
        return Vectors.cases("sync-frames", "device");
    }

    static Stream<JsonNode> server() {
        return Vectors.cases("sync-frames", "server");
    }

    static Stream<JsonNode> answers() {
        return Vectors.cases("sync-frames", "fetch-answers");
    }

    static Stream<JsonNode> invalid() {
        return Vectors.cases("sync-frames", "invalid");
    }

    @ParameterizedTest
    @MethodSource("device")
    void frames_of_devices(JsonNode vector) throws ProtocolException {
        DeviceFrame frame = DeviceFrame.decode(hex(vector, "bytes"));
        assertThat(frame.encode()).isEqualTo(hex(vector, "bytes"));
        JsonNode json =
                vector.get("frame").propertyStream().findFirst().orElseThrow().getValue();
        switch (frame.kind()) {
            case HELLO -> {
                assertKeys(frame.hello().keys(), json.path("keys"));
                assertThat(frame.hello().appVersion())
                        .isEqualTo(json.path("appVersion").asString(""));
                assertThat(frame.hello().locale()).isEqualTo(json.path("locale").asString(""));
                assertThat(frame.hello().platform())
                        .isEqualTo(json.path("platform").asString(""));
                assertThat(frame.hello().beatSeconds())
                        .isEqualTo(json.path("beatSeconds").asInt(0));
                assertThat(frame.hello().pushVendor())
                        .isEqualTo(json.path("pushVendor").asString(""));
                assertThat(frame.hello().pushToken())
                        .isEqualTo(json.path("pushToken").asString(""));
                assertThat(frame.hello().timeZone())
                        .isEqualTo(json.path("timeZone").asString(""));
            }
            case ACK -> assertKeys(frame.keys(), json.path("keys"));
            case RECEIPTS -> assertReceipts(frame.receipts(), json.path("receipts"));
            case PING ->
                assertThat(frame.beatSeconds())
                        .isEqualTo(json.path("beatSeconds").asInt(0));
        }
    }

    @ParameterizedTest
    @MethodSource("server")
    void frames_of_servers(JsonNode vector) throws ProtocolException {
        ServerFrame frame = ServerFrame.decode(hex(vector, "bytes"));
        assertThat(frame.encode()).isEqualTo(hex(vector, "bytes"));
        JsonNode json =
                vector.get("frame").propertyStream().findFirst().orElseThrow().getValue();
        switch (frame.kind()) {
            case WELCOME, BEAT -> {
                assertKeys(frame.highest(), json.path("highest"));
                assertThat(frame.beatSeconds())
                        .isEqualTo(json.path("beatSeconds").asInt(0));
                assertThat(frame.timeMillis()).isEqualTo(number(json, "timeMillis"));
            }
            case BATCH -> assertBatch(frame.batch(), json);
            case BYE -> {
                assertThat(frame.bye().reason()).isEqualTo(text(json, "reason"));
                assertThat(frame.bye().text()).isEqualTo(text(json, "text"));
                assertThat(frame.bye().retryAfterMillis())
                        .isEqualTo(json.path("retryAfterMillis").asInt(0));
                assertThat(frame.bye().cell()).isEqualTo(text(json, "cell"));
            }
        }
    }

    @Test
    void requests_to_fetch() throws ProtocolException {
        for (JsonNode vector : Vectors.cases("sync-frames", "fetch-requests").toList()) {
            assertThat(Fetched.request(Fetched.decodeRequest(hex(vector, "bytes"))))
                    .isEqualTo(hex(vector, "bytes"));
        }
    }

    @ParameterizedTest
    @MethodSource("answers")
    void answers_of_fetch(JsonNode vector) throws ProtocolException {
        Fetched answer = Fetched.decode(hex(vector, "bytes"));
        assertThat(answer.encode()).isEqualTo(hex(vector, "bytes"));
        JsonNode json = vector.get("frame");
        assertThat(answer.more()).isEqualTo(json.path("more").asBoolean(false));
        assertThat(answer.timeMillis()).isEqualTo(number(json, "timeMillis"));
        assertKeys(answer.highest(), json.path("highest"));
        assertThat(answer.batches()).hasSize(json.path("batches").size());
        for (int i = 0; i < answer.batches().size(); i++) {
            assertBatch(answer.batches().get(i), json.path("batches").get(i));
        }
    }

    @Test
    void passes_over_what_is_newer() throws ProtocolException {
        for (JsonNode vector : Vectors.cases("sync-frames", "passed-over").toList()) {
            assertThat(DeviceFrame.decode(hex(vector, "bytes")).encode())
                    .as(text(vector, "name"))
                    .isEqualTo(hex(vector, "same-as"));
        }
    }

    @ParameterizedTest
    @MethodSource("invalid")
    void refuses_what_is_no_frame(JsonNode vector) {
        assertThatExceptionOfType(ProtocolException.class)
                .as(text(vector, "why"))
                .isThrownBy(() -> {
                    byte[] bytes = hex(vector, "bytes");
                    if (text(vector, "of").equals("device")) {
                        DeviceFrame.decode(bytes);
                    } else {
                        ServerFrame.decode(bytes);
                    }
                })
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.MALFORMED_FRAME));
    }

    private static void assertKeys(List<SyncKey> keys, JsonNode json) {
        assertThat(keys)
                .containsExactlyElementsOf(json.valueStream()
                        .map(key -> new SyncKey(
                                text(key, "topic"),
                                key.path("everyone").asBoolean(false),
                                Long.parseUnsignedLong(text(key, "inbox")),
                                number(key, "sequence")))
                        .toList());
    }

    private static void assertReceipts(List<Receipt> receipts, JsonNode json) {
        assertThat(receipts)
                .extracting(receipt -> receipt.message() + receipt.step() + receipt.atMillis())
                .containsExactlyElementsOf(json.valueStream()
                        .map(receipt -> text(receipt, "message") + text(receipt, "step") + number(receipt, "atMillis"))
                        .toList());
    }

    private static void assertBatch(Batch batch, JsonNode json) {
        assertKeys(List.of(batch.end()), withSequence(json));
        assertThat(batch.first()).isEqualTo(number(json, "first"));
        assertThat(batch.dropped()).isEqualTo(number(json, "dropped"));
        assertThat(batch.messages()).hasSize(json.path("messages").size());
        for (int i = 0; i < batch.messages().size(); i++) {
            assertMessage(batch.messages().get(i), json.path("messages").get(i));
        }
    }

    /** The end of a batch, written as a list of one key. */
    private static JsonNode withSequence(JsonNode batch) {
        ObjectNode key = ((ObjectNode) batch).deepCopy();
        key.set("sequence", batch.path("last"));
        return new JsonMapper().createArrayNode().add(key);
    }

    private static void assertMessage(SyncMessage message, JsonNode json) {
        assertThat(message.sequence()).isEqualTo(number(json, "sequence"));
        assertThat(message.id()).isEqualTo(text(json, "id"));
        assertThat(message.contentType()).isEqualTo(json.path("contentType").asString(""));
        assertThat(new String(message.payload(), StandardCharsets.UTF_8))
                .isEqualTo(new String(
                        Base64.getDecoder().decode(json.path("payload").asString("")), StandardCharsets.UTF_8));
        assertThat(message.createdMillis()).isEqualTo(number(json, "createdMillis"));
        assertThat(message.expiresMillis()).isEqualTo(number(json, "expiresMillis"));
        assertThat(message.urgent()).isEqualTo(json.path("urgent").asBoolean(false));
        assertThat(message.collapse()).isEqualTo(json.path("collapse").asString(""));
        assertThat(message.revokes()).isEqualTo(number(json, "revokes"));
    }

    private static long number(JsonNode json, String field) {
        return Long.parseLong(json.path(field).asString("0"));
    }
}

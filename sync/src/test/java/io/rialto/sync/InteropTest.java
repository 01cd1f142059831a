package io.rialto.sync;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.Fetched;
import io.rialto.protocol.sync.ServerFrame;
import io.rialto.sync.wire.Ack;
import io.rialto.sync.wire.Batch;
import io.rialto.sync.wire.Bye;
import io.rialto.sync.wire.FetchAnswer;
import io.rialto.sync.wire.FetchRequest;
import io.rialto.sync.wire.Hello;
import io.rialto.sync.wire.SyncKey;
import io.rialto.sync.wire.Welcome;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The frames that are written by hand, for phones, are those of the definition as protobuf's own compiler reads it. */
class InteropTest {
    private static final Path VECTORS = Path.of("..", "protocol", "vectors", "sync-frames.json");
    private static final String LETTERS = "abc-xyz.0129 äß€🙂";

    private final Random random = new Random(1);

    @ParameterizedTest
    @CsvSource({"device,DeviceFrame", "server,ServerFrame", "fetch-requests,FetchRequest", "fetch-answers,FetchAnswer"})
    void the_vectors_are_protobuf(String list, String type) throws Exception {
        JsonNode vectors = new JsonMapper().readTree(VECTORS.toFile()).get(list);
        assertThat(vectors.size()).isPositive();
        for (JsonNode vector : vectors) {
            Message.Builder builder = switch (type) {
                case "DeviceFrame" -> io.rialto.sync.wire.DeviceFrame.newBuilder();
                case "ServerFrame" -> io.rialto.sync.wire.ServerFrame.newBuilder();
                case "FetchRequest" -> FetchRequest.newBuilder();
                default -> FetchAnswer.newBuilder();
            };
            JsonFormat.parser().merge(vector.get("frame").toString(), builder);
            assertThat(HexFormat.of().formatHex(builder.build().toByteArray()))
                    .as(vector.get("name").asString())
                    .isEqualTo(vector.get("bytes").asString());
        }
    }

    @Test
    void reads_and_writes_what_generated_code_writes() throws Exception {
        for (int i = 0; i < 2_000; i++) {
            byte[] hello = io.rialto.sync.wire.DeviceFrame.newBuilder()
                    .setHello(hello())
                    .build()
                    .toByteArray();
            assertThat(DeviceFrame.decode(hello).encode()).isEqualTo(hello);
            byte[] ack = io.rialto.sync.wire.DeviceFrame.newBuilder()
                    .setAck(Ack.newBuilder().addKeys(key()).addKeys(key()))
                    .build()
                    .toByteArray();
            assertThat(DeviceFrame.decode(ack).encode()).isEqualTo(ack);
            byte[] batch = io.rialto.sync.wire.ServerFrame.newBuilder()
                    .setBatch(batch())
                    .build()
                    .toByteArray();
            assertThat(ServerFrame.decode(batch).encode()).isEqualTo(batch);
            byte[] welcome = io.rialto.sync.wire.ServerFrame.newBuilder()
                    .setWelcome(Welcome.newBuilder()
                            .setBeatSeconds(random.nextInt(400))
                            .addHighest(key())
                            .setTimeMillis(random.nextLong()))
                    .build()
                    .toByteArray();
            assertThat(ServerFrame.decode(welcome).encode()).isEqualTo(welcome);
            byte[] bye = io.rialto.sync.wire.ServerFrame.newBuilder()
                    .setBye(Bye.newBuilder()
                            .setReason(text(20))
                            .setText(text(60))
                            .setRetryAfterMillis(random.nextInt(9_999))
                            .setCell(text(30)))
                    .build()
                    .toByteArray();
            assertThat(ServerFrame.decode(bye).encode()).isEqualTo(bye);
            byte[] answer = FetchAnswer.newBuilder()
                    .addBatches(batch())
                    .addBatches(batch())
                    .addHighest(key())
                    .setMore(random.nextBoolean())
                    .setTimeMillis(random.nextLong())
                    .build()
                    .toByteArray();
            assertThat(Fetched.decode(answer).encode()).isEqualTo(answer);
        }
    }

    private Hello.Builder hello() {
        return Hello.newBuilder()
                .addKeys(key())
                .addKeys(key())
                .setAppVersion(text(10))
                .setLocale(text(10))
                .setPlatform(text(10))
                .setBeatSeconds(random.nextInt(3_600))
                .setPushVendor(text(5))
                .setPushToken(text(100))
                .setTimeZone(text(12));
    }

    private SyncKey.Builder key() {
        return SyncKey.newBuilder()
                .setTopic(text(8))
                .setEveryone(random.nextBoolean())
                .setInbox(random.nextBoolean() ? 0 : random.nextLong())
                .setSequence(number());
    }

    private Batch.Builder batch() {
        long first = 1 + number() / 4;
        Batch.Builder batch = Batch.newBuilder()
                .setTopic(text(8))
                .setEveryone(random.nextBoolean())
                .setInbox(random.nextLong())
                .setFirst(first)
                .setLast(first + 100)
                .setDropped(random.nextInt(3));
        for (int i = random.nextInt(4); i > 0; i--) {
            byte[] payload = new byte[random.nextInt(200)];
            random.nextBytes(payload);
            batch.addMessages(io.rialto.sync.wire.Message.newBuilder()
                    .setSequence(first + batch.getMessagesCount())
                    .setId(text(40))
                    .setContentType(text(20))
                    .setPayload(ByteString.copyFrom(payload))
                    .setCreatedMillis(random.nextLong())
                    .setExpiresMillis(random.nextBoolean() ? 0 : number())
                    .setUrgent(random.nextBoolean())
                    .setCollapse(text(10))
                    .setRevokes(random.nextInt(3)));
        }
        return batch;
    }

    /** Of any length in varint. */
    private long number() {
        return random.nextLong() >>> 1 + random.nextInt(62);
    }

    private String text(int most) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(most); i > 0; i--) {
            int at = random.nextInt(LETTERS.codePointCount(0, LETTERS.length()));
            text.appendCodePoint(LETTERS.codePointAt(LETTERS.offsetByCodePoints(0, at)));
        }
        // a topic of eight of the longest letters is as long as a topic may be
        return text.toString();
    }
}

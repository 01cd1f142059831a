package io.rialto.protocol;

import static io.rialto.protocol.Vectors.hex;
import static io.rialto.protocol.Vectors.text;
import static io.rialto.protocol.Vectors.textOrNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Every vector, in both directions where there are two. */
final class VectorsTest {
    static Stream<JsonNode> fields() {
        return Vectors.cases("fields", "valid");
    }

    static Stream<JsonNode> refusedFields() {
        return Vectors.cases("fields", "invalid");
    }

    static Stream<JsonNode> handshakes() {
        return Vectors.cases("handshake", "cases");
    }

    static Stream<JsonNode> calls() {
        return Vectors.cases("sealed", "calls");
    }

    static Stream<JsonNode> answers() {
        return Vectors.cases("sealed", "answers");
    }

    static Stream<JsonNode> frames() {
        return Vectors.cases("sealed", "frames");
    }

    static Stream<JsonNode> signatures() {
        return Vectors.cases("signatures", "cases");
    }

    static Stream<JsonNode> digests() {
        return Vectors.cases("content-digest", "cases");
    }

    static Stream<JsonNode> callers() {
        return Vectors.cases("caller", "valid");
    }

    static Stream<JsonNode> refusedCallers() {
        return Vectors.cases("caller", "invalid");
    }

    @Test
    void buckets() {
        Vectors.cases("buckets", "cases").forEach(c -> {
            assertThat(Integer.toUnsignedLong(Buckets.murmur3(text(c, "text"))))
                    .isEqualTo(c.get("hash").asLong());
            assertThat(Buckets.of(text(c, "text"), c.get("buckets").asInt()))
                    .isEqualTo(c.get("bucket").asInt());
        });
    }

    @Test
    void operation_names() {
        Vectors.cases("operation-names", "valid")
                .forEach(name ->
                        assertThat(OperationName.of(name.asString()).path()).isEqualTo("/" + name.asString()));
        Vectors.cases("operation-names", "invalid")
                .forEach(name -> assertThatIllegalArgumentException()
                        .as(name.asString())
                        .isThrownBy(() -> OperationName.of(name.asString())));
    }

    @ParameterizedTest
    @MethodSource("fields")
    void fields_written_and_read(JsonNode c) throws Exception {
        byte[] bytes = hex(c, "bytes");
        FieldWriter writer = new FieldWriter();
        FieldReader reader =
                new FieldReader(bytes, 0, bytes.length, c.get("repeatable").asInt());
        for (JsonNode field : c.get("fields")) {
            writer.put(field.get("type").asInt(), hex(field, "value"));
            assertThat(reader.next()).isTrue();
            assertThat(reader.type()).isEqualTo(field.get("type").asInt());
            assertThat(reader.bytes(0, FieldWriter.MAX_VALUE)).isEqualTo(hex(field, "value"));
        }
        assertThat(reader.next()).isFalse();
        assertThat(writer.toBytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @MethodSource("refusedFields")
    void refused_fields(JsonNode c) {
        byte[] bytes = hex(c, "bytes");
        FieldReader reader =
                new FieldReader(bytes, 0, bytes.length, c.get("repeatable").asInt());
        assertThatExceptionOfType(ProtocolException.class)
                .as(text(c, "why"))
                .isThrownBy(() -> {
                    while (reader.next()) {
                        assertThat(reader.type()).isPositive();
                    }
                })
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.MALFORMED_FRAME));
    }

    @Test
    void device_ids() {
        Vectors.cases("device-id", "cases")
                .forEach(c -> assertThat(DeviceKeys.deviceId(text(c, "app"), hex(c, "point")))
                        .isEqualTo(text(c, "device")));
    }

    @ParameterizedTest
    @MethodSource("handshakes")
    void handshake_of_the_client(JsonNode c) throws Exception {
        ServerKey key = ServerKey.of(c.get("suite").asInt(), hex(c, "server-public-key"));
        assertThat(Bytes.ofInt(key.id())).isEqualTo(hex(c, "server-key-id"));
        DeviceSigner signer = new DeviceSigner() {
            @Override
            public byte[] point() {
                return hex(c, "device-point");
            }

            @Override
            public byte[] sign(byte[] message) {
                assertThat(DeviceKeys.verify(point(), message, hex(c, "signature")))
                        .isTrue();
                return hex(c, "signature");
            }
        };

        Handshake.Client client =
                Handshake.start(key, offer(c.get("offer")), signer, Vectors.random(hex(c, "encapsulation-seed")));
        assertThat(client.message()).isEqualTo(hex(c, "message"));

        Opened opened = client.finish(hex(c, "answer"));
        assertThat(opened.keys().toServer()).isEqualTo(hex(c, "key-to-server"));
        assertThat(opened.keys().toClient()).isEqualTo(hex(c, "key-to-client"));
        assertThat(opened.keys().mac()).isEqualTo(hex(c, "key-mac"));
        assertThat(opened.acceptance().encode()).isEqualTo(hex(c, "answer-plaintext"));
    }

    @ParameterizedTest
    @MethodSource("handshakes")
    void handshake_of_the_server(JsonNode c) throws Exception {
        ServerKeyPair pair =
                ServerKeyPair.of(c.get("suite").asInt(), hex(c, "server-private-key"), hex(c, "server-public-key"));

        Handshake.Server server =
                Handshake.open(hex(c, "message"), id -> pair, Vectors.random(hex(c, "server-random")));

        assertThat(server.signedBy(hex(c, "device-point"))).isTrue();
        assertThat(server.offer().encode())
                .isEqualTo(offer(c.get("offer")).encode())
                .isEqualTo(hex(c, "payload-before-signature"));
        assertThat(server.keys().encoded())
                .isEqualTo(Bytes.concat(hex(c, "key-to-server"), hex(c, "key-to-client"), hex(c, "key-mac")));
        JsonNode a = c.get("acceptance");
        List<ServerKey> nextKeys = a.get("next-keys")
                .valueStream()
                .map(k -> ServerKey.of(k.get("suite").asInt(), hex(k, "key")))
                .toList();
        Acceptance acceptance = new Acceptance(
                text(a, "ticket"),
                a.get("ends-seconds").asLong(),
                a.get("time-millis").asLong(),
                text(a, "edge"),
                text(a, "user"),
                nextKeys);
        assertThat(server.answer(acceptance)).isEqualTo(hex(c, "answer"));
    }

    private static Offer offer(JsonNode o) {
        return new Offer(
                text(o, "credential"),
                textOrNull(o, "session"),
                textOrNull(o, "jwt"),
                text(o, "edge"),
                o.get("time-millis").asLong(),
                hex(o, "random"));
    }

    @ParameterizedTest
    @MethodSource("calls")
    void sealed_calls(JsonNode c) throws Exception {
        SealKey key = Seal.key(hex(c, "key"));
        long counter = c.get("counter").asLong();
        HeaderSource headers = Vectors.headers(c)::get;
        byte[] body = hex(c, "body");
        byte[] sealed = hex(c, "sealed");
        String path = text(c, "path-and-query");
        assertThat(new Seal().sealCall(key, counter, text(c, "method"), path, headers, body, 0, body.length))
                .isEqualTo(sealed);
        assertThat(new Seal().openCall(key, counter, text(c, "method"), path, headers, sealed, 0, sealed.length))
                .isEqualTo(body);
        byte[] place = Bytes.concat(new byte[3], sealed);
        int length =
                new Seal().openCallInPlace(key, counter, text(c, "method"), path, headers, place, 3, sealed.length);
        assertThat(Arrays.copyOfRange(place, 3, 3 + length)).isEqualTo(body);
    }

    @ParameterizedTest
    @MethodSource("answers")
    void sealed_answers(JsonNode c) throws Exception {
        SealKey key = Seal.key(hex(c, "key"));
        long counter = c.get("counter").asLong();
        int status = c.get("status").asInt();
        HeaderSource headers = Vectors.headers(c)::get;
        byte[] body = hex(c, "body");
        byte[] sealed = hex(c, "sealed");
        assertThat(new Seal().sealAnswer(key, counter, status, headers, body, 0, body.length))
                .isEqualTo(sealed);
        byte[] place = Bytes.concat(new byte[3], body, new byte[Seal.TAG_BYTES]);
        int length = new Seal().sealAnswerInPlace(key, counter, status, headers, place, 3, body.length);
        assertThat(Arrays.copyOfRange(place, 3, 3 + length)).isEqualTo(sealed);
        assertThat(new Seal().openAnswer(key, counter, status, headers, sealed, 0, sealed.length))
                .isEqualTo(body);
    }

    @ParameterizedTest
    @MethodSource("frames")
    void sealed_messages_of_streams(JsonNode c) throws Exception {
        SealKey key = Seal.key(hex(c, "key"));
        long counter = c.get("counter").asLong();
        int index = c.get("index").asInt();
        byte[] body = hex(c, "body");
        byte[] sealed = hex(c, "sealed");
        assertThat(new Seal().sealFrame(key, counter, index, body, 0, body.length))
                .isEqualTo(sealed);
        assertThat(new Seal().openFrame(key, counter, index, sealed, 0, sealed.length))
                .isEqualTo(body);
    }

    @ParameterizedTest
    @MethodSource("signatures")
    void signatures_of_calls(JsonNode c) throws Exception {
        SignatureAlgorithm algorithm = Objects.requireNonNull(SignatureAlgorithm.ofWireName(text(c, "algorithm")));
        SignedMessage message =
                new Vectors.Message(text(c, "method"), text(c, "path"), textOrNull(c, "query"), 0, Vectors.headers(c));
        SignatureInput input = SignatureInput.parse(text(c, "signature-input"), SignatureInput.LABEL);
        byte[] base = Signatures.base(input, message);
        byte[] signature = input.signatureIn(text(c, "signature"));

        assertThat(new String(base, StandardCharsets.US_ASCII)).isEqualTo(text(c, "base"));
        assertThat(input.header()).isEqualTo(text(c, "signature-input"));
        assertThat(Signatures.verify(algorithm, hex(c, "verifying-key"), base, signature))
                .isTrue();
        byte[] again = Signatures.sign(algorithm, hex(c, "signing-key"), base);
        assertThat(Signatures.verify(algorithm, hex(c, "verifying-key"), base, again))
                .isTrue();
        if (c.get("deterministic").asBoolean()) {
            assertThat(input.signatureHeader(again)).isEqualTo(text(c, "signature"));
        }
    }

    @ParameterizedTest
    @MethodSource("digests")
    void content_digests(JsonNode c) throws Exception {
        byte[] body = hex(c, "body");
        String header = text(c, "content-digest");
        if (text(c, "result").equals("malformed")) {
            assertThatExceptionOfType(ProtocolException.class)
                    .isThrownBy(() -> ContentDigest.matches(header, body, 0, body.length))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.MALFORMED_FRAME));
        } else {
            boolean expected = text(c, "result").equals("true");
            assertThat(ContentDigest.matches(header, body, 0, body.length)).isEqualTo(expected);
            ContentDigest kept = new ContentDigest();
            assertThat(kept.verify(header, body, 0, body.length)).isEqualTo(expected);
            assertThat(kept.verify(ContentDigest.of(body), body, 0, body.length))
                    .isTrue();
            assertThat(kept.verify(ContentDigest.of(new byte[] {1}), body, 0, body.length))
                    .isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource("callers")
    void caller_tokens(JsonNode c) throws Exception {
        CallerTokens tokens = callerTokens(text(c, "key-id"));
        Caller caller = tokens.verify(
                text(c, "token"), text(c, "operation"), c.get("now-millis").asLong());
        assertThat(tokens.mint(caller)).isEqualTo(text(c, "token"));
        assertThat(caller.issuer()).isEqualTo(text(c, "issuer"));
        assertThat(caller.operation()).isEqualTo(text(c, "operation"));
        assertThat(caller.issuedMillis()).isEqualTo(c.get("issued-millis").asLong());
        assertThat(caller.expiresMillis()).isEqualTo(c.get("expires-millis").asLong());
        assertThat(caller.app()).isEqualTo(textOrNull(c, "app"));
        assertThat(caller.device()).isEqualTo(textOrNull(c, "device"));
        assertThat(caller.user()).isEqualTo(textOrNull(c, "user"));
        assertThat(caller.shard()).isEqualTo(c.has("shard") ? c.get("shard").asInt() : Caller.NO_SHARD);
        assertThat(caller.epoch()).isEqualTo(c.has("epoch") ? c.get("epoch").asLong() : 0);
        assertThat(caller.colour()).isEqualTo(textOrNull(c, "colour"));
        assertThat(caller.locale()).isEqualTo(textOrNull(c, "locale"));
        assertThat(caller.hops()).isEqualTo(c.get("hops").asInt());
    }

    @ParameterizedTest
    @MethodSource("refusedCallers")
    void refused_caller_tokens(JsonNode c) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> callerTokens("k1")
                        .verify(
                                text(c, "token"),
                                text(c, "operation"),
                                c.get("now-millis").asLong()))
                .satisfies(e -> assertThat(e.reason().wireName()).isEqualTo(text(c, "reason")));
    }

    private static CallerTokens callerTokens(String mintingKeyId) {
        Map<String, byte[]> keys = new HashMap<>();
        Vectors.read("caller")
                .get("keys")
                .properties()
                .forEach(e -> keys.put(e.getKey(), hex(e.getValue().asString())));
        return new CallerTokens(keys, mintingKeyId);
    }
}

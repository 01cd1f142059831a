package io.rialto.benchmark;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.protocol.ContentDigest;
import io.rialto.protocol.Handshake;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.HeaderSource;
import io.rialto.protocol.MacKey;
import io.rialto.protocol.MacSigner;
import io.rialto.protocol.Offer;
import io.rialto.protocol.Opened;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Seal;
import io.rialto.protocol.SealKey;
import io.rialto.protocol.ServerKey;
import io.rialto.protocol.SignatureAlgorithm;
import io.rialto.protocol.SignatureInput;
import io.rialto.protocol.Signatures;
import io.rialto.protocol.SoftwareDeviceKey;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.net.ssl.SSLContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Plain, signed and sealed calls made ahead of a run, so that the load costs little while the gateway is measured. Each
 * connection of the load gets a session of its own.
 */
final class SecuredCalls {
    private static final int RANDOM_NONCE_BYTES = 12;
    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    private final URI base;
    private final HttpClient http;
    private final SecureRandom random = new SecureRandom();
    private final String edge;
    private final ServerKey serverKey;
    private final SoftwareDeviceKey device = SoftwareDeviceKey.generate(random);

    SecuredCalls(URI base, SSLContext trust) throws IOException, InterruptedException {
        this.base = base;
        this.http = HttpClient.newBuilder().sslContext(trust).build();
        JsonNode answer = json(http.send(
                HttpRequest.newBuilder(base.resolve("/rialto/edge")).build(), HttpResponse.BodyHandlers.ofByteArray()));
        this.edge = answer.get("edge").asString();
        // The gateway under measurement is our own and on this machine: its word for its key is enough here.
        JsonNode key = answer.get("server-keys").get(0);
        this.serverKey = ServerKey.of(
                key.get("suite").asInt(),
                Base64.getUrlDecoder().decode(key.get("key").asString()));
    }

    /** One call, ready to be written any number of times. */
    record Prepared(List<AsciiString> names, List<AsciiString> values, ByteBuf body) {}

    /** How calls are protected. */
    enum Mode {
        PLAIN("bench.Plain/Call"),
        SIGNED("bench.Secured/Call"),
        SEALED("bench.Secured/Call");

        private final String path;

        Mode(String operation) {
            this.path = "/" + operation;
        }

        String path() {
            return path;
        }
    }

    static List<Prepared> plain(int count, byte[] body) {
        return Collections.nCopies(count, prepared(Map.of("content-type", "application/json"), body));
    }

    /** Signed or sealed calls of one connection, in the order in which they are to be sent. */
    List<Prepared> prepare(Mode mode, int count, byte[] body)
            throws IOException, InterruptedException, GeneralSecurityException, ProtocolException {
        List<Prepared> calls = new ArrayList<>(count);
        Opened session = handshake(enrol());
        if (mode == Mode.SEALED) {
            SealKey key = Seal.key(session.keys().toServer());
            Seal seal = new Seal();
            for (int counter = 1; counter <= count; counter++) {
                calls.add(sealed(seal, key, counter, session, body));
            }
            return calls;
        }
        MacKey key = MacSigner.key(session.keys().mac());
        MacSigner signer = new MacSigner();
        String digest = ContentDigest.of(body);
        for (int counter = 1; counter <= count; counter++) {
            calls.add(signed(signer, key, counter, session, digest, body));
        }
        return calls;
    }

    private Prepared sealed(Seal seal, SealKey key, int counter, Opened session, byte[] body) {
        Map<String, String> headers = new TreeMap<>(Map.of(
                "content-type",
                "application/rialto-sealed",
                HeaderNames.TICKET,
                session.acceptance().ticket(),
                HeaderNames.COUNTER,
                Integer.toString(counter),
                HeaderNames.TIME,
                Long.toString(System.currentTimeMillis() / 1000),
                HeaderNames.EDGE,
                edge,
                HeaderNames.CONTENT_TYPE,
                "application/json"));
        HeaderSource source = headers::get;
        byte[] box = seal.sealCall(key, counter, "POST", Mode.SEALED.path(), source, body, 0, body.length);
        return prepared(headers, box);
    }

    private Prepared signed(MacSigner signer, MacKey key, int counter, Opened session, String digest, byte[] body)
            throws ProtocolException {
        Map<String, String> headers = new TreeMap<>(Map.of(
                "content-type",
                "application/json",
                "content-digest",
                digest,
                HeaderNames.TICKET,
                session.acceptance().ticket(),
                HeaderNames.EDGE,
                edge));
        SignatureInput input = SignatureInput.of(
                List.of("@method", "@path", "content-digest", "content-type", HeaderNames.EDGE),
                System.currentTimeMillis() / 1000,
                Integer.toString(counter),
                "ticket",
                SignatureAlgorithm.HMAC_SHA256);
        byte[] signature = signer.sign(key, input, new PlainMessage(Mode.SIGNED.path(), headers));
        headers.put("signature-input", input.header());
        headers.put("signature", input.signatureHeader(signature));
        return prepared(headers, body);
    }

    private String nonce() {
        byte[] bytes = new byte[RANDOM_NONCE_BYTES];
        random.nextBytes(bytes);
        return BASE64.encodeToString(bytes);
    }

    private static Prepared prepared(Map<String, String> headers, byte[] body) {
        List<AsciiString> names = new ArrayList<>();
        List<AsciiString> values = new ArrayList<>();
        headers.forEach((name, value) -> {
            names.add(AsciiString.cached(name));
            values.add(new AsciiString(value));
        });
        return new Prepared(names, values, Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(body)));
    }

    private String enrol() throws IOException, InterruptedException, GeneralSecurityException, ProtocolException {
        String path = "/rialto.Device/Enrol";
        byte[] body = "{\"app\":\"bench\"}".getBytes(StandardCharsets.UTF_8);
        Map<String, String> headers = new TreeMap<>(Map.of(
                "content-type", "application/json", "content-digest", ContentDigest.of(body), HeaderNames.EDGE, edge));
        SignatureInput input = SignatureInput.of(
                List.of("@method", "@path", "content-digest", "content-type", HeaderNames.EDGE),
                System.currentTimeMillis() / 1000,
                nonce(),
                "enrol:" + BASE64.encodeToString(device.point()),
                SignatureAlgorithm.ECDSA_P256_SHA256);
        byte[] signature = device.sign(Signatures.base(input, new PlainMessage(path, headers)));
        headers.put("signature-input", input.header());
        headers.put("signature", input.signatureHeader(signature));
        return json(post(path, headers, body)).get("credential").asString();
    }

    private Opened handshake(String credential)
            throws IOException, InterruptedException, GeneralSecurityException, ProtocolException {
        byte[] nonce = new byte[Offer.NONCE_BYTES];
        random.nextBytes(nonce);
        Offer offer = new Offer(credential, null, null, edge, System.currentTimeMillis(), nonce);
        Handshake.Client client = Handshake.start(serverKey, offer, device, random);
        HttpResponse<byte[]> answer =
                post("/rialto.Seal/Open", Map.of("content-type", "application/rialto-handshake"), client.message());
        return client.finish(checked(answer).body());
    }

    private HttpResponse<byte[]> post(String path, Map<String, String> headers, byte[] body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(base.resolve(path)).POST(HttpRequest.BodyPublishers.ofByteArray(body));
        headers.forEach(request::header);
        return http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    private static JsonNode json(HttpResponse<byte[]> answer) throws IOException {
        return JsonMapper.builder().build().readTree(checked(answer).body());
    }

    private static HttpResponse<byte[]> checked(HttpResponse<byte[]> answer) throws IOException {
        if (answer.statusCode() != 200) {
            throw new IOException(answer.uri() + ": status " + answer.statusCode() + " (expected: 200): "
                    + new String(answer.body(), StandardCharsets.UTF_8));
        }
        return answer;
    }
}

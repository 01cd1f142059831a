package io.rialto.gateway;

import io.netty.util.AsciiString;
import io.rialto.gateway.transport.InboundCall;
import io.rialto.protocol.ContentDigest;
import io.rialto.protocol.Handshake;
import io.rialto.protocol.HeaderSource;
import io.rialto.protocol.MacSigner;
import io.rialto.protocol.Offer;
import io.rialto.protocol.Opened;
import io.rialto.protocol.Seal;
import io.rialto.protocol.SignatureAlgorithm;
import io.rialto.protocol.SignatureInput;
import io.rialto.protocol.Signatures;
import io.rialto.protocol.SoftwareDeviceKey;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A device that speaks to a {@link Fixture} by the protocol page alone. */
final class Phone {
    private static final String NONCE = "0123456789abcdef";

    final Fixture edge;
    final SoftwareDeviceKey key;

    String edgeName;
    String contentType = "application/json";
    String credential = "";
    String device = "";

    @Nullable
    String session;

    @Nullable
    String jwt;

    @Nullable
    Opened opened;

    long counter;
    int nonces;

    Phone(Fixture edge) {
        this.edge = edge;
        this.key = SoftwareDeviceKey.generate(edge.random);
        this.edgeName = edge.self.toString();
    }

    Phone enrol() throws Exception {
        String keyId = "enrol:" + Base64.getUrlEncoder().withoutPadding().encodeToString(key.point());
        FakeCall.Reply reply =
                sign("/rialto.Device/Enrol", "{\"app\": \"wallet\"}", keyId).send(edge.gateway);
        if (reply.status() != 200) {
            throw new IllegalStateException(reply.text());
        }
        credential = Fixture.json(reply.text()).path("credential").stringValue();
        device = Fixture.json(reply.text()).path("device").stringValue();
        return this;
    }

    /** Sends a handshake; the reply's body is the server's message. */
    FakeCall handshake(Handshake.Client client) {
        return edge.call("POST", "/rialto.Seal/Open")
                .header("content-type", "application/rialto-handshake")
                .body(client.message());
    }

    Handshake.Client offer() throws Exception {
        byte[] nonce = new byte[16];
        edge.random.nextBytes(nonce);
        Offer offer = new Offer(credential, session, jwt, edgeName, edge.millis.get(), nonce);
        return Handshake.start(edge.serverKey.key(), offer, key, edge.random);
    }

    Phone open() throws Exception {
        Handshake.Client client = offer();
        FakeCall.Reply reply = handshake(client).send(edge.gateway);
        if (reply.status() != 200) {
            throw new IllegalStateException(reply.text());
        }
        opened = client.finish(reply.body());
        counter = 0;
        return this;
    }

    Opened opened() {
        Opened now = opened;
        if (now == null) {
            throw new IllegalStateException("no session");
        }
        return now;
    }

    /** Binds the device to a user by a login operation. */
    Phone login(String user) throws Exception {
        open();
        edge.backend.answering(call -> FakeUpstream.json(200, "{}", "rialto-bind-user", user));
        session = sealed("/wallet.Login/Start", "{}").send(edge.gateway).header("rialto-session");
        edge.backend.answering(call -> FakeUpstream.json(200, "{\"answer\":" + call.body() + "}"));
        return open();
    }

    FakeCall sealed(String path, String body, String... headers) throws Exception {
        return sealed(path, body.getBytes(StandardCharsets.UTF_8), ++counter, edge.millis.get() / 1000, headers);
    }

    FakeCall sealed(String path, byte[] body, long count, long seconds, String... headers) throws Exception {
        FakeCall call = new FakeCall(edge.loop, InboundCall.Listener.PUBLIC, "POST", path)
                .arrived(edge.nanos.get())
                .header("content-type", "application/rialto-sealed")
                .header("rialto-ticket", opened().acceptance().ticket())
                .header("rialto-counter", Long.toString(count))
                .header("rialto-time", Long.toString(seconds))
                .header("rialto-edge", edgeName)
                .header("rialto-content-type", contentType);
        for (int i = 0; i < headers.length; i += 2) {
            call.header(headers[i], headers[i + 1]);
        }
        HeaderSource source = name -> call.headers().get(AsciiString.of(name));
        byte[] sealed = new Seal()
                .sealCall(Seal.key(opened().keys().toServer()), count, "POST", path, source, body, 0, body.length);
        return call.body(sealed);
    }

    String openAnswer(FakeCall.Reply reply, long count) throws Exception {
        return new String(openBytes(reply, count), StandardCharsets.UTF_8);
    }

    byte[] openBytes(FakeCall.Reply reply, long count) throws Exception {
        return new Seal()
                .openAnswer(
                        Seal.key(opened().keys().toClient()),
                        count,
                        reply.status(),
                        name -> reply.headers().get(AsciiString.of(name)),
                        reply.body(),
                        0,
                        reply.body().length);
    }

    FakeCall sign(String path, String body, String keyId, String... headers) throws Exception {
        return sign(path, body, keyId, nonce(keyId), edge.millis.get() / 1000, List.of(), headers);
    }

    /** One that was not used: under a ticket the session's counter. */
    String nonce(String keyId) {
        return keyId.equals("ticket") ? Long.toString(++counter) : NONCE + nonces++;
    }

    /** @param left components that are left uncovered */
    FakeCall sign(
            String path, String body, String keyId, String nonce, long created, List<String> left, String... headers)
            throws Exception {
        FakeCall call = edge.call("POST", path)
                .header("content-type", contentType)
                .header("rialto-edge", edgeName)
                .body(body);
        List<String> covered = new ArrayList<>(List.of("@method", "@path", "rialto-edge", "content-type"));
        if (!body.isEmpty()) {
            call.header("content-digest", ContentDigest.of(body.getBytes(StandardCharsets.UTF_8)));
            covered.add("content-digest");
        }
        for (int i = 0; i < headers.length; i += 2) {
            call.header(headers[i], headers[i + 1]);
            covered.add(headers[i]);
        }
        boolean ticket = keyId.equals("ticket");
        if (ticket || keyId.equals("device")) {
            call.header(
                    ticket ? "rialto-ticket" : "rialto-credential",
                    ticket ? opened().acceptance().ticket() : credential);
            covered.add(ticket ? "rialto-ticket" : "rialto-credential");
        }
        covered.removeAll(left);
        SignatureAlgorithm algorithm = ticket ? SignatureAlgorithm.HMAC_SHA256 : SignatureAlgorithm.ECDSA_P256_SHA256;
        SignatureInput input = SignatureInput.of(covered, created, nonce, keyId, algorithm);
        call.header("signature-input", input.header());
        CallFields fields =
                new CallFields(edge.exchange(call), new CoveredFields(input.components()).of(call.headers()));
        byte[] signature = ticket
                ? new MacSigner().sign(MacSigner.key(opened().keys().mac()), input, fields)
                : key.sign(Signatures.base(input, fields));
        return call.header("signature", input.signatureHeader(signature));
    }
}

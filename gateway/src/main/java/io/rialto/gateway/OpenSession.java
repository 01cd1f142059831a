package io.rialto.gateway;

import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.gateway.config.App;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.identity.Identity;
import io.rialto.gateway.identity.JwtVerifier;
import io.rialto.gateway.identity.Nonces;
import io.rialto.gateway.identity.Tokens;
import io.rialto.protocol.Acceptance;
import io.rialto.protocol.Handshake;
import io.rialto.protocol.Offer;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.ServerKey;
import io.rialto.protocol.ServerKeyPair;
import io.rialto.protocol.SessionKeys;
import java.time.Instant;
import java.util.Base64;
import java.util.List;

/** {@code /rialto.Seal/Open}: docs/protocol.md, section 5. All of it is public-key work, so all of it is off the loop. */
final class OpenSession implements BuiltIn {
    /** The X-Wing suite's encapsulation, and the longest payload. */
    private static final int MAX_BODY = 16 * 1024;

    /** What a client may pin beside what it has. */
    private static final int MAX_NEXT_KEYS = 8;

    private final GatewayPorts ports;
    private final OffLoop offLoop;
    private final Nonces nonces;
    private final Freshness freshness;
    private final JwtVerifier jwts;

    OpenSession(GatewayPorts ports, OffLoop offLoop, Nonces nonces, Freshness freshness, JwtVerifier jwts) {
        this.ports = ports;
        this.offLoop = offLoop;
        this.nonces = nonces;
        this.freshness = freshness;
        this.jwts = jwts;
    }

    @Override
    public Audience audience() {
        return Audience.ANYONE;
    }

    @Override
    public int maxBodyBytes() {
        return MAX_BODY;
    }

    @Override
    public Step.Progress invoke(Exchange x) throws ProtocolException {
        AsciiString type = x.call.headers().get(Names.CONTENT_TYPE);
        if (type == null || !type.contentEquals(Names.HANDSHAKE)) {
            throw new ProtocolException(
                    Reason.UNSUPPORTED_MEDIA, "content-type: " + type + " (expected: " + Names.HANDSHAKE + ")");
        }
        byte[] message = x.bodyBytes();
        return offLoop.run(
                x,
                OffLoop.Kind.HANDSHAKE,
                () -> open(x.state, message),
                answer -> x.answer(
                        200,
                        new HeaderList(8).add(Names.CONTENT_TYPE, Names.HANDSHAKE),
                        Unpooled.wrappedBuffer(answer)));
    }

    private byte[] open(GatewayState state, byte[] message) throws ProtocolException {
        Handshake.Server server = Handshake.open(message, state::serverKey, ports.random());
        Offer offer = server.offer();
        Instant now = ports.clock().instant();
        freshness.requireEdge(offer.edge());
        freshness.requireTime(offer.timeMillis() / 1000, now.toEpochMilli());
        Tokens.Credential credential = state.tokens.credential(offer.credential(), now);
        if (!server.signedBy(credential.point())) {
            throw new ProtocolException(Reason.WRONG_SIGNATURE, "handshake: not signed by the device's key");
        }
        Identity device = state.checked(Identity.device(credential.app(), credential.device(), null));
        Bound bound = user(state, offer, credential, now);
        String owner = "h" + credential.app() + "/" + credential.device();
        String nonce = Base64.getEncoder().encodeToString(offer.nonce());
        nonces.take(device, owner, nonce, offer.timeMillis() / 1000 + Freshness.SKEW_SECONDS, now.getEpochSecond());
        return accept(state, server, credential, bound, now);
    }

    /** The user that a session is bound to, empty for none, and the end of what shows it. */
    private record Bound(String user, long endsSeconds) {
        static final Bound NOBODY = new Bound("", Long.MAX_VALUE);
    }

    private Bound user(GatewayState state, Offer offer, Tokens.Credential credential, Instant now)
            throws ProtocolException {
        String session = offer.session();
        if (session != null) {
            Tokens.UserSession known = SignedCalls.userOf(state.tokens, session, credential, now);
            return new Bound(known.user(), known.expiresSeconds());
        }
        String jwt = offer.jwt();
        if (jwt == null) {
            return Bound.NOBODY;
        }
        App.IdentityProvider provider = state.app(credential.app()).provider();
        if (provider == null) {
            throw new ProtocolException(
                    Reason.WRONG_TOKEN,
                    "JWT (expected: none, as app " + credential.app() + " has no identity provider)");
        }
        JwtVerifier.User verified = jwts.verify(provider, jwt, now);
        return new Bound(verified.id(), verified.expiresSeconds());
    }

    private byte[] accept(
            GatewayState state, Handshake.Server server, Tokens.Credential credential, Bound bound, Instant now) {
        // A session must not outlive what it stands on.
        long standing = Math.min(credential.expiresSeconds(), bound.endsSeconds);
        long ends = Math.min(now.getEpochSecond() + state.config.bounds().ticketSeconds(), standing);
        SessionKeys keys = server.keys();
        String ticket = state.tokens.mint(
                new Tokens.Ticket(credential.app(), credential.device(), bound.user, ends, keys), now);
        List<ServerKey> current = state.serverKeys().stream()
                .map(ServerKeyPair::key)
                .limit(MAX_NEXT_KEYS)
                .toList();
        return server.answer(
                new Acceptance(ticket, ends, now.toEpochMilli(), ports.self().toString(), bound.user, current));
    }
}

package io.rialto.gateway;

import io.netty.util.AsciiString;
import io.rialto.gateway.config.App;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.identity.Identity;
import io.rialto.gateway.identity.JwtVerifier;
import io.rialto.gateway.identity.Nonces;
import io.rialto.gateway.identity.SealedSession;
import io.rialto.gateway.identity.SealedSessions;
import io.rialto.gateway.identity.Tokens;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.SignatureAlgorithm;
import io.rialto.protocol.SignatureInput;
import io.rialto.protocol.Signatures;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Verifies signed calls: docs/protocol.md, section 7. MACs on the loop, public-key signatures off it. */
final class SignedCalls {
    /** What must be covered where a request carries it; the ticket too, but for a call that is signed under it. */
    static final Set<AsciiString> COVERED_IF_PRESENT = Names.setOf(
            "content-type",
            "content-encoding",
            "rialto-credential",
            "rialto-session",
            "authorization",
            "idempotency-key",
            "rialto-route",
            "rialto-shadow");

    /** What must be covered of a call with a body, whatever it carries. */
    static final List<String> COVERED_WITH_BODY = List.of("@method", "@path", HeaderNames.EDGE, "content-digest");

    private static final String TICKET = "ticket";

    private static final String BEARER = "Bearer ";
    private static final int MIN_NONCE = 16;
    private static final int MAX_NONCE = 64;

    private final GatewayPorts ports;
    private final SealedSessions sessions;
    private final Nonces nonces;
    private final Freshness freshness;
    private final JwtVerifier jwts;
    private final OffLoop offLoop;

    SignedCalls(
            GatewayPorts ports,
            SealedSessions sessions,
            Nonces nonces,
            Freshness freshness,
            JwtVerifier jwts,
            OffLoop offLoop) {
        this.ports = ports;
        this.sessions = sessions;
        this.nonces = nonces;
        this.freshness = freshness;
        this.jwts = jwts;
        this.offLoop = offLoop;
    }

    /** A signature with what was found of it so far. */
    @SuppressWarnings("ArrayRecordComponent") // compared by nothing; a value class would only hide the bytes
    private record Signed(SignatureInput input, CallFields fields, byte[] signature, String keyId) {
        /** A random one; how a session's counter is written is {@link #byTicket}'s to know. */
        String nonce() throws ProtocolException {
            String nonce = input.nonce();
            if (nonce == null || nonce.length() < MIN_NONCE || nonce.length() > MAX_NONCE) {
                throw wrong("nonce: " + nonce + " (expected: " + MIN_NONCE + " to " + MAX_NONCE + " characters)");
            }
            return nonce;
        }

        void requireAlgorithm(SignatureAlgorithm expected) throws ProtocolException {
            if (input.algorithm() != null && !expected.wireName().equals(input.algorithm())) {
                throw wrong("alg: " + input.algorithm() + " (expected: " + expected.wireName() + ")");
            }
        }
    }

    Step.Progress verify(Exchange x) throws ProtocolException {
        HeaderList headers = x.call.headers();
        AsciiString inputs = CallFields.combined(headers, Names.SIGNATURE_INPUT);
        AsciiString signatures = CallFields.combined(headers, Names.SIGNATURE);
        if (inputs == null || signatures == null) {
            throw wrong("signature: absent (expected: beside signature-input)");
        }
        SignatureInput input = x.local.signatureInputs.parse(CallFields.text(inputs), SignatureInput.LABEL);
        String keyId = input.keyId() == null ? "" : input.keyId();
        boolean byTicket = keyId.equals(TICKET);
        CoveredFields list = x.local.covered(input.components());
        CallFields fields = new CallFields(x, list.of(headers));
        requireCoverage(x, input, list.usual, fields.covered(), byTicket);
        freshness.requireEdge(headers.get(Names.EDGE));
        freshness.requireTime(input.created(), x.nowMillis);
        requireUnexpired(input, x.nowMillis / 1000);
        requireDigest(x);
        Signed signed = new Signed(input, fields, input.signatureIn(CallFields.text(signatures)), keyId);
        if (byTicket) {
            return byTicket(x, signed);
        }
        signed.nonce();
        if (keyId.equals("device")) {
            return byDevice(x, signed);
        }
        if (keyId.startsWith("partner:")) {
            return byPartner(x, signed);
        }
        if (keyId.startsWith("enrol:")) {
            return byEnrolling(x, signed);
        }
        throw wrong("keyid: " + keyId + " (expected: ticket, device, partner:<app>/<key> or enrol:<point>)");
    }

    /** Its nonce is a counter of the session, as of a sealed call: the session's own window knows replays of both. */
    private Step.Progress byTicket(Exchange x, Signed signed) throws ProtocolException {
        signed.requireAlgorithm(SignatureAlgorithm.HMAC_SHA256);
        long counter = Freshness.counter(signed.input.nonce(), "nonce");
        AsciiString ticket = SealedCalls.single(x.call.headers(), Names.TICKET);
        SealedSession session = sessions.of(ticket, x.local.sessions, x.state.tokens, x.nowMillis / 1000);
        Identity identity = x.state.checked(session.identity());
        if (session.refuses(counter)) {
            throw SealedCalls.replayed(counter);
        }
        if (!x.local.mac.verify(session.mac(), signed.input, signed.fields, signed.signature)) {
            throw wrong("it does not match");
        }
        if (sessions.take(ticket, session, counter, signed.input.created()) == null) {
            throw SealedCalls.replayed(counter);
        }
        accept(x, signed, identity);
        return Step.Progress.CONTINUE;
    }

    private Step.Progress byDevice(Exchange x, Signed signed) throws ProtocolException {
        signed.requireAlgorithm(SignatureAlgorithm.ECDSA_P256_SHA256);
        AsciiString credentialText = SealedCalls.single(x.call.headers(), Names.CREDENTIAL);
        AsciiString session = x.call.headers().get(Names.SESSION);
        AsciiString bearer = x.call.headers().get(Names.AUTHORIZATION);
        byte[] base = Signatures.base(signed.input, signed.fields);
        Instant now = Instant.ofEpochMilli(x.nowMillis);
        return offLoop.run(
                x,
                OffLoop.Kind.SIGNATURE,
                () -> {
                    Tokens.Credential credential = x.state.tokens.credential(credentialText, now);
                    if (!Signatures.verify(
                            SignatureAlgorithm.ECDSA_P256_SHA256, credential.point(), base, signed.signature)) {
                        throw wrong("it does not match the device's key");
                    }
                    String user = user(x, credential, session, bearer, now);
                    return x.state.checked(Identity.device(credential.app(), credential.device(), user));
                },
                identity -> accepted(x, signed, "d" + identity.app() + "/" + identity.device(), identity));
    }

    private @Nullable String user(
            Exchange x,
            Tokens.Credential credential,
            @Nullable AsciiString session,
            @Nullable AsciiString bearer,
            Instant now)
            throws ProtocolException {
        if (session != null) {
            return userOf(x.state.tokens, session, credential, now).user();
        }
        if (bearer == null) {
            return null;
        }
        String text = bearer.toString();
        App.IdentityProvider provider = x.state.app(credential.app()).provider();
        if (provider == null || !text.startsWith(BEARER)) {
            throw new ProtocolException(
                    Reason.WRONG_TOKEN, "authorization (expected: Bearer <JWT> of the identity provider of the app)");
        }
        String token = text.substring(BEARER.length());
        JwtVerifier.User known = jwts.known(provider, token, now);
        return known == null ? jwts.verify(provider, token, now).id() : known.id();
    }

    /** What a session token says, which must be that device's. */
    static Tokens.UserSession userOf(Tokens tokens, CharSequence text, Tokens.Credential credential, Instant now)
            throws ProtocolException {
        Tokens.UserSession session = tokens.userSession(text, now);
        if (!session.app().equals(credential.app()) || !session.device().equals(credential.device())) {
            throw new ProtocolException(Reason.WRONG_SESSION, "session token of another device (expected: its own)");
        }
        return session;
    }

    private Step.Progress byPartner(Exchange x, Signed signed) throws ProtocolException {
        String name = signed.keyId.substring("partner:".length());
        int slash = name.indexOf('/');
        App app = slash < 0 ? null : x.state.config.apps().get(name.substring(0, slash));
        App.PartnerKey key = app == null ? null : app.partnerKeys().get(name.substring(slash + 1));
        if (app == null || key == null) {
            throw wrong("keyid: " + signed.keyId + " (expected: partner:<app>/<key>, a key registered with the app)");
        }
        SignatureAlgorithm algorithm =
                key.algorithm().equals("ed25519") ? SignatureAlgorithm.ED25519 : SignatureAlgorithm.ECDSA_P256_SHA256;
        signed.requireAlgorithm(algorithm);
        Identity identity = Identity.partner(app.id(), key.id());
        return byPublicKey(x, signed, algorithm, key.key(), identity, "p" + name);
    }

    private Step.Progress byEnrolling(Exchange x, Signed signed) throws ProtocolException {
        signed.requireAlgorithm(SignatureAlgorithm.ECDSA_P256_SHA256);
        byte[] point;
        try {
            point = Base64.getUrlDecoder().decode(signed.keyId.substring("enrol:".length()));
        } catch (IllegalArgumentException e) {
            throw wrong("keyid: " + signed.keyId + " (expected: enrol:<base64url of the point>)");
        }
        Identity identity = Identity.enrolling(point);
        return byPublicKey(x, signed, SignatureAlgorithm.ECDSA_P256_SHA256, point, identity, signed.keyId);
    }

    private Step.Progress byPublicKey(
            Exchange x, Signed signed, SignatureAlgorithm algorithm, byte[] key, Identity identity, String nonceOwner)
            throws ProtocolException {
        byte[] base = Signatures.base(signed.input, signed.fields);
        OffLoop.Kind kind = identity.enrolling() == null ? OffLoop.Kind.SIGNATURE : OffLoop.Kind.ENROLMENT;
        return offLoop.run(
                x,
                kind,
                () -> {
                    if (!Signatures.verify(algorithm, key, base, signed.signature)) {
                        throw wrong("it does not match");
                    }
                    return identity;
                },
                who -> accepted(x, signed, nonceOwner, who));
    }

    /** Goes on after work off the loop. */
    private void accepted(Exchange x, Signed signed, String nonceOwner, Identity identity) {
        long stale = signed.input.created() + Freshness.SKEW_SECONDS;
        try {
            nonces.take(
                    identity, nonceOwner, signed.nonce(), stale, ports.clock().millis() / 1000);
            accept(x, signed, identity);
        } catch (ProtocolException refused) {
            x.gateway.refuse(x, refused.reason(), String.valueOf(refused.getMessage()));
            return;
        }
        x.gateway.run(x);
    }

    private static void accept(Exchange x, Signed signed, Identity identity) {
        x.identity = identity;
        x.headers = signed.fields.covered().list();
    }

    /** @param usual whether {@link #COVERED_WITH_BODY} is covered, as is known of its list */
    private static void requireCoverage(
            Exchange x, SignatureInput input, boolean usual, CoveredFields.Values covered, boolean byTicket)
            throws ProtocolException {
        if (!usual) {
            requireCovered(input, "@method");
            requireCovered(input, "@path");
            requireCovered(input, HeaderNames.EDGE);
            if (x.body.isReadable()) {
                requireCovered(input, "content-digest");
            }
        }
        if (x.call.query() != null) {
            requireCovered(input, "@query");
        }
        // Another ticket holds another key, so the one that a call is signed under needs no cover.
        if (!byTicket && x.call.headers().contains(Names.TICKET)) {
            requireCovered(input, HeaderNames.TICKET);
        }
        AsciiString uncovered = covered.uncovered();
        if (uncovered != null) {
            throw uncovered(uncovered);
        }
    }

    private static void requireCovered(SignatureInput input, String component) throws ProtocolException {
        if (!input.covers(component)) {
            throw uncovered(component);
        }
    }

    private static ProtocolException uncovered(CharSequence component) {
        return wrong("it does not cover " + component + " (expected: covered)");
    }

    private static void requireUnexpired(SignatureInput input, long now) throws ProtocolException {
        if (input.expires() >= 0 && now > input.expires()) {
            throw new ProtocolException(
                    Reason.STALE_CALL, "signature: expired at " + input.expires() + " (now: " + now + ")");
        }
    }

    private static void requireDigest(Exchange x) throws ProtocolException {
        AsciiString digest = x.call.headers().get(Names.CONTENT_DIGEST);
        if (digest == null) {
            return; // only without a body, which is then not there to be changed
        }
        int length = x.body.readableBytes();
        byte[] body = x.local.scratch(length);
        x.body.getBytes(x.body.readerIndex(), body, 0, length);
        if (!x.local.contentDigest.verify(CallFields.text(digest), body, 0, length)) {
            throw new ProtocolException(Reason.TAMPERED_BODY, "content-digest does not match the body");
        }
    }

    private static ProtocolException wrong(String found) {
        return new ProtocolException(Reason.WRONG_SIGNATURE, "signature: " + found);
    }
}

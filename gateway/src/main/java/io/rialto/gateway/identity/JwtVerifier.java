package io.rialto.gateway.identity;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.rialto.gateway.config.App.IdentityProvider;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.text.ParseException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The users of identity providers' JWTs. Blocks while keys are fetched: not for an event loop, except {@link #known}.
 * Safe for all threads.
 */
public final class JwtVerifier {
    private static final int MAX_TEXT = 8192;

    /** Characters, one byte each, with 256 for the objects of each token: 50,000 tokens of usual length. */
    private static final int MAX_KNOWN_BYTES = 64 << 20;

    private static final int KNOWN_BYTES = 256;

    /** Asymmetric ones only: with a shared secret every app server could make tokens. */
    private static final Set<JWSAlgorithm> ALGORITHMS =
            Set.of(JWSAlgorithm.RS256, JWSAlgorithm.ES256, JWSAlgorithm.EdDSA, JWSAlgorithm.Ed25519);

    /** What comes before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410). */
    private static final byte[] ED25519_PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

    private static final long SKEW_SECONDS = 60;
    private static final int MAX_USER = 128;

    /** Whom a token names, and until when. */
    public record User(String id, long expiresSeconds) {}

    private record Token(IdentityProvider provider, String text) {}

    private final Cache<Token, User> known = Caffeine.newBuilder()
            .maximumWeight(MAX_KNOWN_BYTES)
            .weigher((Token token, User user) -> KNOWN_BYTES + token.text.length())
            .build();
    private final JwkSets keys;

    public JwtVerifier(JwkSets keys) {
        this.keys = keys;
    }

    /** The user of a token that was verified before and is still valid; null where {@link #verify} must decide. */
    public @Nullable User known(IdentityProvider provider, String text, Instant now) {
        User hit = known.getIfPresent(new Token(provider, text));
        return hit == null || now.getEpochSecond() >= hit.expiresSeconds ? null : hit;
    }

    /** The user of a token. */
    public User verify(IdentityProvider provider, String text, Instant now) throws ProtocolException {
        if (text.length() > MAX_TEXT) {
            throw wrong(text.length() + " characters (expected: at most " + MAX_TEXT + ")");
        }
        try {
            SignedJWT token = SignedJWT.parse(text);
            JWSAlgorithm algorithm = token.getHeader().getAlgorithm();
            if (!ALGORITHMS.contains(algorithm)) {
                throw wrong("algorithm " + algorithm + " (expected: one of " + ALGORITHMS + ")");
            }
            if (token.getHeader().getCriticalParams() != null) {
                throw wrong("crit (expected: none, as no extension is known here)");
            }
            JWK key = keys.find(provider.jwks(), token.getHeader().getKeyID(), now);
            if (!verifies(token, key)) {
                throw wrong("signature does not match key " + key.getKeyID());
            }
            User user = user(provider, token.getJWTClaimsSet(), now);
            known.put(new Token(provider, text), user);
            return user;
        } catch (ParseException | JOSEException | GeneralSecurityException | IllegalArgumentException e) {
            throw wrong("not a JWT that can be checked");
        }
    }

    private static boolean verifies(SignedJWT token, JWK key)
            throws JOSEException, GeneralSecurityException, ProtocolException {
        JWSAlgorithm algorithm = token.getHeader().getAlgorithm();
        if (key instanceof RSAKey rsa && algorithm.equals(JWSAlgorithm.RS256)) {
            return token.verify(new RSASSAVerifier(rsa));
        }
        if (key instanceof ECKey ec && algorithm.equals(JWSAlgorithm.ES256)) {
            return token.verify(new ECDSAVerifier(ec));
        }
        if (key instanceof OctetKeyPair okp && okp.getCurve().getName().equals("Ed25519")) {
            byte[] encoded = ED25519_PREFIX.clone();
            byte[] x = okp.getDecodedX();
            byte[] spki = java.util.Arrays.copyOf(encoded, encoded.length + x.length);
            System.arraycopy(x, 0, spki, encoded.length, x.length);
            Signature signature = Signature.getInstance("Ed25519");
            signature.initVerify(KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(spki)));
            signature.update(token.getSigningInput());
            return signature.verify(token.getSignature().decode());
        }
        throw wrong("algorithm " + algorithm + " with a key of type " + key.getKeyType());
    }

    private static User user(IdentityProvider provider, JWTClaimsSet claims, Instant now)
            throws ProtocolException, ParseException {
        if (!provider.issuer().equals(claims.getIssuer())) {
            throw wrong("issuer " + claims.getIssuer() + " (expected: " + provider.issuer() + ")");
        }
        if (!claims.getAudience().contains(provider.audience())) {
            throw wrong("audience " + claims.getAudience() + " (expected: " + provider.audience() + ")");
        }
        if (claims.getExpirationTime() == null) {
            throw wrong("no exp (expected: a token that ends)");
        }
        long expires = claims.getExpirationTime().toInstant().getEpochSecond() + SKEW_SECONDS;
        if (now.getEpochSecond() >= expires) {
            throw wrong("expired");
        }
        if (claims.getNotBeforeTime() != null
                && claims.getNotBeforeTime().toInstant().getEpochSecond() - SKEW_SECONDS > now.getEpochSecond()) {
            throw wrong("not valid yet");
        }
        Object user = claims.getClaim(provider.userClaim());
        if (!(user instanceof String || user instanceof Long)
                || user.toString().isEmpty()
                || user.toString().getBytes(StandardCharsets.UTF_8).length > MAX_USER) {
            throw wrong("claim " + provider.userClaim() + " (expected: a user id of 1 to " + MAX_USER + " bytes)");
        }
        return new User(user.toString(), expires);
    }

    private static ProtocolException wrong(String found) {
        return new ProtocolException(Reason.WRONG_TOKEN, "JWT: " + found);
    }
}

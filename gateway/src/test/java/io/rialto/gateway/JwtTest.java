package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.rialto.protocol.Reason;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Users by JWTs of an identity provider, in handshakes and on signed calls. */
final class JwtTest {
    /** As many calls as wait for one provider. */
    private static final int JWK_WAITERS = 64;

    private Fixture edge;
    private Phone phone;
    private RSAKey rsa;

    @BeforeEach
    void start() throws Exception {
        String json = Fixture.operations("{\"name\": \"wallet.Balance/Get\", \"route\": \"local\"}")
                .replace(
                        "\"id\": \"wallet\",",
                        "\"id\": \"wallet\", \"identity-provider\": {\"issuer\": \"https://id.example\","
                                + " \"audience\": \"wallet\", \"jwks\": \"https://id.example/keys\"},");
        edge = new Fixture(json);
        phone = new Phone(edge).enrol();
        rsa = new RSAKeyGenerator(2048).keyID("r1").generate();
        edge.jwks = new JWKSet(rsa).toString();
    }

    @AfterEach
    void stop() {
        edge.close();
    }

    private JWTClaimsSet.Builder claims() {
        return new JWTClaimsSet.Builder()
                .issuer("https://id.example")
                .audience("wallet")
                .subject("100000000042")
                .expirationTime(at(3600));
    }

    private Date at(long seconds) {
        return Date.from(Instant.ofEpochMilli(edge.millis.get()).plusSeconds(seconds));
    }

    private static String token(JWSAlgorithm algorithm, String keyId, JWSSigner signer, JWTClaimsSet claims)
            throws Exception {
        SignedJWT jwt =
                new SignedJWT(new JWSHeader.Builder(algorithm).keyID(keyId).build(), claims);
        jwt.sign(signer);
        return jwt.serialize();
    }

    private String rsaToken(JWTClaimsSet claims) throws Exception {
        return token(JWSAlgorithm.RS256, "r1", new RSASSASigner(rsa), claims);
    }

    @Test
    void a_token_binds_the_session_to_its_user() throws Exception {
        phone.jwt = rsaToken(claims().build());
        assertThat(phone.open().opened().acceptance().user()).isEqualTo("100000000042");
        assertThat(phone.sealed("/wallet.Balance/Get", "{}").send(edge.gateway).status())
                .isEqualTo(200);
        FakeCall.Reply signed = phone.sign(
                        "/wallet.Balance/Get", "{}", "device", "authorization", "Bearer " + phone.jwt)
                .send(edge.gateway);
        assertThat(signed.status()).isEqualTo(200);
        assertThat(edge.jwkFetches).hasValue(1);
    }

    @Test
    void accepts_each_algorithm_with_its_key() throws Exception {
        ECKey ec = new ECKeyGenerator(Curve.P_256).keyID("e1").generate();
        KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        byte[] spki = pair.getPublic().getEncoded();
        OctetKeyPair okp = new OctetKeyPair.Builder(
                        Curve.Ed25519, Base64URL.encode(Arrays.copyOfRange(spki, spki.length - 32, spki.length)))
                .keyID("d1")
                .build();
        edge.jwks = new JWKSet(java.util.List.of(ec.toPublicJWK(), okp)).toString();
        phone.jwt = token(JWSAlgorithm.ES256, "e1", new ECDSASigner(ec), claims().build());
        assertThat(phone.open().opened().acceptance().user()).isEqualTo("100000000042");
        String head = Base64URL.encode("{\"alg\":\"EdDSA\",\"kid\":\"d1\"}") + "."
                + Base64URL.encode(claims().build().toString());
        Signature signature = Signature.getInstance("Ed25519");
        signature.initSign(pair.getPrivate());
        signature.update(head.getBytes(StandardCharsets.US_ASCII));
        phone.jwt = head + "." + Base64URL.encode(signature.sign());
        assertThat(phone.open().opened().acceptance().user()).isEqualTo("100000000042");
        String critical = Base64URL.encode("{\"alg\":\"EdDSA\",\"kid\":\"d1\",\"crit\":[\"x\"],\"x\":1}")
                + head.substring(head.indexOf('.'));
        signature.update(critical.getBytes(StandardCharsets.US_ASCII));
        refused(critical + "." + Base64URL.encode(signature.sign()));
    }

    @Test
    void refuses_tokens_that_do_not_hold() throws Exception {
        refused(rsaToken(claims().issuer("https://other.example").build()));
        refused(rsaToken(claims().audience("other").build()));
        refused(rsaToken(claims().subject(null).build()));
        refused(rsaToken(claims().expirationTime(null).build()));
        refused(rsaToken(claims().expirationTime(at(-61)).build()));
        refused(rsaToken(claims().notBeforeTime(at(61)).build()));
        String good = rsaToken(claims().build());
        refused(good.substring(0, good.length() - 8) + "AAAAAAAA");
        refused("not.a.token");
        refused(rsaToken(
                claims().claim("sub", java.util.List.of("100000000042")).build()));
        refused(rsaToken(claims().claim("sub", true).build()));
        byte[] secret = rsa.toRSAPublicKey().getEncoded();
        refused(token(JWSAlgorithm.HS256, "r1", new MACSigner(secret), claims().build()));
    }

    @Test
    void a_session_ends_with_the_token_that_it_stands_on() throws Exception {
        phone.jwt = rsaToken(claims().expirationTime(at(300)).build());
        assertThat(phone.open().opened().acceptance().endsSeconds()).isEqualTo(edge.millis.get() / 1000 + 360);
        edge.advance(361, TimeUnit.SECONDS);
        assertThat(phone.sealed("/wallet.Balance/Get", "{}").send(edge.gateway).reason())
                .isEqualTo("expired_ticket");
    }

    @Test
    void a_provider_that_hangs_holds_up_its_own_users_only() throws Exception {
        phone.jwt = rsaToken(claims().build());
        phone.open();
        CountDownLatch hang = new CountDownLatch(1);
        edge.jwksGate = hang;
        edge.jwksAsked.drainPermits();
        edge.advance(700, TimeUnit.SECONDS);
        FakeCall first = phone.handshake(phone.offer()).start(edge.gateway);
        edge.jwksAsked.acquire();
        for (int i = 0; i < 3; i++) {
            // the key at hand serves while another call fetches
            assertThat(phone.handshake(phone.offer()).send(edge.gateway).status())
                    .isEqualTo(200);
        }
        assertThat(first.isAnswered()).isFalse();
        String good = String.valueOf(phone.jwt);
        List<FakeCall> waiting = new ArrayList<>();
        phone.jwt = token(JWSAlgorithm.RS256, "made-up", new RSASSASigner(rsa), claims().build());
        int shed = 0;
        for (int i = 0; i < JWK_WAITERS + 20; i++) {
            waiting.add(phone.handshake(phone.offer()).start(edge.gateway));
        }
        phone.jwt = null;
        assertThat(phone.handshake(phone.offer()).send(edge.gateway).status()).isEqualTo(200);
        hang.countDown();
        for (FakeCall call : waiting) {
            shed += call.reply().reason().equals("overloaded") ? 1 : 0;
        }
        assertThat(shed).isBetween(1, 20);
        phone.jwt = good;
        assertThat(first.reply().status()).isEqualTo(200);
    }

    @Test
    void fetches_rotated_keys_but_not_for_every_made_up_id() throws Exception {
        phone.jwt = rsaToken(claims().build());
        phone.open();
        RSAKey next = new RSAKeyGenerator(2048).keyID("r2").generate();
        edge.jwks = new JWKSet(next).toString();
        String rotated = token(JWSAlgorithm.RS256, "r2", new RSASSASigner(next), claims().build());
        refused(rotated);
        assertThat(edge.jwkFetches).hasValue(1);
        edge.advance(11, TimeUnit.SECONDS);
        phone.jwt = rotated;
        phone.open();
        assertThat(edge.jwkFetches).hasValue(2);
        for (int i = 0; i < 5; i++) {
            refused(token(JWSAlgorithm.RS256, "made-up-" + i, new RSASSASigner(next), claims().build()));
        }
        assertThat(edge.jwkFetches).hasValue(2);
        edge.jwks = "";
        edge.advance(700, TimeUnit.SECONDS);
        phone.jwt = token(
                JWSAlgorithm.RS256,
                "r2",
                new RSASSASigner(next),
                claims().jwtID("another").build());
        assertThat(phone.open().opened().acceptance().user()).isEqualTo("100000000042");
    }

    private void refused(String jwt) throws Exception {
        phone.jwt = jwt;
        FakeCall.Reply reply = phone.handshake(phone.offer()).send(edge.gateway);
        assertThat(reply.reason()).isEqualTo(Reason.WRONG_TOKEN.wireName());
    }
}

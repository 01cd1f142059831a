package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.protocol.Caller;
import io.rialto.protocol.ContentDigest;
import io.rialto.protocol.Reason;
import io.rialto.protocol.SignatureAlgorithm;
import io.rialto.protocol.SignatureInput;
import io.rialto.protocol.Signatures;
import io.rialto.protocol.SoftwareDeviceKey;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Calls that partners sign with keys of the configuration. */
final class PartnerTest {
    private static final String BODY = "{\"order\": 1}";

    private Fixture edge;
    private SoftwareDeviceKey point;
    private byte[] seed;
    private int nonces;

    @BeforeEach
    void start() throws Exception {
        KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        seed = last32(pair.getPrivate().getEncoded());
        point = SoftwareDeviceKey.generate(new java.security.SecureRandom());
        String keys =
                ", \"partner-keys\": [{\"id\": \"shop\", \"key\": \"%s\"}, {\"id\": \"bank\", \"algorithm\": \"ecdsa-p256-sha256\", \"key\": \"%s\"}]"
                        .formatted(Fixture.b64(last32(pair.getPublic().getEncoded())), Fixture.b64(point.point()));
        String json = Fixture.operations(
                        "{\"name\": \"wallet.Order/Create\", \"auth\": \"device\", \"app\": \"wallet\"}",
                        "{\"name\": \"wallet.Other/Get\", \"auth\": \"device\", \"app\": \"other\"}",
                        "{\"name\": \"wallet.Balance/Get\"}")
                .replace("{\"id\": \"wallet\"", "{\"id\": \"wallet\"" + keys);
        edge = new Fixture(json);
    }

    @AfterEach
    void stop() {
        edge.close();
    }

    private static byte[] last32(byte[] encoded) {
        return Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length);
    }

    private FakeCall sign(String path, String keyId, SignatureAlgorithm algorithm, String nonce, long expires)
            throws Exception {
        FakeCall call = edge.post(path, BODY)
                .header("rialto-edge", edge.self.toString())
                .header("content-digest", ContentDigest.of(BODY.getBytes(StandardCharsets.UTF_8)));
        List<String> covered = List.of("@method", "@path", "rialto-edge", "content-type", "content-digest");
        String text = SignatureInput.of(covered, edge.millis.get() / 1000, nonce, keyId, algorithm)
                .header();
        if (expires > 0) {
            text = text.replace(";nonce=", ";expires=" + expires + ";nonce=");
        }
        SignatureInput input = SignatureInput.parse(text, SignatureInput.LABEL);
        byte[] base = Signatures.base(
                input, new CallFields(edge.exchange(call), new CoveredFields(input.components()).of(call.headers())));
        byte[] signature =
                algorithm == SignatureAlgorithm.ED25519 ? Signatures.sign(algorithm, seed, base) : point.sign(base);
        return call.header("signature-input", text).header("signature", input.signatureHeader(signature));
    }

    private FakeCall sign(String path, String keyId, SignatureAlgorithm algorithm) throws Exception {
        return sign(path, keyId, algorithm, "partners-nonce-" + nonces++, 0);
    }

    @Test
    void both_kinds_of_keys_show_the_app_and_no_more() throws Exception {
        for (String key : List.of("shop", "bank")) {
            SignatureAlgorithm algorithm =
                    key.equals("shop") ? SignatureAlgorithm.ED25519 : SignatureAlgorithm.ECDSA_P256_SHA256;
            FakeCall call = sign("/wallet.Order/Create", "partner:wallet/" + key, algorithm);
            assertThat(call.send(edge.gateway).status()).isEqualTo(200);
            Caller caller = Fixture.CALLERS.verify(
                    edge.backend.last().header("rialto-caller"), "wallet.Order/Create", edge.millis.get());
            assertThat(caller.app()).isEqualTo("wallet");
            assertThat(caller.device()).isNull();
            assertThat(caller.user()).isNull();
            refused(sign("/wallet.Balance/Get", "partner:wallet/" + key, algorithm), Reason.IDENTITY_REQUIRED);
            refused(sign("/wallet.Other/Get", "partner:wallet/" + key, algorithm), Reason.WRONG_APP);
        }
    }

    @Test
    void refuses_keys_that_are_not_there_or_of_another_app() throws Exception {
        for (String keyId : List.of(
                "partner:wallet/none",
                "partner:other/shop",
                "partner:none/shop",
                "partner:wallet/",
                "partner:wallet",
                "partner:/shop",
                "partner:",
                "partner:wallet/shop/")) {
            refused(sign("/wallet.Order/Create", keyId, SignatureAlgorithm.ED25519), Reason.WRONG_SIGNATURE);
        }
        assertThat(edge.backend.seen()).isEmpty();
    }

    @Test
    void refuses_another_key_or_algorithm_than_the_named_one() throws Exception {
        refused(
                sign("/wallet.Order/Create", "partner:wallet/shop", SignatureAlgorithm.ECDSA_P256_SHA256),
                Reason.WRONG_SIGNATURE);
        refused(
                sign("/wallet.Order/Create", "partner:wallet/bank", SignatureAlgorithm.ED25519),
                Reason.WRONG_SIGNATURE);
        seed = new byte[32];
        refused(
                sign("/wallet.Order/Create", "partner:wallet/shop", SignatureAlgorithm.ED25519),
                Reason.WRONG_SIGNATURE);
    }

    @Test
    void refuses_a_call_again_and_after_its_signature_has_expired() throws Exception {
        long now = edge.millis.get() / 1000;
        String path = "/wallet.Order/Create";
        String key = "partner:wallet/shop";
        assertThat(sign(path, key, SignatureAlgorithm.ED25519, "the-very-same-nonce", now)
                        .send(edge.gateway)
                        .status())
                .isEqualTo(200);
        refused(sign(path, key, SignatureAlgorithm.ED25519, "the-very-same-nonce", 0), Reason.REPLAYED_CALL);
        refused(sign(path, key, SignatureAlgorithm.ED25519, "another-nonce-of-it", now - 1), Reason.STALE_CALL);
    }

    private void refused(FakeCall call, Reason reason) throws Exception {
        assertThat(call.send(edge.gateway).reason()).isEqualTo(reason.wireName());
    }
}

package io.rialto.protocol;

import static io.rialto.protocol.Vectors.hex;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Map;
import java.util.Objects;
import org.bouncycastle.crypto.hpke.HPKE;
import org.bouncycastle.crypto.hpke.HPKEContext;
import org.bouncycastle.crypto.hpke.HPKEContextWithEncapsulation;
import org.bouncycastle.pqc.crypto.xwing.XWingKEMExtractor;
import org.bouncycastle.pqc.crypto.xwing.XWingPrivateKeyParameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The published vectors of what the protocol is built from. */
final class RfcTest {
    // RFC 9421, B.1
    private static final byte[] RSA_PSS = Base64.getMimeDecoder().decode("""
            MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2
            +QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+
            oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq
            gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W
            Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4
            aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI
            2wIDAQAB""");
    private static final byte[] ECC_P256 =
            point("qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA", "Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0");
    private static final byte[] ED25519 = base64Url("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs");
    private static final byte[] ED25519_PRIVATE = base64Url("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU");
    private static final byte[] SHARED_SECRET = Base64.getDecoder()
            .decode("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==");

    // RFC 9421, B.2
    private static final String REQUEST_BODY = "{\"hello\": \"world\"}";
    private static final String RESPONSE_BODY = "{\"message\": \"good dog\"}";
    private static final Vectors.Message REQUEST = new Vectors.Message(
            "POST",
            "/foo",
            "param=Value&Pet=dog",
            0,
            Map.of(
                    "host",
                    "example.com",
                    "date",
                    "Tue, 20 Apr 2021 02:07:55 GMT",
                    "content-type",
                    "application/json",
                    "content-digest",
                    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
                    "content-length",
                    "18"));
    private static final Vectors.Message RESPONSE = new Vectors.Message(
            "",
            "",
            null,
            200,
            Map.of(
                    "date",
                    "Tue, 20 Apr 2021 02:07:56 GMT",
                    "content-type",
                    "application/json",
                    "content-digest",
                    "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:",
                    "content-length",
                    "23"));

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\'', textBlock = """
            sig-b21=();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd" | d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==
            sig-b22=("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example" | LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==
            sig-b23=("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss" | bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==
            """)
    void rfc_9421_b2_1_to_3_rsa_pss_is_verified(String input, String signature) throws Exception {
        assertThat(verifies(SignatureAlgorithm.RSA_PSS_SHA512, RSA_PSS, input, signature, REQUEST))
                .isTrue();
    }

    @Test
    void rfc_9421_b2_4_ecdsa_is_verified() throws Exception {
        String input = "sig-b24=(\"@status\" \"content-type\" \"content-digest\" \"content-length\")"
                + ";created=1618884473;keyid=\"test-key-ecc-p256\"";
        String signature = "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==";
        assertThat(verifies(SignatureAlgorithm.ECDSA_P256_SHA256, ECC_P256, input, signature, RESPONSE))
                .isTrue();
    }

    @Test
    void rfc_9421_b2_5_hmac_is_reproduced() throws Exception {
        SignatureInput input = SignatureInput.parse(
                "sig-b25=(\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\"",
                SignatureInput.LABEL);
        byte[] base = Signatures.base(input, REQUEST);
        assertThat(new String(base, StandardCharsets.US_ASCII)).isEqualTo("""
                        "date": Tue, 20 Apr 2021 02:07:55 GMT
                        "@authority": example.com
                        "content-type": application/json
                        "@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret\"""");
        byte[] signature = Signatures.sign(SignatureAlgorithm.HMAC_SHA256, SHARED_SECRET, base);
        assertThat(input.signatureHeader(signature))
                .isEqualTo("sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:");
    }

    @Test
    void rfc_9421_b2_6_ed25519_is_reproduced() throws Exception {
        String text = "sig-b26=(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")"
                + ";created=1618884473;keyid=\"test-key-ed25519\"";
        String signature = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==";
        SignatureInput input = SignatureInput.parse(text, SignatureInput.LABEL);
        byte[] made = Signatures.sign(SignatureAlgorithm.ED25519, ED25519_PRIVATE, Signatures.base(input, REQUEST));
        assertThat(Base64.getEncoder().encodeToString(made)).isEqualTo(signature);
        assertThat(verifies(SignatureAlgorithm.ED25519, ED25519, text, signature, REQUEST))
                .isTrue();
    }

    private static boolean verifies(
            SignatureAlgorithm algorithm, byte[] key, String input, String signature, SignedMessage message)
            throws ProtocolException {
        SignatureInput parsed = SignatureInput.parse(input, SignatureInput.LABEL);
        byte[] bytes = parsed.signatureIn(parsed.label() + "=:" + signature + ":");
        byte[] base = Signatures.base(parsed, message);
        byte[] other = base.clone();
        other[other.length - 2] ^= 1;
        assertThat(Signatures.verify(algorithm, key, other, bytes)).isFalse();
        return Signatures.verify(algorithm, key, base, bytes);
    }

    @Test
    void rfc_9530_digests_match() throws Exception {
        byte[] request = REQUEST_BODY.getBytes(StandardCharsets.UTF_8);
        byte[] response = RESPONSE_BODY.getBytes(StandardCharsets.UTF_8);
        assertThat(ContentDigest.matches(digestOf(REQUEST), request, 0, request.length))
                .isTrue();
        assertThat(ContentDigest.matches(digestOf(RESPONSE), response, 0, response.length))
                .isTrue();
        assertThat(ContentDigest.matches(digestOf(RESPONSE), request, 0, request.length))
                .isFalse();
        // RFC 9530, appendix B: the same body with a line feed at its end
        byte[] line = (REQUEST_BODY + "\n").getBytes(StandardCharsets.UTF_8);
        assertThat(ContentDigest.matches(
                        "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:", line, 0, line.length))
                .isTrue();
        assertThat(ContentDigest.of(line)).isEqualTo("sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:");
    }

    @Test
    void rfc_9180_x25519_with_aes_256_gcm_is_reproduced() throws Exception {
        // the vectors published with the RFC: base mode, KEM 0x0020, KDF 0x0001, AEAD 0x0002
        byte[] info = hex("4f6465206f6e2061204772656369616e2055726e");
        byte[] ikmE = hex("2cd7c601cefb3d42a62b04b7a9041494c06c7843818e0ce28a8f704ae7ab20f9");
        byte[] privateKey = hex("497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d");
        byte[] publicKey = hex("430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c");
        byte[] plaintext = hex("4265617574792069732074727574682c20747275746820626561757479");
        byte[] aad = hex("436f756e742d30");
        HPKE hpke = new HPKE(HPKE.mode_base, HPKE.kem_X25519_SHA256, HPKE.kdf_HKDF_SHA256, HPKE.aead_AES_GCM256);
        byte[] ephemeral = hpke.serializePrivateKey(hpke.deriveKeyPair(ikmE).getPrivate());

        assertThat(Suite.X25519.publicKey(privateKey)).isEqualTo(publicKey);
        HPKEContextWithEncapsulation sender = Suite.X25519.seal(publicKey, info, Vectors.random(ephemeral));
        assertThat(sender.getEncapsulation())
                .isEqualTo(hex("6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256"));
        byte[] sealed = sender.seal(aad, plaintext);
        assertThat(sealed)
                .isEqualTo(hex(
                        "e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a"));
        HPKEContext receiver = Objects.requireNonNull(Suite.X25519.open(privateKey, sender.getEncapsulation(), info));
        assertThat(receiver.open(aad, sealed)).isEqualTo(plaintext);
        assertThat(receiver.export(new byte[0], 32))
                .isEqualTo(hex("ded6cffafaea6b812cbf3e241e88332adbc077aca81512914213810ee291770a"));
        assertThat(sender.export("TestContext".getBytes(StandardCharsets.US_ASCII), 32))
                .isEqualTo(hex("7c5ded445732c14fe09727d29b4251c0fd38455fe8440571e687f0886aac94d2"));
    }

    @ParameterizedTest
    @CsvSource({
        "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26,"
                + "3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e235b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2,"
                + "d2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384,"
                + "5121745904643ad9dfacca7869292c19a8a69533b53e60666b7db910b4ad6367,"
                + "c0abd149f83f45324ac3a7ddc7606c71f257e5ea86113522834a0ee1bcb34e3e",
        "badfd6dfaac359a5efbb7bcc4b59d538df9a04302e10c8bc1cbf1a0b3a5120ea,"
                + "17cda7cfad765f5623474d368ccca8af0007cd9f5e4c849f167a580b14aabdefaee7eef47cb0fca9767be1fda69419dfb927e9df07348b196691abaeb580b32d,"
                + "f2e86241c64d60f6649fbc6c5b7d17180b780a3f34355e64a85749949c45f150,"
                + "799b6016e5daa56ffa1b5e79f7caf73413ceecd6df428642404cac41ddee4853,"
                + "7680b7ba47ae09bac4b43001edcef9d98e50df20026e70ba6a424447e1f2b961",
        "ef58538b8d23f87732ea63b02b4fa0f4873360e2841928cd60dd4cee8cc0d4c9,"
                + "22a96188d032675c8ac850933c7aff1533b94c834adbb69c6115bad4692d8619f90b0cdf8a7b9c264029ac185b70b83f2801f2f4b3f70c593ea3aeeb613a7f1b,"
                + "953f7f4e8c5b5049bdc771d1dffada0dd961477d1a2ae0988baa7ea6898d893f,"
                + "1ef0c99a06026450564957a5402a788feffbbefdcce55d25de254d0a49eb095a,"
                + "3088688d63201d5d844170b79f148b2791c15f346ff6f8bd559807fbd442f91f"
    })
    void x_wing_draft_is_reproduced(
            String seed, String encapsulationSeed, String secret, String publicKeyHash, String encHash)
            throws Exception {
        // draft-connolly-cfrg-xwing-kem, test vectors; keys and ciphertexts by their SHA3-256
        byte[] publicKey = Suite.X_WING.publicKey(hex(seed));
        byte[] enc = Suite.X_WING
                .seal(publicKey, new byte[0], Vectors.random(hex(encapsulationSeed)))
                .getEncapsulation();
        MessageDigest sha3 = MessageDigest.getInstance("SHA3-256");
        assertThat(sha3.digest(publicKey)).isEqualTo(hex(publicKeyHash));
        assertThat(sha3.digest(enc)).isEqualTo(hex(encHash));
        byte[] decapsulated = new XWingKEMExtractor(new XWingPrivateKeyParameters(hex(seed))).extractSecret(enc);
        assertThat(decapsulated).isEqualTo(hex(secret));
    }

    private static String digestOf(Vectors.Message message) {
        return Objects.requireNonNull(message.fields().get("content-digest"));
    }

    private static byte[] point(String x, String y) {
        return Bytes.concat(new byte[] {4}, base64Url(x), base64Url(y));
    }

    private static byte[] base64Url(String text) {
        return Base64.getUrlDecoder().decode(text);
    }
}

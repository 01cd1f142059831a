package io.rialto.sync.vendor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECPrivateKeySpec;
import java.util.Base64;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

class WebPushCipherTest {
    private static byte[] bytes(String text) {
        return Base64.getUrlDecoder().decode(text);
    }

    private static ECPrivateKey privateKey(String text) throws Exception {
        return (ECPrivateKey) KeyFactory.getInstance("EC")
                .generatePrivate(new ECPrivateKeySpec(new BigInteger(1, bytes(text)), P256.SPEC));
    }

    /** RFC 8291, appendix A. */
    @Test
    void encrypts_the_example_of_the_rfc() throws Exception {
        Subscription subscription = new Subscription(
                URI.create("https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV"),
                bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
                bytes("BTBZMqHH6r4Tts7J_aSIgg"));
        ECPrivateKey key = privateKey("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
        ECPublicKey publicKey = P256.publicOf(key);
        assertThat(P256.encode(publicKey))
                .isEqualTo(bytes(
                        "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"));
        byte[] body = WebPushCipher.encrypt(
                "When I grow up, I want to be a watermelon".getBytes(StandardCharsets.US_ASCII),
                subscription,
                new KeyPair(publicKey, key),
                bytes("DGv6ra1nlYgDCS1FRnbzlw"));
        assertThat(Base64.getUrlEncoder().withoutPadding().encodeToString(body))
                .isEqualTo(
                        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6T"
                                + "lzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4"
                                + "a-fN");
    }

    @RepeatedTest(20)
    void finds_the_public_key_of_a_private_one() throws Exception {
        KeyPair pair = PushServer.pair("EC", 256);
        assertThat(P256.publicOf((ECPrivateKey) pair.getPrivate()).getW())
                .isEqualTo(((ECPublicKey) pair.getPublic()).getW());
    }

    @Test
    void refuses_a_text_that_does_not_fit() {
        Subscription subscription =
                new Subscription(URI.create("https://push.example.net"), new byte[65], new byte[16]);
        assertThatThrownBy(() ->
                        WebPushCipher.encrypt(new byte[WebPushCipher.MAX_TEXT + 1], subscription, new SecureRandom()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}

package io.rialto.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SignaturesTest {
    private static final String PARAMETERS =
            ";created=1790000000;nonce=\"0123456789abcdef\";keyid=\"ticket\";alg=\"hmac-sha256\"";

    @Test
    void reads_what_it_wrote() throws Exception {
        SignatureInput input = SignatureInput.of(
                List.of("@method", "content-type"), 1_790_000_000, "n\"\\n", "ticket", SignatureAlgorithm.HMAC_SHA256);
        SignatureInput read = SignatureInput.parse(input.header(), SignatureInput.LABEL);
        assertThat(read.components()).containsExactly("@method", "content-type");
        assertThat(read.covers("@method")).isTrue();
        assertThat(read.covers("@path")).isFalse();
        assertThat(read.created()).isEqualTo(1_790_000_000);
        assertThat(read.expires()).isEqualTo(-1);
        assertThat(read.nonce()).isEqualTo("n\"\\n");
        assertThat(read.keyId()).isEqualTo("ticket");
        assertThat(read.algorithm()).isEqualTo("hmac-sha256");
        assertThat(read.label()).isEqualTo("rialto");
        assertThat(read.signatureIn(read.signatureHeader(new byte[] {1, 2}))).containsExactly(1, 2);
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> SignatureInput.of(List.of("Content-Type"), 1, "n", "k", SignatureAlgorithm.HMAC_SHA256));
    }

    @Test
    void makes_the_parameters_canonical() throws Exception {
        SignatureInput input = SignatureInput.parse(
                "  a=(  \"@method\"   \"date\" ); created=5;  x;y=?1;z=tok/en;w=:AQI=:;v=-3  ", "a");
        assertThat(input.parameters()).isEqualTo("(\"@method\" \"date\");created=5;x;y=?1;z=tok/en;w=:AQI=:;v=-3");
    }

    @Test
    void picks_the_preferred_signature_of_several() throws Exception {
        String several = "sig1=(\"@path\");created=1, rialto=(\"@method\");created=2 ,\tsig3=();created=3";
        assertThat(SignatureInput.parse(several, "rialto").created()).isEqualTo(2);
        assertThat(SignatureInput.parse(several, "rialto").signatureIn("sig1=:AA==:, rialto=:AQ==:"))
                .containsExactly(1);
        refuses(several, "other");
        assertThat(SignatureInput.parse("sig1=();created=1", "rialto").created())
                .isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "rialto",
                "rialto=",
                "rialto=\"x\"",
                "rialto=(",
                "rialto=(\"@method\"",
                "rialto=(\"@method",
                "rialto=(@method)",
                "rialto=(\"@method\"\"@path\")",
                "rialto=(\"@method\" \"@method\")",
                "rialto=(\"Content-Type\")",
                "rialto=(\"\")",
                "rialto=(\"@\")",
                "rialto=(\"a b\")",
                "rialto=(\"date\";sf)",
                "rialto=(\"date\";bs)",
                "rialto=(\"date\";req)",
                "rialto=(\"date\";key=\"a\")",
                "rialto=(\"@query-param\")",
                "rialto=(\"@query-param\";name=a)",
                "rialto=(\"@query-param\";name=\"a\";req)",
                "rialto=();created=",
                "rialto=();created",
                "rialto=();created=\"1\"",
                "rialto=();created=-1",
                "rialto=();created=1.5",
                "rialto=();created=1234567890123456",
                "rialto=();created=1;created=1",
                "rialto=();keyid=ticket",
                "rialto=();keyid=\"a\\b\"",
                "rialto=();keyid=\"é\"",
                "rialto=();Keyid=\"a\"",
                "rialto=();x=:A:",
                "rialto=();x=:====:",
                "rialto=();x=?2",
                "rialto=();x=",
                "rialto=(),",
                "rialto=(),,a=()",
                "rialto=(),rialto=()",
                "Rialto=()",
                "rialto=() x",
                "rialto =()",
            })
    void refuses_malformed_parameters(String text) {
        refuses(text, "rialto");
    }

    @Test
    void refuses_more_than_it_would_look_at() {
        List<String> components = new ArrayList<>();
        for (int i = 0; i <= SignatureInput.MAX_COMPONENTS; i++) {
            components.add("\"h" + i + "\"");
        }
        refuses("rialto=(" + String.join(" ", components) + ")", "rialto");
        refuses("rialto=();x=\"" + "a".repeat(StructuredText.MAX_CHARS) + "\"", "rialto");
        refuses("a=(),b=(),c=(),d=(),e=(),f=(),g=(),h=(),rialto=()", "rialto");
        refuses("rialto=()" + ";a;b;c;d;e;f;g;h;i;j;k;l;m;n;o;p;q", "rialto");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "rialto",
                "rialto=",
                "rialto=::,",
                "other=:AA==:",
                "rialto=:AA:",
                "rialto=:AA==",
                "rialto=\"AA\"",
                "rialto=:AA==:, rialto=:AA==:",
                "rialto=:A-_=:"
            })
    void refuses_malformed_signatures(String header) throws Exception {
        SignatureInput input = SignatureInput.parse("rialto=()", "rialto");
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> input.signatureIn(header))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.MALFORMED_FRAME));
    }

    @Test
    void derives_components_of_the_request() throws Exception {
        String all =
                "rialto=(\"@method\" \"@target-uri\" \"@authority\" \"@scheme\" \"@request-target\" \"@path\" \"@query\""
                        + " \"@query-param\";name=\"a%20b\" \"@query-param\";name=\"e\" \"x\")";
        SignedMessage message = new Vectors.Message(
                "POST", "/p", "a+b=%c3%a9+1&e", 0, Map.of("host", "Example.COM:443", "x", " a, b "));
        assertThat(base(all, message)).isEqualTo("""
                "@method": POST
                "@target-uri": https://example.com/p?a+b=%c3%a9+1&e
                "@authority": example.com
                "@scheme": https
                "@request-target": /p?a+b=%c3%a9+1&e
                "@path": /p
                "@query": ?a+b=%c3%a9+1&e
                "@query-param";name="a%20b": %C3%A9%201
                "@query-param";name="e":\s
                "x": a, b
                "@signature-params":\s""" + all.substring("rialto=".length()));
        SignedMessage bare = new Vectors.Message("GET", "", null, 0, Map.of("host", "a:8443"));
        assertThat(base("rialto=(\"@path\" \"@query\" \"@target-uri\")", bare)).startsWith("""
                "@path": /
                "@query": ?
                "@target-uri": https://a:8443/
                """);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "date",
                "@status",
                "@unknown",
                "bad",
                "@query-param\";name=\"twice",
                "@query-param\";name=\"absent"
            })
    void refuses_components_that_the_message_cannot_show(String component) throws Exception {
        SignedMessage message =
                new Vectors.Message("POST", "/p", "twice=1&twice=2", 0, Map.of("bad", "a\nb", "host", "a"));
        SignatureInput input = SignatureInput.parse("rialto=(\"" + component + "\")", "rialto");
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> Signatures.base(input, message))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.WRONG_SIGNATURE));
    }

    @Test
    void refuses_a_base_over_its_bound() throws Exception {
        SignedMessage message =
                new Vectors.Message("POST", "/p", null, 0, Map.of("a", "x".repeat(SignatureBase.MAX_BYTES)));
        SignatureInput input = SignatureInput.parse("rialto=(\"a\")", "rialto");
        assertThatExceptionOfType(ProtocolException.class).isThrownBy(() -> Signatures.base(input, message));
    }

    @Test
    void macs_are_the_same_by_either_way() throws Exception {
        byte[] key = new byte[32];
        SignatureInput input = SignatureInput.parse("rialto=(\"@method\" \"@path\" \"x\")" + PARAMETERS, "rialto");
        Map<String, String> fields = new HashMap<>(Map.of("x", "1"));
        SignedMessage message = new Vectors.Message("POST", "/p", null, 0, fields);
        MacSigner signer = new MacSigner();
        byte[] mac = signer.sign(MacSigner.key(key), input, message);
        assertThat(mac)
                .isEqualTo(Signatures.sign(SignatureAlgorithm.HMAC_SHA256, key, Signatures.base(input, message)));
        assertThat(signer.verify(MacSigner.key(key), input, message, mac)).isTrue();
        for (int i = 0; i < mac.length; i++) {
            byte[] changed = mac.clone();
            changed[i] ^= 1;
            assertThat(signer.verify(MacSigner.key(key), input, message, changed))
                    .isFalse();
        }
        assertThat(signer.verify(MacSigner.key(key), input, message, Arrays.copyOf(mac, 31)))
                .isFalse();
        fields.put("x", "2");
        assertThat(signer.verify(MacSigner.key(key), input, message, mac)).isFalse();
        assertThatIllegalArgumentException().isThrownBy(() -> MacSigner.key(new byte[31]));
    }

    @Test
    void keys_that_share_a_mac_do_not_share_its_state() throws Exception {
        SignatureInput input = SignatureInput.parse("rialto=(\"@method\" \"x\")" + PARAMETERS, "rialto");
        SignedMessage message = new Vectors.Message("POST", "/p", null, 0, new HashMap<>(Map.of("x", "1")));
        MacSigner signer = new MacSigner(2);
        List<MacKey> keys = new ArrayList<>();
        List<byte[]> macs = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            byte[] key = new byte[32];
            key[0] = (byte) i;
            keys.add(MacSigner.key(key));
            macs.add(Signatures.sign(SignatureAlgorithm.HMAC_SHA256, key, Signatures.base(input, message)));
        }
        for (int of : new int[] {0, 0, 2, 4, 0, 1, 3, 1, 1, 2}) {
            assertThat(signer.sign(keys.get(of), input, message)).isEqualTo(macs.get(of));
        }
        assertThatIllegalArgumentException().isThrownBy(() -> new MacSigner(3));
    }

    @Test
    void the_bytes_of_one_mac_are_read_as_those_of_any_signature() throws Exception {
        SignatureInput input = SignatureInput.parse("rialto=(\"x\")" + PARAMETERS, "rialto");
        byte[] mac = new byte[32];
        Arrays.fill(mac, (byte) -3);
        String header = input.signatureHeader(mac);
        assertThat(input.signatureIn(header)).isEqualTo(mac);
        assertThat(input.signatureIn(SignatureInputsTest.bytes(header))).isEqualTo(mac);
        assertThat(input.signatureIn("other=:AAAA:, " + header)).isEqualTo(mac);
        for (int i = 0; i < header.length(); i++) {
            String changed = header.substring(0, i) + '~' + header.substring(i + 1);
            ByteText bytes = SignatureInputsTest.bytes(changed);
            assertThatExceptionOfType(ProtocolException.class).isThrownBy(() -> input.signatureIn(changed));
            assertThatExceptionOfType(ProtocolException.class).isThrownBy(() -> input.signatureIn(bytes));
        }
    }

    @Test
    void signs_with_rsa_pss_and_refuses_short_keys() throws Exception {
        byte[] base = "base".getBytes(StandardCharsets.US_ASCII);
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair pair = generator.generateKeyPair();
        byte[] signature = Signatures.sign(
                SignatureAlgorithm.RSA_PSS_SHA512, pair.getPrivate().getEncoded(), base);
        byte[] key = pair.getPublic().getEncoded();
        assertThat(Signatures.verify(SignatureAlgorithm.RSA_PSS_SHA512, key, base, signature))
                .isTrue();
        signature[9] ^= 1;
        assertThat(Signatures.verify(SignatureAlgorithm.RSA_PSS_SHA512, key, base, signature))
                .isFalse();
        generator.initialize(1536);
        KeyPair weak = generator.generateKeyPair();
        byte[] byWeak = Signatures.sign(
                SignatureAlgorithm.RSA_PSS_SHA512, weak.getPrivate().getEncoded(), base);
        assertThat(Signatures.verify(
                        SignatureAlgorithm.RSA_PSS_SHA512, weak.getPublic().getEncoded(), base, byWeak))
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 31, 32, 64, 65, 300})
    void says_no_to_keys_and_signatures_of_any_size(int size) {
        for (SignatureAlgorithm algorithm : SignatureAlgorithm.values()) {
            if (size > 0 || algorithm != SignatureAlgorithm.HMAC_SHA256) {
                assertThat(Signatures.verify(algorithm, new byte[size], new byte[3], new byte[size]))
                        .isFalse();
            }
        }
        assertThat(SignatureAlgorithm.ofWireName("none")).isNull();
    }

    private static String base(String input, SignedMessage message) throws ProtocolException {
        return new String(Signatures.base(SignatureInput.parse(input, "rialto"), message), StandardCharsets.US_ASCII);
    }

    private static void refuses(String text, String preferred) {
        assertThatExceptionOfType(ProtocolException.class)
                .as(text)
                .isThrownBy(() -> SignatureInput.parse(text, preferred))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.MALFORMED_FRAME));
    }
}

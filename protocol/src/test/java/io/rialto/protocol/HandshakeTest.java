package io.rialto.protocol;

import static io.rialto.protocol.Vectors.hex;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;
import org.bouncycastle.crypto.hpke.HPKEContextWithEncapsulation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HandshakeTest {
    private static final byte[] LABEL = Bytes.ascii("rialto handshake 1");

    private final SecureRandom random = new SecureRandom();
    private final SoftwareDeviceKey device = SoftwareDeviceKey.generate(random);
    private final Offer offer =
            new Offer("credential", "session", null, "east/east-1/0a", 1_790_000_000_000L, new byte[16]);
    private final Acceptance acceptance =
            new Acceptance("ticket", 1_790_086_400L, 1_790_000_000_000L, "east/east-1/0a", "u1", List.of());

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void gives_both_ends_the_same_keys(int suite) throws Exception {
        ServerKeyPair pair = ServerKeyPair.generate(suite, random);
        Handshake.Client client = Handshake.start(pair.key(), offer, device, random);

        Handshake.Server server =
                Handshake.open(client.message(), id -> id == pair.key().id() ? pair : null, random);

        assertThat(server.signedBy(device.point())).isTrue();
        assertThat(server.signedBy(SoftwareDeviceKey.generate(random).point())).isFalse();
        assertThat(server.offer().session()).isEqualTo("session");
        Opened opened = client.finish(server.answer(acceptance));
        assertThat(opened.keys().encoded()).isEqualTo(server.keys().encoded());
        assertThat(opened.acceptance().ticket()).isEqualTo("ticket");
        assertThat(Set.of(
                        hexOf(opened.keys().toServer()),
                        hexOf(opened.keys().toClient()),
                        hexOf(opened.keys().mac())))
                .hasSize(3);
    }

    @Test
    void gives_other_keys_when_a_message_is_opened_again() throws Exception {
        ServerKeyPair pair = ServerKeyPair.generate(1, random);
        Handshake.Client client = Handshake.start(pair.key(), offer, device, random);
        Handshake.Server first = Handshake.open(client.message(), id -> pair, random);
        Handshake.Server second = Handshake.open(client.message(), id -> pair, random);
        assertThat(first.keys().encoded()).isNotEqualTo(second.keys().encoded());
        assertThat(client.finish(second.answer(acceptance)).keys().encoded())
                .isEqualTo(second.keys().encoded());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void refuses_a_message_with_any_byte_changed(int suite) throws Exception {
        ServerKeyPair pair = ServerKeyPair.generate(suite, random);
        byte[] message = Handshake.start(pair.key(), offer, device, random).message();
        int enc = Suite.of(suite).encBytes();
        // every byte for X25519; for X-Wing, whose enc has a thousand of one kind, every seventh of them
        for (int i = 0; i < message.length; i += suite == 2 && i >= 8 && i < 8 + enc - 40 ? 7 : 1) {
            byte[] changed = message.clone();
            changed[i] ^= 1;
            boolean key = i >= 2 && i < 6;
            boolean frame = i < 2 || i == 6 || i == 7 || i == 8 + enc || i == 9 + enc;
            Reason expected = key ? Reason.UNKNOWN_SERVER_KEY : frame ? Reason.MALFORMED_FRAME : Reason.TAMPERED_BODY;
            assertThat(refusal(changed, pair)).as("byte " + i).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void refuses_a_message_cut_off_or_extended_anywhere(int suite) throws Exception {
        ServerKeyPair pair = ServerKeyPair.generate(suite, random);
        byte[] message = Handshake.start(pair.key(), offer, device, random).message();
        for (int length = 0; length < message.length; length++) {
            assertThat(refusal(Arrays.copyOf(message, length), pair)).isEqualTo(Reason.MALFORMED_FRAME);
        }
        assertThat(refusal(Arrays.copyOf(message, message.length + 1), pair)).isEqualTo(Reason.MALFORMED_FRAME);
        assertThat(refusal(new byte[Handshake.MAX_BYTES + 1], pair)).isEqualTo(Reason.MALFORMED_FRAME);
    }

    @Test
    void refuses_a_key_of_the_other_suite_under_the_id() throws Exception {
        ServerKeyPair pair = ServerKeyPair.generate(1, random);
        ServerKeyPair other = ServerKeyPair.generate(2, random);
        byte[] message = Handshake.start(pair.key(), offer, device, random).message();
        assertThat(refusal(message, id -> other)).isEqualTo(Reason.UNKNOWN_SERVER_KEY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0000000000000000000000000000000000000000000000000000000000000000",
                "0100000000000000000000000000000000000000000000000000000000000000",
                "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
            })
    void refuses_points_of_low_order(String point) throws Exception {
        ServerKeyPair pair = ServerKeyPair.generate(1, random);
        byte[] message = Handshake.start(pair.key(), offer, device, random).message();
        System.arraycopy(hex(point), 0, message, 8, 32);
        assertThat(refusal(message, pair)).isEqualTo(Reason.TAMPERED_BODY);
    }

    @Test
    void refuses_payloads_that_are_sealed_well_but_wrong_inside() throws Exception {
        ServerKeyPair pair = ServerKeyPair.generate(1, random);
        byte[] good = offer.encode();
        byte[] signature = Bytes.concat(new byte[] {15, 0, 64}, new byte[64]);
        byte[] noEdge = new FieldWriter()
                .putText(1, "c")
                .putLong(5, 1)
                .put(6, new byte[16])
                .toBytes();
        byte[] both = new FieldWriter()
                .putText(1, "c")
                .putText(2, "s")
                .putText(3, "j")
                .putText(4, "e")
                .putLong(5, 1)
                .put(6, new byte[16])
                .toBytes();
        byte[] past = new FieldWriter()
                .putText(1, "c")
                .putText(4, "e")
                .putLong(5, -1)
                .put(6, new byte[16])
                .toBytes();
        byte[] unknown = Bytes.concat(good, new byte[] {7, 0, 0});
        byte[] repeated = Bytes.concat(new FieldWriter().putText(1, "c").toBytes(), good);
        byte[] longToken = new FieldWriter()
                .putText(1, "c".repeat(Offer.MAX_TOKEN + 1))
                .putText(4, "e")
                .putLong(5, 1)
                .put(6, new byte[16])
                .toBytes();
        byte[] notText = new FieldWriter()
                .put(1, new byte[] {(byte) 0xff})
                .putText(4, "e")
                .putLong(5, 1)
                .put(6, new byte[16])
                .toBytes();
        for (byte[] offered : List.of(noEdge, both, past, unknown, repeated, longToken, notText, new byte[0])) {
            assertThat(refusal(sealed(pair, Bytes.concat(offered, signature)), pair))
                    .isEqualTo(Reason.MALFORMED_FRAME);
        }
        assertThat(refusal(sealed(pair, good), pair)).isEqualTo(Reason.MALFORMED_FRAME);
        assertThat(refusal(sealed(pair, Bytes.concat(signature, good)), pair)).isEqualTo(Reason.MALFORMED_FRAME);
        assertThat(refusal(sealed(pair, new byte[0]), pair)).isEqualTo(Reason.MALFORMED_FRAME);
        // and the frame of this very test is right: a zero signature opens, and is nobody's
        Handshake.Server server = Handshake.open(sealed(pair, Bytes.concat(good, signature)), id -> pair, random);
        assertThat(server.signedBy(device.point())).isFalse();
    }

    @Test
    void does_not_take_a_payload_signed_for_another_handshake() throws Exception {
        ServerKeyPair pair = ServerKeyPair.generate(1, random);
        byte[][] signed = new byte[1][];
        DeviceSigner recorder = new DeviceSigner() {
            @Override
            public byte[] point() {
                return device.point();
            }

            @Override
            public byte[] sign(byte[] message) throws java.security.GeneralSecurityException {
                signed[0] = device.sign(message);
                return signed[0];
            }
        };
        assertThat(Handshake.start(pair.key(), offer, recorder, random).message())
                .isNotEmpty();
        byte[] spliced = Bytes.concat(offer.encode(), new byte[] {15, 0, 64}, signed[0]);
        assertThat(Handshake.open(sealed(pair, spliced), id -> pair, random).signedBy(device.point()))
                .isFalse();
    }

    @Test
    void refuses_an_answer_with_any_byte_changed_or_cut_off() throws Exception {
        ServerKeyPair pair = ServerKeyPair.generate(1, random);
        Handshake.Client client = Handshake.start(pair.key(), offer, device, random);
        byte[] answer = Handshake.open(client.message(), id -> pair, random).answer(acceptance);
        for (int i = 0; i < answer.length; i++) {
            byte[] changed = answer.clone();
            changed[i] ^= 0x40;
            assertThat(refusal(client, changed))
                    .as("byte " + i)
                    .isEqualTo(i == 0 ? Reason.MALFORMED_FRAME : Reason.TAMPERED_BODY);
            Reason cut = i < 49 ? Reason.MALFORMED_FRAME : Reason.TAMPERED_BODY;
            assertThat(refusal(client, Arrays.copyOf(answer, i))).isEqualTo(cut);
        }
        assertThat(refusal(client, Arrays.copyOf(answer, answer.length + 1))).isEqualTo(Reason.TAMPERED_BODY);
        Handshake.Client other = Handshake.start(pair.key(), offer, device, random);
        assertThat(refusal(other, answer)).isEqualTo(Reason.TAMPERED_BODY);
    }

    @Test
    void passes_over_server_keys_of_suites_to_come() throws Exception {
        ServerKeyPair pair = ServerKeyPair.generate(1, random);
        byte[] withNewSuite = Bytes.concat(
                acceptance.encode(),
                new FieldWriter().put(6, new byte[] {9, 1, 2, 3}).toBytes());
        assertThat(Acceptance.decode(withNewSuite).nextKeys()).isEmpty();
        Acceptance next = new Acceptance("t", 1, 2, "e", "", List.of(pair.key()));
        assertThat(Acceptance.decode(next.encode()).nextKeys()).containsExactly(pair.key());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Acceptance("t", 1, 2, "e", "", Collections.nCopies(9, pair.key())));
    }

    @Test
    void refuses_keys_that_are_no_pair() {
        ServerKeyPair one = ServerKeyPair.generate(1, random);
        ServerKeyPair two = ServerKeyPair.generate(1, random);
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> ServerKeyPair.of(1, one.privateKey(), two.key().publicKey()));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ServerKey.of(2, one.key().publicKey()));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ServerKey.of(3, one.key().publicKey()));
    }

    private static String hexOf(byte[] bytes) {
        return java.util.HexFormat.of().formatHex(bytes);
    }

    /** A message as a client could build it that follows the outer frame and nothing else. */
    private byte[] sealed(ServerKeyPair pair, byte[] payload) throws Exception {
        HPKEContextWithEncapsulation context =
                Suite.of(pair.key().suite()).seal(pair.key().publicKey(), LABEL, random);
        byte[] header = Bytes.concat(
                new byte[] {1, (byte) pair.key().suite()},
                Bytes.ofInt(pair.key().id()),
                new byte[] {0, 32},
                context.getEncapsulation());
        byte[] box = context.seal(header, payload);
        return Bytes.concat(header, new byte[] {(byte) (box.length >> 8), (byte) box.length}, box);
    }

    private Reason refusal(byte[] message, ServerKeyPair pair) {
        return refusal(message, id -> id == pair.key().id() ? pair : null);
    }

    private Reason refusal(byte[] message, IntFunction<@Nullable ServerKeyPair> byId) {
        try {
            Handshake.open(message, byId, random);
        } catch (ProtocolException e) {
            return e.reason();
        }
        throw new AssertionError("accepted");
    }

    private static Reason refusal(Handshake.Client client, byte[] answer) {
        try {
            client.finish(answer);
        } catch (ProtocolException e) {
            return e.reason();
        }
        throw new AssertionError("accepted");
    }
}

package io.rialto.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SealTest {
    private static final byte[] BODY = {1, 2, 3, 4, 5};
    private static final String PATH = "/wallet.Transfer/Create";

    private final SealKey key = Seal.key(new byte[32]);
    private final Seal seal = new Seal();
    private final Map<String, String> headers = new HashMap<>(Map.of(
            "rialto-edge", "east/east-1/0a", "rialto-time", "1790000000", "rialto-content-type", "application/json"));
    private final byte[] call = seal.sealCall(key, 17, "POST", PATH, headers::get, BODY, 0, BODY.length);

    @Test
    void refuses_a_body_with_any_byte_changed_or_cut_off() {
        for (int i = 0; i < call.length; i++) {
            byte[] changed = call.clone();
            changed[i] ^= 1;
            refuses(17, "POST", PATH, changed);
            refuses(17, "POST", PATH, Arrays.copyOf(call, i));
        }
        refuses(17, "POST", PATH, Arrays.copyOf(call, call.length + 1));
    }

    @Test
    void refuses_another_counter_method_path_or_key() throws Exception {
        refuses(18, "POST", PATH, call);
        refuses(17, "GET", PATH, call);
        refuses(17, "POST", PATH + "?", call);
        refuses(17, "POST", "/wallet.Transfer/Undo", call);
        byte[] otherKey = new byte[32];
        otherKey[31] = 1;
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(
                        () -> seal.openCall(Seal.key(otherKey), 17, "POST", PATH, headers::get, call, 0, call.length));
        assertThat(open(17, "POST", PATH, call)).isEqualTo(BODY);
    }

    @Test
    void refuses_a_covered_header_that_is_changed_added_or_removed() throws Exception {
        for (String name : Seal.callHeaders()) {
            String before = headers.put(name, "other");
            refuses(17, "POST", PATH, call);
            if (before == null) {
                headers.remove(name);
            } else {
                headers.remove(name);
                refuses(17, "POST", PATH, call);
                headers.put(name, before);
            }
        }
        headers.put("x-other", "1");
        assertThat(open(17, "POST", PATH, call)).isEqualTo(BODY);
    }

    @Test
    void does_not_let_one_header_speak_for_two() {
        headers.put("accept", "a");
        headers.put("accept-language", "b");
        byte[] two = seal.sealCall(key, 18, "POST", PATH, headers::get, BODY, 0, BODY.length);
        headers.put("accept", "a\naccept-language:b");
        headers.remove("accept-language");
        refuses(18, "POST", PATH, two);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> seal.sealCall(key, 19, "POST", PATH, headers::get, BODY, 0, BODY.length));
        headers.put("accept", "é");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> seal.sealCall(key, 19, "POST", PATH, headers::get, BODY, 0, BODY.length));
        headers.put("accept", "a".repeat(70_000));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> seal.sealCall(key, 19, "POST", PATH, headers::get, BODY, 0, BODY.length));
        headers.put("accept", "a");
        headers.put("accept-language", "b");
        assertThat(seal.sealCall(key, 19, "POST", PATH, headers::get, BODY, 0, BODY.length))
                .hasSize(21);
    }

    @Test
    void takes_no_notice_of_spaces_around_a_value() throws Exception {
        headers.put("rialto-edge", " \teast/east-1/0a ");
        assertThat(open(17, "POST", PATH, call)).isEqualTo(BODY);
    }

    @Test
    void refuses_an_answer_for_another_call_or_with_another_status() throws Exception {
        Map<String, String> fields = new HashMap<>(Map.of("rialto-content-type", "application/json"));
        SealKey toClient = Seal.key(Bytes.sha256(BODY));
        byte[] answer = seal.sealAnswer(toClient, 17, 200, fields::get, BODY, 0, BODY.length);
        assertThat(seal.openAnswer(toClient, 17, 200, fields::get, answer, 0, answer.length))
                .isEqualTo(BODY);
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> seal.openAnswer(toClient, 16, 200, fields::get, answer, 0, answer.length));
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> seal.openAnswer(toClient, 17, 409, fields::get, answer, 0, answer.length));
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> seal.openCall(toClient, 17, "POST", PATH, fields::get, answer, 0, answer.length));
        for (String name : Seal.answerHeaders()) {
            Map<String, String> changed = new HashMap<>(fields);
            changed.put(name, "other");
            assertThatExceptionOfType(ProtocolException.class)
                    .isThrownBy(() -> seal.openAnswer(toClient, 17, 200, changed::get, answer, 0, answer.length))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.TAMPERED_BODY));
        }
    }

    @Test
    void does_not_use_a_nonce_twice_in_a_row() {
        assertThatIllegalStateException()
                .isThrownBy(() -> seal.sealCall(key, 17, "POST", PATH, headers::get, BODY, 0, BODY.length));
    }

    @Test
    void refuses_counters_out_of_range() {
        for (long counter : new long[] {0, -1, Seal.MAX_COUNTER, Long.MAX_VALUE, Long.MIN_VALUE}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> seal.sealCall(key, counter, "POST", PATH, headers::get, BODY, 0, BODY.length));
            assertThatExceptionOfType(ProtocolException.class)
                    .isThrownBy(() -> open(counter, "POST", PATH, call))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.MALFORMED_FRAME));
        }
    }

    @Test
    void refuses_a_message_of_another_stream_another_place_or_the_other_direction() throws Exception {
        byte[] frame = seal.sealFrame(key, 17, 2, BODY, 0, BODY.length);
        assertThat(seal.openFrame(key, 17, 2, frame, 0, frame.length)).isEqualTo(BODY);
        refusesFrame(key, 17, 1, frame, Reason.TAMPERED_BODY);
        refusesFrame(key, 17, 3, frame, Reason.TAMPERED_BODY);
        refusesFrame(key, 18, 2, frame, Reason.TAMPERED_BODY);
        refusesFrame(Seal.key(Bytes.sha256(BODY)), 17, 2, frame, Reason.TAMPERED_BODY);
        refusesFrame(key, 17, 2, Arrays.copyOf(frame, frame.length - 1), Reason.TAMPERED_BODY);
        refusesFrame(key, 17, 2, new byte[3], Reason.TAMPERED_BODY);
        refusesFrame(key, 17, 2, call, Reason.TAMPERED_BODY);
        refusesFrame(key, 17, 0, frame, Reason.MALFORMED_FRAME);
        refusesFrame(key, 17, Seal.MAX_FRAME + 1, frame, Reason.MALFORMED_FRAME);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> seal.sealFrame(key, 17, Seal.MAX_FRAME + 1, BODY, 0, BODY.length));
        // A call after a frame has its own nonce again.
        assertThat(open(17, "POST", PATH, this.call)).isEqualTo(BODY);
    }

    private void refusesFrame(SealKey with, long counter, int index, byte[] frame, Reason reason) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> seal.openFrame(with, counter, index, frame, 0, frame.length))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
    }

    @Test
    void opens_a_part_of_an_array() throws Exception {
        byte[] padded = Bytes.concat(new byte[3], call, new byte[5]);
        assertThat(seal.openCall(key, 17, "POST", PATH, headers::get, padded, 3, call.length))
                .isEqualTo(BODY);
    }

    @Test
    void refuses_in_place_what_was_changed() {
        for (int i = 0; i < call.length; i++) {
            byte[] changed = call.clone();
            changed[i] ^= 1;
            assertThatExceptionOfType(ProtocolException.class)
                    .isThrownBy(
                            () -> seal.openCallInPlace(key, 17, "POST", PATH, headers::get, changed, 0, changed.length))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.TAMPERED_BODY));
        }
    }

    private byte[] open(long counter, String method, String path, byte[] body) throws ProtocolException {
        return seal.openCall(key, counter, method, path, headers::get, body, 0, body.length);
    }

    private void refuses(long counter, String method, String path, byte[] body) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> open(counter, method, path, body))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.TAMPERED_BODY));
    }

    @Test
    void many_sessions_may_share_few_ciphers() throws Exception {
        Seal few = new Seal(2);
        SealKey[] keys = new SealKey[5];
        byte[][] sealed = new byte[keys.length][];
        for (int round = 1; round <= 3; round++) {
            for (int i = 0; i < keys.length; i++) {
                keys[i] = round == 1 ? Seal.key(Bytes.sha256(Bytes.ofInt(i))) : keys[i];
                sealed[i] = few.sealCall(keys[i], round, "POST", PATH, headers::get, BODY, 0, BODY.length);
            }
            for (int i = 0; i < keys.length; i++) {
                byte[] box = sealed[i];
                assertThat(few.openCall(keys[i], round, "POST", PATH, headers::get, box, 0, box.length))
                        .isEqualTo(BODY)
                        .isEqualTo(seal.openCall(keys[i], round, "POST", PATH, headers::get, box, 0, box.length));
            }
        }
        assertThatIllegalArgumentException().isThrownBy(() -> new Seal(3)).withMessageContaining("power of two");
    }
}

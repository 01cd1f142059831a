package io.rialto.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class FieldsTest {
    private static final byte[] FIELDS = new FieldWriter()
            .putText(1, "é")
            .putLong(2, -2)
            .putInt(3, 7)
            .putByte(200, 255)
            .put(201, new byte[0])
            .toBytes();

    @Test
    void reads_what_was_written() throws Exception {
        FieldReader fields = new FieldReader(FIELDS);
        assertThat(fields.next()).isTrue();
        assertThat(fields.text(2)).isEqualTo("é");
        assertThat(fields.next()).isTrue();
        assertThat(fields.int64()).isEqualTo(-2);
        assertThat(fields.next()).isTrue();
        assertThat(fields.int32()).isEqualTo(7);
        assertThat(fields.next()).isTrue();
        assertThat(fields.int8()).isEqualTo(255);
        assertThat(fields.next()).isTrue();
        assertThat(fields.type()).isEqualTo(201);
        assertThat(fields.bytes(0, 0)).isEmpty();
        assertThat(fields.next()).isFalse();
    }

    @Test
    void refuses_fields_cut_off_anywhere_but_between_them() {
        int whole = 0;
        for (int length = 0; length < FIELDS.length; length++) {
            byte[] cut = Arrays.copyOf(FIELDS, length);
            try {
                readAll(new FieldReader(cut));
                whole++;
            } catch (ProtocolException e) {
                assertThat(e.reason()).isEqualTo(Reason.MALFORMED_FRAME);
            }
        }
        assertThat(whole).isEqualTo(5);
    }

    @Test
    void refuses_repeated_reordered_and_zero_types() {
        refuses(1, 0, 0, 1, 0, 0);
        refuses(2, 0, 0, 1, 0, 0);
        refuses(0, 0, 0);
        refuses(1, 0, 2, 9);
        refuses(1, 0xff, 0xff, 9);
    }

    @Test
    void lets_only_the_named_type_repeat() throws Exception {
        byte[] twice = {6, 0, 0, 6, 0, 0};
        readAll(new FieldReader(twice, 0, 6, 6));
        assertThatExceptionOfType(ProtocolException.class).isThrownBy(() -> readAll(new FieldReader(twice, 0, 6, 7)));
    }

    @Test
    void refuses_values_of_the_wrong_size() throws Exception {
        FieldReader fields = new FieldReader(new byte[] {1, 0, 3, 'a', 'b', 'c'});
        assertThat(fields.next()).isTrue();
        assertThatExceptionOfType(ProtocolException.class).isThrownBy(() -> fields.text(2));
        assertThatExceptionOfType(ProtocolException.class).isThrownBy(() -> fields.bytes(4, 9));
        assertThatExceptionOfType(ProtocolException.class).isThrownBy(fields::int8);
        assertThatExceptionOfType(ProtocolException.class).isThrownBy(fields::int32);
        assertThatExceptionOfType(ProtocolException.class).isThrownBy(fields::int64);
        assertThat(fields.text(3)).isEqualTo("abc");
    }

    @Test
    void does_not_write_what_could_not_be_read() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new FieldWriter().putByte(2, 0).putByte(1, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new FieldWriter().putByte(0, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new FieldWriter().putByte(256, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new FieldWriter().put(1, new byte[65_536]));
        assertThat(new FieldWriter().put(1, new byte[65_535]).toBytes()).hasSize(65_538);
    }

    private static void refuses(int... bytes) {
        byte[] fields = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            fields[i] = (byte) bytes[i];
        }
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> readAll(new FieldReader(fields)))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.MALFORMED_FRAME));
    }

    private static void readAll(FieldReader fields) throws ProtocolException {
        while (fields.next()) {
            assertThat(fields.type()).isPositive();
        }
    }
}

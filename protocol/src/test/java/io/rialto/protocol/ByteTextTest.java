package io.rialto.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class ByteTextTest {
    private final byte[] array = "ab\u00e4\u00ffcd".getBytes(StandardCharsets.ISO_8859_1);
    private final ByteText text = ByteText.of(array, 1, 4);

    @Test
    void is_the_text_of_its_bytes() {
        assertThat(text).hasToString("b\u00e4\u00ffc").hasSize(4);
        assertThat(text.charAt(1)).isEqualTo('\u00e4');
        assertThat(text.subSequence(1, 3)).hasToString("\u00e4\u00ff");
        assertThat(text.subSequence(4, 4)).isEmpty();
    }

    @Test
    void shows_nothing_outside_of_it() {
        for (int index : new int[] {-1, 4, 5}) {
            assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> text.charAt(index));
        }
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> text.subSequence(0, 5));
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> text.subSequence(3, 2));
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> ByteText.of(array, 1, 6));
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> ByteText.of(array, -1, 1));
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> ByteText.of(array, 7, 0));
    }
}

package io.rialto.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class PrintableTextTest {
    @Test
    void says_so_of_every_byte_at_every_place() {
        for (int length = 0; length <= 25; length++) {
            byte[] bytes = new byte[length + 4];
            Arrays.fill(bytes, 1, length + 1, (byte) '~');
            assertThat(PrintableText.isAll(bytes, 1, length)).isTrue();
            for (int at = 1; at <= length; at++) {
                for (int value = 0; value < 256; value++) {
                    bytes[at] = (byte) value;
                    assertThat(PrintableText.isAll(bytes, 1, length))
                            .as("%s at %s of %s", value, at, length)
                            .isEqualTo(value >= ' ' && value <= '~');
                }
                bytes[at] = (byte) (at % 2 == 0 ? ' ' : '~');
            }
        }
    }
}

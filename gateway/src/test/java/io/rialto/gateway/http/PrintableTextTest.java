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

    @Test
    void finds_the_first_that_is_not_whatever_comes_behind_it() {
        for (int length = 1; length <= 25; length++) {
            for (int at = 0; at < length; at++) {
                for (int value = 0; value < 256; value++) {
                    byte[] bytes = new byte[length + 2];
                    Arrays.fill(bytes, 1, length + 1, (byte) (at % 2 == 0 ? ' ' : '~'));
                    bytes[at + 1] = (byte) value;
                    bytes[length] = (byte) (value % 2 == 0 ? 0x80 : 0x1f);
                    boolean printable = value >= ' ' && value <= '~';
                    assertThat(PrintableText.end(bytes, 1, length + 1))
                            .as("%s at %s of %s", value, at, length)
                            .isEqualTo(printable || at == length - 1 ? length : at + 1);
                    assertThat(PrintableText.end(bytes, 1, length))
                            .isEqualTo(printable || at == length - 1 ? length : at + 1);
                }
            }
        }
        assertThat(PrintableText.end(new byte[3], 2, 2)).isEqualTo(2);
    }
}

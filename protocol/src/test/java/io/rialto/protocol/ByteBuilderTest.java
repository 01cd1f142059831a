package io.rialto.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class ByteBuilderTest {
    private final ByteBuilder bytes = new ByteBuilder(4, 64);

    private String text() {
        return new String(bytes.toBytes(), StandardCharsets.ISO_8859_1);
    }

    @Test
    void takes_every_printable_character_and_inner_tabs() {
        for (char c = '!'; c <= '~'; c++) {
            bytes.clear();
            assertThat(bytes.addText(" " + c + "\t" + c + "\t ")).isTrue();
            assertThat(bytes.addText("" + c)).isTrue();
            assertThat(text()).isEqualTo(c + "\t" + c + c);
        }
        bytes.clear();
        assertThat(bytes.addText(" \t ")).isTrue();
        assertThat(bytes.addText("")).isTrue();
        assertThat(bytes.size()).isZero();
    }

    @Test
    void refuses_what_is_no_ascii_text_also_where_latin_1_would_write_a_question_mark() {
        for (String bad : new String[] {
            "\0", "\n", "\r", "\u001f", "\u007f", "\u0080", "\u00ff", "\u0100", "\u203f", "\ud83d\ude00", "\ud83d"
        }) {
            bytes.clear();
            assertThat(bytes.addText("a" + bad + "b")).as(bad).isFalse();
            assertThat(bytes.addText("?" + bad)).as(bad).isFalse();
        }
        bytes.clear();
        assertThat(bytes.addText("a?b")).isTrue();
        assertThat(text()).isEqualTo("a?b");
    }

    @Test
    void takes_bytes_as_the_text_that_they_are() {
        for (int length = 1; length <= 20; length++) {
            for (int value = 0; value < 256; value++) {
                String text = "x".repeat(length - 1) + (char) value + "x".repeat(20 - length);
                bytes.clear();
                boolean valid = bytes.addText(text);
                byte[] taken = bytes.toBytes();
                bytes.clear();
                assertThat(bytes.addText(SignatureInputsTest.bytes(text)))
                        .as("%s at %s", value, length)
                        .isEqualTo(valid)
                        .isEqualTo(value >= ' ' && value < 0x7f || value == '\t');
                assertThat(bytes.toBytes()).isEqualTo(taken);
            }
        }
    }

    @Test
    void takes_nothing_beyond_its_bound() {
        assertThat(bytes.addText("x".repeat(64))).isTrue();
        assertThat(bytes.addText("y")).isFalse();
        assertThat(bytes.overflowed()).isTrue();
        assertThat(bytes.size()).isEqualTo(64);
    }
}

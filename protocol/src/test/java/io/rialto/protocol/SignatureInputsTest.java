package io.rialto.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SignatureInputsTest {
    private final SignatureInputs inputs = new SignatureInputs();

    /** In the middle of an array, as the field of a message is. */
    static ByteText bytes(String text) {
        byte[] array = ("xx" + text + "y").getBytes(StandardCharsets.ISO_8859_1);
        return ByteText.of(array, 2, array.length - 3);
    }

    private SignatureInput read(String value) throws ProtocolException {
        return inputs.parse(bytes(value), SignatureInput.LABEL);
    }

    @Test
    void calls_that_cover_the_same_keep_their_own_parameters() throws ProtocolException {
        String list = "rialto=(\"@method\" \"date\")";
        SignatureInput one = read(list + ";created=1;nonce=\"a\";keyid=\"ticket\";alg=\"hmac-sha256\"");
        SignatureInput other = read(list + ";keyid=\"device\";nonce=\"b\";created=2");
        SignatureInput next = read(list + ";created=12;nonce=\"bc\";keyid=\"ticket\";alg=\"hmac-sha256\"");
        assertThat(inputs.size()).isEqualTo(1);
        assertThat(next.components()).isSameAs(one.components());
        assertThat(next.created()).isEqualTo(12);
        assertThat(next.nonce()).isEqualTo("bc");
        assertThat(next.keyId()).isEqualTo("ticket");
        assertThat(next.parameters())
                .hasToString("(\"@method\" \"date\");created=12;nonce=\"bc\";keyid=\"ticket\";alg=\"hmac-sha256\"");
        assertThat(one.created()).isEqualTo(1);
        assertThat(one.nonce()).isEqualTo("a");
        assertThat(one.algorithm()).isEqualTo("hmac-sha256");
        assertThat(other.created()).isEqualTo(2);
        assertThat(other.nonce()).isEqualTo("b");
        assertThat(other.keyId()).isEqualTo("device");
        assertThat(other.algorithm()).isNull();
        assertThat(other.parameters()).hasToString("(\"@method\" \"date\");keyid=\"device\";nonce=\"b\";created=2");
    }

    @Test
    void lists_that_begin_alike_are_not_the_same() throws ProtocolException {
        assertThat(read("rialto=(\"@method\")").covers("date")).isFalse();
        assertThat(read("rialto=(\"@method\" \"date\")").covers("date")).isTrue();
        assertThat(read("rialto=(\"@method\" )").components()).containsExactly("@method");
        assertThat(read("rialto=(\"@query-param\";name=\"a)\")").parameters())
                .hasToString("(\"@query-param\";name=\"a)\")");
        assertThat(read("rialto=(\"@query-param\";name=\"a)b\" \"date\")").covers("date"))
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rialto=(\"@method\"",
                "rialto=(\"@method\" \"@method\")",
                "rialto=(\"@method\")x",
                "rialto=(\"@method\");created=1;created=1",
                "rialto=(\"@method\"),rialto=(\"@method\")",
                "a=(\"@method\"),b=(\"@method\")",
            })
    void refuses_what_is_malformed_each_time(String text) throws ProtocolException {
        read("rialto=(\"@method\")");
        for (int i = 0; i < 2; i++) {
            assertThatExceptionOfType(ProtocolException.class)
                    .isThrownBy(() -> read(text))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.MALFORMED_FRAME));
        }
    }

    /** Each text after one that begins, or goes on, as it does. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "rialto=(\"@method\");created=1;nonce=\"a\";keyid=\"k\"",
                "rialto=(\"@method\");created=999999999999999;nonce=\"\";keyid=\"k\"",
                "rialto=(\"@method\");created=1234567890123456;nonce=\"a\";keyid=\"k\"",
                "rialto=(\"@method\");created=01;nonce=\"a\";keyid=\"k\"",
                "rialto=(\"@method\");created=0;nonce=\"a\";keyid=\"k\"",
                "rialto=(\"@method\");created=;nonce=\"a\";keyid=\"k\"",
                "rialto=(\"@method\");created=1.5;nonce=\"a\";keyid=\"k\"",
                "rialto=(\"@method\");created=-1;nonce=\"a\";keyid=\"k\"",
                "rialto=(\"@method\");created=1;nonce=\"a\\\"\";keyid=\"k\"",
                "rialto=(\"@method\");created=1;nonce=\"\\\\\";keyid=\"k\"",
                "rialto=(\"@method\");created=1;nonce=\"a\tb\";keyid=\"k\"",
                "rialto=(\"@method\");created=1;nonce=\"a\u00e4b\";keyid=\"k\"",
                "rialto=(\"@method\");created=1;nonce=\"a",
                "rialto=(\"@method\");created=1;nonce=\"a;keyid=\"k\"",
                "rialto=(\"@method\");created=1;nonce=\"a\";keyid=\"k\" ",
                "rialto=(\"@method\");created=1;nonce=\"a\"; keyid=\"k\"",
                "rialto=(\"@method\");created=1;nonce=\"a\";keyid=\"other\"",
                "rialto=(\"@method\");created=1;nonce=\"a\";nonce=\"b\";keyid=\"k\"",
                "rialto=(\"@method\");created=1;nonce=\"a\";keyid=\"k\", other=()",
                "rialto=( \"@method\");created=1;nonce=\"a\";keyid=\"k\"",
                "other=(\"@method\");created=1;nonce=\"a\";keyid=\"k\"",
                "rialto=(\"@query-param\";name=\";created=\");created=1;nonce=\"a\";keyid=\"k\"",
            })
    void says_the_same_as_a_reader_that_remembers_nothing(String text) {
        for (String before : new String[] {
            "rialto=(\"@method\");created=7;nonce=\"n\";keyid=\"k\"", "rialto=(\"@method\");created=7;nonce=\"n\"", text
        }) {
            assertThat(said(new SignatureInputs(), before, text)).isEqualTo(said(null, before, text));
        }
    }

    private static String said(@Nullable SignatureInputs reader, String before, String text) {
        String last = "";
        for (String value : new String[] {before, text}) {
            try {
                SignatureInput read = reader == null
                        ? SignatureInput.parse(value, SignatureInput.LABEL)
                        : reader.parse(bytes(value), SignatureInput.LABEL);
                last = read.header() + " " + read.components() + " " + read.created() + " " + read.expires() + " "
                        + read.nonce() + " " + read.keyId() + " " + read.algorithm();
            } catch (ProtocolException e) {
                last = e.reason() + " " + e.getMessage();
            }
        }
        return last;
    }

    @Test
    void keeps_lists_that_begin_alike_and_end_in_another_way() throws ProtocolException {
        String list = "rialto=(\"@method\");created=1;nonce=\"a\"";
        for (int i = 0; i < 2; i++) {
            assertThat(read(list + ";keyid=\"k\"").keyId()).isEqualTo("k");
            assertThat(read(list + ";keyid=\"other\"").keyId()).isEqualTo("other");
            assertThat(read(list).keyId()).isNull();
            assertThat(inputs.size()).isEqualTo(3);
        }
    }

    @Test
    void refuses_what_is_too_long_though_it_begins_and_ends_as_one_that_came_before() throws ProtocolException {
        String list = "rialto=(\"@method\");created=1;nonce=\"";
        read(list + "a\"");
        String longer = list + "a".repeat(StructuredText.MAX_CHARS) + '"';
        assertThatExceptionOfType(ProtocolException.class).isThrownBy(() -> read(longer));
    }

    @Test
    void keeps_a_bounded_number_of_lists_of_bounded_length() throws ProtocolException {
        String end = ";created=1;nonce=\"n\"";
        for (int i = 0; i < 3 * SignatureInputs.MAX_SHAPES; i++) {
            assertThat(read("rialto=(\"h" + i + "\")" + end).components()).containsExactly("h" + i);
            assertThat(inputs.size()).isBetween(1, SignatureInputs.MAX_SHAPES);
        }
        int size = inputs.size();
        read("rialto=(\"" + "h".repeat(SignatureInputs.MAX_LIST_CHARS) + "\")" + end);
        assertThat(inputs.size()).isEqualTo(size);
    }
}

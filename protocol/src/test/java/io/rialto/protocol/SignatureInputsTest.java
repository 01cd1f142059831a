package io.rialto.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SignatureInputsTest {
    private final SignatureInputs inputs = new SignatureInputs();

    private SignatureInput read(String value) throws ProtocolException {
        return inputs.parse(value, SignatureInput.LABEL);
    }

    @Test
    void calls_that_cover_the_same_keep_their_own_parameters() throws ProtocolException {
        String list = "rialto=(\"@method\" \"date\")";
        SignatureInput one = read(list + ";created=1;nonce=\"a\";keyid=\"ticket\";alg=\"hmac-sha256\"");
        SignatureInput other = read(list + ";keyid=\"device\";nonce=\"b\";created=2");
        assertThat(inputs.size()).isEqualTo(1);
        assertThat(one.created()).isEqualTo(1);
        assertThat(one.nonce()).isEqualTo("a");
        assertThat(one.algorithm()).isEqualTo("hmac-sha256");
        assertThat(other.created()).isEqualTo(2);
        assertThat(other.nonce()).isEqualTo("b");
        assertThat(other.keyId()).isEqualTo("device");
        assertThat(other.algorithm()).isNull();
        assertThat(other.parameters()).isEqualTo("(\"@method\" \"date\");keyid=\"device\";nonce=\"b\";created=2");
    }

    @Test
    void lists_that_begin_alike_are_not_the_same() throws ProtocolException {
        assertThat(read("rialto=(\"@method\")").covers("date")).isFalse();
        assertThat(read("rialto=(\"@method\" \"date\")").covers("date")).isTrue();
        assertThat(read("rialto=(\"@method\" )").components()).containsExactly("@method");
        assertThat(read("rialto=(\"@query-param\";name=\"a)\")").parameters())
                .isEqualTo("(\"@query-param\";name=\"a)\")");
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

    @Test
    void keeps_a_bounded_number_of_lists_of_bounded_length() throws ProtocolException {
        for (int i = 0; i < 3 * SignatureInputs.MAX_LISTS; i++) {
            assertThat(read("rialto=(\"h" + i + "\")").components()).containsExactly("h" + i);
            assertThat(inputs.size()).isLessThanOrEqualTo(SignatureInputs.MAX_LISTS);
        }
        int size = inputs.size();
        read("rialto=(\"" + "h".repeat(SignatureInputs.MAX_LIST_CHARS) + "\")");
        assertThat(inputs.size()).isEqualTo(size);
    }
}

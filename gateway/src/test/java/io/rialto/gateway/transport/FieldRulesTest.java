package io.rialto.gateway.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.AsciiString;
import io.rialto.gateway.http.FieldNames;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class FieldRulesTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "rialto-edge",
                "rialto-ticket",
                "content-type",
                "content-digest",
                "signature",
                "signature-input",
                "traceparent",
                "accept-language",
                "idempotency-key"
            })
    void a_usual_name_is_the_object_that_our_code_compares(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        assertThat((Object) FieldRules.plain(new AsciiString(bytes))).isSameAs(FieldNames.of(name));
        assertThat((Object) FieldRules.name(bytes, 0, bytes.length)).isSameAs(FieldNames.of(name));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "te",
                "host",
                "content-length",
                "connection",
                "keep-alive",
                "upgrade",
                "Content-Type",
                "x-own",
                ""
            })
    void a_name_that_has_a_rule_or_is_unknown_is_looked_at(String name) {
        assertThat((Object) FieldRules.plain(new AsciiString(name))).isNull();
    }

    @Test
    void no_name_is_taken_for_another() {
        for (AsciiString name : FieldNames.STANDARD) {
            AsciiString plain = FieldRules.plain(new AsciiString(name.toString()));
            assertThat(plain == null || plain.contentEquals(name)).isTrue();
            byte[] longer = (name + "x").getBytes(StandardCharsets.US_ASCII);
            assertThat((Object) FieldRules.plain(new AsciiString(longer))).isNull();
            assertThat((Object) FieldRules.name(longer, 0, longer.length)).hasToString(name + "x");
        }
    }
}

package io.rialto.gateway.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.AsciiString;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a block's fields are taken for, also where they were looked at when they came first. */
final class RequestFieldsTest {
    private static final AsciiString SIGNATURE = new AsciiString("signature");
    private static final AsciiString ACCEPT = new AsciiString("accept");
    private static final AsciiString VALUE = new AsciiString("value");

    private final RequestFields fields = new RequestFields(TestGateway.strict().limits());

    private void add(AsciiString name, AsciiString value) {
        fields.add(name, value, HpackTable.flags(name, value));
    }

    private String read(AsciiString... pairs) {
        fields.start();
        add(new AsciiString(":method"), new AsciiString("POST"));
        add(new AsciiString(":scheme"), new AsciiString("https"));
        add(new AsciiString(":path"), new AsciiString("/a"));
        add(new AsciiString(":authority"), new AsciiString("a"));
        for (int i = 0; i < pairs.length; i += 2) {
            add(pairs[i], pairs[i + 1]);
        }
        List<String> all = new ArrayList<>();
        for (int i = 0; i < fields.fields().size(); i++) {
            all.add(fields.fields().name(i) + "=" + fields.fields().value(i));
        }
        String problem = fields.problem();
        return problem == null ? String.join(",", all) : problem;
    }

    @Test
    void takes_fields_that_no_rule_is_about_and_others() {
        for (int i = 0; i < 3; i++) {
            assertThat(read(SIGNATURE, VALUE, ACCEPT, VALUE)).isEqualTo("signature=value,accept=value");
        }
        assertThat(read(SIGNATURE, new AsciiString("other"))).isEqualTo("signature=other");
        assertThat(read(ACCEPT, VALUE, SIGNATURE, VALUE)).isEqualTo("accept=value,signature=value");
        assertThat(read(new AsciiString("x-own"), VALUE, new AsciiString("x-own"), VALUE))
                .isEqualTo("x-own=value,x-own=value");
    }

    @Test
    void refuses_a_value_that_is_not_sound() {
        read(SIGNATURE, VALUE);
        for (String bad : List.of("a\nb", "a\0", " a", "a\t")) {
            for (int i = 0; i < 2; i++) {
                assertThat(read(SIGNATURE, new AsciiString(bad))).contains("value");
            }
        }
        assertThat(read(SIGNATURE, VALUE)).isEqualTo("signature=value");
    }

    @Test
    void keeps_the_rules_of_names() {
        AsciiString upgrade = new AsciiString("upgrade");
        AsciiString upper = new AsciiString("Signature");
        AsciiString path = new AsciiString(":path");
        for (int i = 0; i < 2; i++) {
            assertThat(read(upgrade, VALUE)).contains("header of one connection");
            assertThat(read(upper, VALUE)).contains("lower-case");
            assertThat(read(SIGNATURE, VALUE, path, VALUE)).contains("after a header");
        }
    }

    @Test
    void counts_all_fields() {
        AsciiString[] many = new AsciiString[TestGateway.strict().limits().headers() * 2];
        for (int i = 0; i < many.length; i++) {
            many[i] = i % 2 == 0 ? ACCEPT : VALUE;
        }
        read(many);
        assertThat(fields.isTooLarge()).isFalse();
        for (int i = 0; i < 2; i++) {
            AsciiString[] more = java.util.Arrays.copyOf(many, many.length + 2);
            more[many.length] = ACCEPT;
            more[many.length + 1] = VALUE;
            read(more);
            assertThat(fields.isTooLarge()).isTrue();
        }
    }
}

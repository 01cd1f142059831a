package io.rialto.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.AsciiString;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HeaderListTest {
    private static final int NAMES = 200;

    /** A message as a list of pairs, found by looking at each. */
    private final List<String[]> model = new ArrayList<>();

    private final HeaderList headers = new HeaderList();

    @Test
    void finds_what_was_added_set_and_not_removed() {
        Random random = new Random(7);
        for (int i = 0; i < 20_000; i++) {
            String name = "x-" + random.nextInt(NAMES);
            String value = Integer.toString(i);
            switch (random.nextInt(4)) {
                case 0, 1 -> {
                    headers.add(new AsciiString(name), value);
                    model.add(new String[] {name, value});
                }
                case 2 -> {
                    headers.set(new AsciiString(name), value);
                    set(name, value);
                }
                default -> {
                    headers.remove(new AsciiString(name));
                    model.removeIf(pair -> pair[0].equals(name));
                }
            }
            if (model.size() > NAMES / 2) {
                String first = model.getFirst()[0];
                headers.remove(new AsciiString(first));
                model.removeIf(pair -> pair[0].equals(first));
            }
            String asked = "x-" + random.nextInt(NAMES);
            assertThat(headers.indexOf(new AsciiString(asked), 0)).isEqualTo(indexOf(asked));
            assertThat(headers.size()).isEqualTo(model.size());
        }
    }

    @Test
    void finds_later_values_of_a_name() {
        AsciiString name = new AsciiString("x");
        headers.add(name, "1").add(new AsciiString("y"), "2").add(new AsciiString("x"), "3");
        assertThat(headers.indexOf(name, 1)).isEqualTo(2);
        assertThat(headers.indexOf(name, 3)).isEqualTo(-1);
        assertThat(headers.contains(new AsciiString("z"))).isFalse();
    }

    /** What is asked for on the way of each call and mostly absent, beside what most calls have. */
    @Test
    void names_that_calls_commonly_have_hide_no_absent_one() {
        List<String> common = List.of(
                "content-type",
                "content-length",
                "content-digest",
                "host",
                "user-agent",
                "accept-encoding",
                "signature",
                "signature-input",
                "rialto-edge",
                "rialto-ticket",
                "rialto-counter",
                "rialto-time",
                "rialto-content-type");
        for (String name : common) {
            headers.add(FieldNames.of(name), "x");
        }
        for (String asked : List.of(
                "origin",
                "rialto-shadow",
                "rialto-timeout",
                "rialto-caller",
                "rialto-route",
                "rialto-credential",
                "idempotency-key",
                "content-encoding",
                "accept-language",
                "traceparent",
                "if-none-match",
                "expect")) {
            assertThat(headers.mayHave(FieldNames.of(asked))).as(asked).isFalse();
        }
    }

    private void set(String name, String value) {
        int index = indexOf(name);
        if (index < 0) {
            model.add(new String[] {name, value});
            return;
        }
        model.set(index, new String[] {name, value});
        for (int i = model.size() - 1; i > index; i--) {
            if (model.get(i)[0].equals(name)) {
                model.remove(i);
            }
        }
    }

    private int indexOf(String name) {
        for (int i = 0; i < model.size(); i++) {
            if (model.get(i)[0].equals(name)) {
                return i;
            }
        }
        return -1;
    }
}

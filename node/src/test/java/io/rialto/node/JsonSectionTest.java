package io.rialto.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class JsonSectionTest {
    enum Kind {
        ONE_OF_THEM,
        OTHER
    }

    @Test
    void reads_what_is_asked_for() throws JsonException {
        JsonSection json = JsonSection.of("s", Json.read("""
                {"a":"x","n":7,"f":true,"at":"2030-01-01T00:00:00Z","k":"AQI","e":"one-of-them","l":["p"],
                 "o":[{"id":"1"}],"m":{"east":1}}"""));
        assertThat(json.text("a")).isEqualTo("x");
        assertThat(json.number("n", 0, 10)).isEqualTo(7);
        assertThat(json.flag("f", false)).isTrue();
        assertThat(json.instant("at", Instant.EPOCH)).isEqualTo(Instant.parse("2030-01-01T00:00:00Z"));
        assertThat(json.bytes("k", 2)).containsExactly(1, 2);
        assertThat(json.constant("e", Kind.class, Kind.OTHER)).isEqualTo(Kind.ONE_OF_THEM);
        assertThat(json.texts("l", 10)).containsExactly("p");
        assertThat(json.objects("o", 10, item -> item.text("id"))).containsExactly("1");
        assertThat(json.entries("m", 10, (name, value) -> name + value.number(name, 0, 9)))
                .containsExactly("east1");
        assertThat(json.text("absent", "standard")).isEqualTo("standard");
        json.end();
        assertThat(json.errors()).isEmpty();
    }

    @Test
    void collects_every_error_and_refuses_unknown_keys() throws JsonException {
        JsonSection json = JsonSection.of("s", Json.read("""
                {"n":11,"f":"yes","at":"soon","k":"c2VjcmV0","e":"none","l":["",1],"o":[{"id":"1","x":2},3],"z":{}}"""));
        json.text("a");
        json.number("n", 0, 10);
        json.flag("f", false);
        json.instant("at", Instant.EPOCH);
        json.bytes("k", 32);
        json.constant("e", Kind.class, Kind.OTHER);
        json.texts("l", 10);
        json.objects("o", 10, item -> item.text("id", ""));
        json.end();
        assertThat(json.errors())
                .containsExactly(
                        "s.a: absent (expected: a text)",
                        "s.n: 11 (expected: an integer 0..10)",
                        "s.f: \"yes\" (expected: true or false)",
                        "s.at: soon (expected: an instant such as 2030-01-01T00:00:00Z)",
                        "s.k: 6 bytes (expected: base64url of 32 bytes)",
                        "s.e: none (expected: one of one-of-them, other)",
                        "s.l[0]: \"\" (expected: a text that is not empty)",
                        "s.l[1]: 1 (expected: a text that is not empty)",
                        "s.o[0].x: unknown key (expected: one of [id])",
                        "s.o[1]: 3 (expected: an object)",
                        "s.z: unknown key (expected: one of [a, at, e, f, k, l, n, o])");
    }

    @Test
    void bounds_errors_and_lists() throws JsonException {
        JsonSection json = JsonSection.of("s", Json.read("{\"l\":[1,2,3]}"));
        assertThat(json.texts("l", 2)).isEmpty();
        for (int i = 0; i < 2 * JsonSection.MAX_ERRORS; i++) {
            json.refuse("k", i, "nothing");
        }
        assertThat(json.errors()).hasSize(JsonSection.MAX_ERRORS);
    }

    @Test
    void refuses_what_is_not_strictly_json() {
        for (String text : List.of("", "{", "{\"a\":1,\"a\":2}", "{} {}", "[".repeat(200), "{'a':1}", "NaN")) {
            assertThatThrownBy(() -> Json.read(text)).isInstanceOf(JsonException.class);
        }
    }
}

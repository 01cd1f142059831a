package io.rialto.protocol.audience;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class RuleTest {
    private static final JsonMapper JSON = new JsonMapper();

    static Stream<JsonNode> vectors(String list) {
        return JSON.readTree(Path.of("vectors", "audience.json").toFile())
                .get(list)
                .valueStream();
    }

    static Stream<JsonNode> matches() {
        return vectors("matches");
    }

    static Stream<JsonNode> shares() {
        return vectors("shares");
    }

    static Stream<JsonNode> refused() {
        return vectors("refused");
    }

    static Rule rule(JsonNode json) {
        return Rule.of(JSON.treeToValue(json, Object.class));
    }

    @ParameterizedTest
    @MethodSource("matches")
    void matches_as_the_vectors_say(JsonNode vector) {
        Map<String, String> attributes = new HashMap<>();
        vector.get("attributes")
                .properties()
                .forEach(e -> attributes.put(e.getKey(), e.getValue().asString()));
        long now = vector.has("time")
                ? Instant.parse(vector.get("time").asString()).toEpochMilli()
                : 0;
        assertThat(rule(vector.get("rule")).matches(attributes::get, now))
                .isEqualTo(vector.get("match").asBoolean());
    }

    @ParameterizedTest
    @MethodSource("shares")
    void a_share_ends_right_below_the_bucket(JsonNode vector) {
        int bucket = vector.get("bucket").asInt();
        Attributes attributes =
                name -> name.equals("user") ? vector.get("value").asString() : null;
        assertThat(share(vector.get("salt").asString(), bucket).matches(attributes, 0))
                .isFalse();
        assertThat(share(vector.get("salt").asString(), bucket + 1).matches(attributes, 0))
                .isTrue();
    }

    private static Rule share(String salt, int below) {
        return Rule.of(Map.of("share", Map.of("by", "user", "salt", salt, "below", below)));
    }

    @ParameterizedTest
    @MethodSource("refused")
    void refuses_as_the_vectors_say(JsonNode vector) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> rule(vector.get("rule")))
                .withMessageStartingWith(vector.get("error").asString());
    }

    @Test
    void a_share_grows_without_leaving_anybody_and_another_salt_chooses_others() {
        Rule tenth = share("task-1", 10_000);
        Rule half = share("task-1", 50_000);
        Rule other = share("task-2", 10_000);
        int inTenth = 0;
        int inBoth = 0;
        for (int i = 0; i < 10_000; i++) {
            String user = Integer.toString(i);
            boolean in = tenth.matches(name -> user, 0);
            assertThat(!in || half.matches(name -> user, 0)).isTrue();
            inTenth += in ? 1 : 0;
            inBoth += in && other.matches(name -> user, 0) ? 1 : 0;
        }
        assertThat(inTenth).isCloseTo(1_000, within(100));
        assertThat(inBoth).isCloseTo(100, within(40));
    }

    @Test
    void size_is_bounded() {
        Map<String, String> leaf = Map.of("attribute", "user", "is", "x");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Rule.of(Map.of("any", Collections.nCopies(256, leaf))))
                .withMessageContaining("257 conditions");
        List<String> many =
                IntStream.range(0, 2_000).mapToObj(Integer::toString).toList();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Rule.of(Map.of("attribute", "user", "in", many)))
                .withMessageContaining("2001 texts");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Rule.of(Map.of("attribute", "user", "is", "x".repeat(129))))
                .withMessageContaining("1..128 characters");
    }

    @Test
    void everyone_is_matched_without_a_rule() {
        assertThat(Rule.EVERYONE.matches(name -> null, 0)).isTrue();
    }
}

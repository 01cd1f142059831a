package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.gateway.config.Keys;
import io.rialto.server.KeyRotation.Kind;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class KeyRotationTest {
    private static final Instant NOW = Instant.parse("2026-03-01T00:00:00Z");
    private static final Set<Kind> ALL = EnumSet.allOf(Kind.class);

    private final KeyRotation rotation = new KeyRotation(new SecureRandom());

    @Test
    void the_first_keys_are_what_the_gateway_reads() throws Exception {
        Keys keys = Keys.parse(rotation.first(NOW));
        assertThat(keys.server()).hasSize(2);
        assertThat(List.of(keys.credential(), keys.session(), keys.ticket(), keys.caller()))
                .allSatisfy(list -> assertThat(list).hasSize(1));
    }

    @ParameterizedTest
    @EnumSource
    void an_old_key_goes_on_until_what_it_made_has_ended(Kind kind) throws Exception {
        ObjectNode first = rotation.first(NOW);
        Instant begins = NOW.plusSeconds(5);
        ObjectNode next = rotation.rotated(first, Set.of(kind), NOW, begins, Map.of());
        JsonNode old = next.get(kind.key()).get(0);
        JsonNode added = next.get(kind.key()).get(next.get(kind.key()).size() - 1);
        assertThat(Instant.parse(old.get("until").asString())).isEqualTo(begins.plus(kind.overlap()));
        assertThat(Instant.parse(added.get("from").asString())).isEqualTo(begins);
        assertThat(added.has("until")).isFalse();
        assertThat(added).isNotEqualTo(first.get(kind.key()).get(0));
        Keys.parse(next);
    }

    @Test
    void hands_out_the_public_key_of_the_directory_alone() {
        JsonNode key = rotation.first(NOW).get("directory").get(0);
        JsonNode handedOut = PublishedKeys.ofDirectory(rotation.first(NOW)).get(0);
        assertThat(handedOut.propertyNames()).containsExactly("id", "key");
        assertThat(Base64.getUrlDecoder().decode(handedOut.get("key").asString()))
                .hasSize(32);
        assertThat(handedOut.get("id")).isEqualTo(key.get("id"));
    }

    @Test
    void leaves_the_other_kinds_alone() {
        ObjectNode first = rotation.first(NOW);
        ObjectNode next = rotation.rotated(first, Set.of(Kind.TICKET), NOW, NOW, Map.of());
        assertThat(next.get("server")).isEqualTo(first.get("server"));
        assertThat(next.get("caller")).isEqualTo(first.get("caller"));
    }

    @Test
    void drops_a_key_that_has_ended_and_never_prolongs_one() throws Exception {
        ObjectNode keys = rotation.first(NOW);
        Map<Kind, Duration> overlaps = Map.of(Kind.TICKET, Duration.ofMinutes(1));
        keys = rotation.rotated(keys, Set.of(Kind.TICKET), NOW, NOW, overlaps);
        Instant early = NOW.plusSeconds(30);
        keys = rotation.rotated(keys, Set.of(Kind.TICKET), early, early, Map.of());
        assertThat(keys.get("ticket").get(0).get("until").asString())
                .isEqualTo(NOW.plusSeconds(60).toString());
        Instant later = NOW.plusSeconds(90);
        keys = rotation.rotated(keys, Set.of(Kind.TICKET), later, later, Map.of());
        assertThat(keys.get("ticket").valueStream().map(key -> key.get("id").asInt()))
                .containsExactly(2, 3, 4);
    }

    @Test
    void ids_stay_unique_over_many_rotations() throws Exception {
        ObjectNode keys = rotation.first(NOW);
        Instant now = NOW;
        for (int i = 0; i < 600; i++) {
            now = now.plus(Duration.ofDays(200));
            keys = rotation.rotated(keys, ALL, now, now, Map.of());
            Keys.parse(keys);
        }
        assertThat(keys.get("ticket")).hasSize(2);
    }
}

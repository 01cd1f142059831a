package io.rialto.client.inbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class BeatsTest {
    private final Map<String, byte[]> kept = new HashMap<>();

    private final Notes notes = new Notes() {
        @Override
        public byte @Nullable [] get(String name) {
            return kept.get(name);
        }

        @Override
        public void put(String name, byte[] value) {
            kept.put(name, value);
        }
    };

    private static @Nullable Integer afterFour(Beats beats) {
        for (int i = 0; i < 3; i++) {
            assertThat(beats.came()).as("three are not enough").isNull();
        }
        return beats.came();
    }

    @Test
    void beats_that_come_make_the_next_ones_seldom_up_to_five_minutes() {
        Beats beats = new Beats(notes);
        assertThat(beats.seconds()).isEqualTo(30);
        for (int expected : new int[] {45, 67, 100, 150, 225, 300}) {
            assertThat(afterFour(beats)).isEqualTo(expected);
        }
        for (int i = 0; i < 20; i++) {
            assertThat(beats.came()).isNull();
        }
        assertThat(beats.seconds()).isEqualTo(300);
    }

    @Test
    void a_dead_stream_makes_them_twice_as_often_down_to_fifteen_seconds() {
        Beats beats = new Beats(notes);
        afterFour(beats);
        beats.died();
        assertThat(beats.seconds()).isEqualTo(22);
        beats.died();
        beats.died();
        assertThat(beats.seconds()).isEqualTo(15);
    }

    @Test
    void what_was_learned_of_each_network_is_kept() {
        Beats beats = new Beats(notes);
        beats.network("wifi: at  home\nand more");
        afterFour(beats);
        beats.network("mobile");
        beats.died();
        Beats later = new Beats(notes);
        later.network("wifi: at  home\nand more");
        assertThat(later.seconds()).isEqualTo(45);
        later.network("mobile");
        assertThat(later.seconds()).isEqualTo(15);
        later.network("never seen");
        assertThat(later.seconds()).isEqualTo(30);
    }

    @Test
    void the_networks_used_longest_ago_are_forgotten() {
        Beats beats = new Beats(notes);
        for (int i = 0; i < 17; i++) {
            beats.network("n" + i);
            beats.died();
        }
        Beats later = new Beats(notes);
        later.network("n0");
        assertThat(later.seconds()).isEqualTo(30);
        later.network("n16");
        assertThat(later.seconds()).isEqualTo(15);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "5", "9999999999 n", "-3 n", "1000000 n\n\n\n"})
    void a_note_that_is_none_harms_nothing(String note) {
        kept.put("beats", note.getBytes(StandardCharsets.UTF_8));
        Beats beats = new Beats(notes);
        beats.network("n");
        assertThat(beats.seconds()).isBetween(15, 300);
    }
}

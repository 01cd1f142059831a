package io.rialto.client.inbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PausesTest {
    private static final long MINUTE = TimeUnit.MINUTES.toMillis(1);

    /** Draws as low or as high as can be. */
    private static Pauses drawing(double value) {
        return new Pauses(new Random() {
            private static final long serialVersionUID = 1;

            @Override
            public double nextDouble() {
                return value;
            }
        });
    }

    @Test
    void the_ceiling_doubles_up_to_five_minutes_and_the_floor_stays_at_nothing() {
        Pauses high = drawing(1);
        for (long expected : new long[] {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}) {
            assertThat(high.next(0, 0)).isEqualTo(expected * 1_000);
        }
        assertThat(high.failures()).isEqualTo(11);
        assertThat(drawing(0).next(0, 0)).isZero();
    }

    @Test
    void after_a_stream_that_lasted_a_minute_the_next_is_tried_at_once_and_failures_are_forgotten() {
        Pauses pauses = drawing(1);
        pauses.next(0, 0);
        pauses.next(59_999, 0);
        assertThat(pauses.failures()).isEqualTo(2);
        assertThat(pauses.next(60_000, 0)).isZero();
        assertThat(pauses.next(0, 0)).isEqualTo(1_000);
    }

    @Test
    void a_stream_that_was_sent_elsewhere_comes_soon_and_its_failures_before_are_forgotten() {
        Pauses pauses = drawing(1);
        for (int i = 0; i < 20; i++) {
            pauses.next(1_000, 0);
        }
        assertThat(pauses.sentElsewhere(0)).isEqualTo(1_000);
        assertThat(pauses.failures()).isZero();
        assertThat(pauses.sentElsewhere(2_000)).isEqualTo(4_000);
        assertThat(drawing(0).sentElsewhere(2_000)).isEqualTo(2_000);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2_000, 600_000})
    void never_less_than_what_the_platform_asked_for(long asked) {
        assertThat(drawing(0).next(0, asked)).isEqualTo(asked);
        assertThat(drawing(0).next(MINUTE, asked)).isEqualTo(asked);
        assertThat(drawing(1).next(0, asked)).isBetween(asked + 1_000, asked + 5 * MINUTE);
    }

    @Test
    void a_superseded_stream_comes_back_after_a_minute_and_later_each_time_up_to_hours() {
        Pauses low = drawing(0);
        for (long expected : new long[] {1, 2, 4, 8, 16, 32, 60, 60}) {
            assertThat(low.superseded()).isEqualTo(expected * MINUTE);
        }
        low.reset();
        assertThat(low.superseded()).isEqualTo(MINUTE);
        assertThat(drawing(1).superseded()).isEqualTo(2 * MINUTE);
    }
}

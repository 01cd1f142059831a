package io.rialto.gateway.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class LoopDelayTest {
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    private final LoopDelay delay = new LoopDelay();
    private long now = MILLI;

    private void record(long delayMillis, int times) {
        for (int i = 0; i < times; i++) {
            now += 10 * MILLI;
            delay.record(now, delayMillis * MILLI);
        }
    }

    @Test
    void a_burst_does_not_raise_the_minimum() {
        record(0, 20);
        record(50, 5);
        record(0, 20);
        assertThat(delay.minimumNanos()).isZero();
        assertThat(delay.averageNanos()).isPositive();
    }

    @Test
    void a_standing_queue_raises_both_and_they_fall_when_it_is_gone() {
        record(50, 40);
        assertThat(delay.minimumNanos()).isEqualTo(50 * MILLI);
        assertThat(delay.averageNanos()).isBetween(45 * MILLI, 50 * MILLI);
        record(0, 80);
        assertThat(delay.minimumNanos()).isZero();
        assertThat(delay.averageNanos()).isLessThan(MILLI);
    }
}

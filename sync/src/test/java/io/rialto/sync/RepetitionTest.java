package io.rialto.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RepetitionTest {
    private static List<String> next(String repetition, String after, int count) {
        Repetition parsed = Repetition.parse(repetition);
        List<String> times = new ArrayList<>();
        Instant at = Instant.parse(after);
        for (int i = 0; i < count; i++) {
            at = parsed.next(at).orElseThrow();
            times.add(at.toString());
        }
        return times;
    }

    @Test
    void working_days_at_nine_in_a_zone() {
        // A Friday in winter, and the Monday after the clocks went forward.
        assertThat(next("0 9 * * 1-5 Europe/Berlin", "2026-03-27T07:59:59Z", 3))
                .containsExactly("2026-03-27T08:00:00Z", "2026-03-30T07:00:00Z", "2026-03-31T07:00:00Z");
    }

    @Test
    void steps_lists_and_ranges() {
        assertThat(next("0-30/15,50 6 1 * * UTC", "2026-01-01T06:15:00Z", 4))
                .containsExactly(
                        "2026-01-01T06:30:00Z", "2026-01-01T06:50:00Z", "2026-02-01T06:00:00Z", "2026-02-01T06:15:00Z");
    }

    @Test
    void either_kind_of_day_where_both_are_restricted() {
        assertThat(next("0 0 13 * 5 UTC", "2026-02-01T00:00:00Z", 3))
                .containsExactly("2026-02-06T00:00:00Z", "2026-02-13T00:00:00Z", "2026-02-20T00:00:00Z");
        assertThat(next("0 0 * * 7 UTC", "2026-02-01T00:00:00Z", 1)).containsExactly("2026-02-08T00:00:00Z");
    }

    @Test
    void a_skipped_time_comes_after_the_gap_and_a_doubled_one_once() {
        assertThat(next("30 2 * * * Europe/Berlin", "2026-03-28T12:00:00Z", 2))
                .containsExactly("2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z");
        assertThat(next("30 2 * * * Europe/Berlin", "2026-10-24T12:00:00Z", 2))
                .containsExactly("2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z");
    }

    @Test
    void leap_days_are_waited_for() {
        assertThat(next("0 0 29 2 * UTC", "2096-03-01T00:00:00Z", 1)).containsExactly("2104-02-29T00:00:00Z");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "* * * * *",
                "60 * * * * UTC",
                "* 24 * * * UTC",
                "* * 0 * * UTC",
                "* * * 13 * UTC",
                "* * * * 8 UTC",
                "*/0 * * * * UTC",
                "5-1 * * * * UTC",
                "- * * * * UTC",
                "1,, * * * * UTC",
                "* * * * * Nowhere/At",
                "0 0 30 2 * UTC",
                "a b c d e UTC",
                "999999999999 * * * * UTC"
            })
    void refuses_what_is_none(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Repetition.parse(text))
                .withMessageStartingWith("repeat: ");
    }
}

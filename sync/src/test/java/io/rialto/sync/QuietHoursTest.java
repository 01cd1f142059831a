package io.rialto.sync;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuietHoursTest {
    private static final ZoneId UTC = ZoneId.of("UTC");
    private static final QuietHours NIGHT = new QuietHours(LocalTime.of(22, 0), LocalTime.of(7, 0), UTC);
    private static final QuietHours NOON = new QuietHours(LocalTime.of(12, 0), LocalTime.of(13, 30), UTC);

    @ParameterizedTest
    @CsvSource({
        "2026-03-01T22:00:00Z,2026-03-02T07:00:00Z",
        "2026-03-01T23:59:59Z,2026-03-02T07:00:00Z",
        "2026-03-01T06:59:59Z,2026-03-01T07:00:00Z",
        "2026-03-01T07:00:00Z,",
        "2026-03-01T21:59:59Z,"
    })
    void quiet_hours_may_pass_midnight(Instant now, Instant end) {
        assertThat(NIGHT.end(now, "").orElse(null)).isEqualTo(end);
    }

    @ParameterizedTest
    @CsvSource({"2026-03-01T12:00:00Z,2026-03-01T13:30:00Z", "2026-03-01T13:30:00Z,", "2026-03-01T11:59:59Z,"})
    void quiet_hours_may_be_by_day(Instant now, Instant end) {
        assertThat(NOON.end(now, "").orElse(null)).isEqualTo(end);
    }

    @Test
    void the_clock_is_the_person_s() {
        Instant now = Instant.parse("2026-03-01T20:00:00Z");
        assertThat(NIGHT.end(now, "Asia/Tokyo")).contains(Instant.parse("2026-03-01T22:00:00Z"));
        assertThat(NIGHT.end(now, "Mars/Olympus")).isEmpty();
    }

    @Test
    void a_change_to_summer_time_moves_the_end() {
        assertThat(NIGHT.end(Instant.parse("2026-03-28T23:00:00Z"), "Europe/Paris"))
                .contains(Instant.parse("2026-03-29T05:00:00Z"));
    }
}

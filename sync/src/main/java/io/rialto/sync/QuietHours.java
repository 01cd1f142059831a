package io.rialto.sync;

import io.rialto.node.JsonSection;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Optional;

/**
 * When devices are not woken for messages that are not urgent, by the clock of the person.
 *
 * @param from included
 * @param until not included; earlier than {@code from} where midnight is between
 * @param zone of devices that do not say theirs
 */
public record QuietHours(LocalTime from, LocalTime until, ZoneId zone) {
    static QuietHours read(JsonSection json) {
        LocalTime from =
                json.parsed("from", "a time such as 22:00", LocalTime::parse).orElse(LocalTime.MIDNIGHT);
        LocalTime until =
                json.parsed("until", "a time such as 07:00", LocalTime::parse).orElse(LocalTime.MIDNIGHT);
        if (from.equals(until)) {
            json.refuse("until", until, "a time other than from");
        }
        ZoneId zone = json.parsed("zone", "a time zone such as Europe/Paris", ZoneId::of)
                .orElse(ZoneId.of("UTC"));
        return new QuietHours(from, until, zone);
    }

    /**
     * When the quiet hours of a device end, or empty where it may be woken.
     *
     * @param deviceZone as the device says it; one that is not known counts as not said
     */
    public Optional<Instant> end(Instant now, String deviceZone) {
        ZonedDateTime local = now.atZone(zoneOf(deviceZone));
        LocalTime time = local.toLocalTime();
        boolean past = !time.isBefore(from);
        boolean before = time.isBefore(until);
        boolean quiet = from.isBefore(until) ? past && before : past || before;
        if (!quiet) {
            return Optional.empty();
        }
        ZonedDateTime end = local.with(until);
        return Optional.of((before ? end : end.plusDays(1)).toInstant());
    }

    private ZoneId zoneOf(String deviceZone) {
        try {
            return deviceZone.isEmpty() ? zone : ZoneId.of(deviceZone);
        } catch (DateTimeException e) {
            return zone;
        }
    }
}

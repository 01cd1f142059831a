package io.rialto.sync;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.BitSet;
import java.util.Optional;

/**
 * When a recurring message is sent: five fields and a time zone, such as {@code 0 9 * * 1-5 Europe/Berlin}: minute,
 * hour, day of the month, month, day of the week (0 or 7 is Sunday). A field is {@code *}, a number, a range, either with
 * a step ({@code 0-30/10}), or a list of those. Where both kinds of day are restricted, either will do. A time that the
 * zone's clock skips comes right after the gap, one that it has twice comes once.
 */
public final class Repetition {
    /** The longest text. */
    static final int MAX_TEXT = 128;

    /** The longest wait for a 29th of February. */
    private static final int MAX_DAYS = 366 * 8 + 1;

    private static final int FIELDS = 6;

    private final BitSet minutes;
    private final BitSet hours;
    private final BitSet days;
    private final BitSet months;
    private final BitSet weekdays;
    private final boolean anyDay;
    private final boolean anyWeekday;
    private final ZoneId zone;

    private Repetition(String[] fields, ZoneId zone) {
        this.minutes = field(fields[0], 0, 59);
        this.hours = field(fields[1], 0, 23);
        this.days = field(fields[2], 1, 31);
        this.months = field(fields[3], 1, 12);
        this.weekdays = field(fields[4], 0, 7);
        this.anyDay = fields[2].equals("*");
        this.anyWeekday = fields[4].equals("*");
        this.zone = zone;
    }

    /**
     * Reads a text.
     *
     * @throws IllegalArgumentException where it is no repetition, or one that never comes
     */
    public static Repetition parse(String text) {
        String[] fields = text.split(" ", -1);
        if (text.length() > MAX_TEXT || fields.length != FIELDS) {
            throw unlike(text.length() > MAX_TEXT ? text.length() + " characters" : text);
        }
        try {
            Repetition repetition = new Repetition(fields, ZoneId.of(fields[FIELDS - 1]));
            if (repetition.next(Instant.EPOCH).isEmpty()) {
                throw unlike(text + ", which never comes");
            }
            return repetition;
        } catch (DateTimeException | NumberFormatException e) {
            throw unlike(text);
        }
    }

    private static IllegalArgumentException unlike(String text) {
        return new IllegalArgumentException("repeat: " + text
                + " (expected: minute hour day month weekday zone, such as 0 9 * * 1-5 Europe/Berlin)");
    }

    private static BitSet field(String text, int min, int max) {
        BitSet set = new BitSet();
        for (String item : text.split(",", -1)) {
            int slash = item.indexOf('/');
            String range = slash < 0 ? item : item.substring(0, slash);
            int step = slash < 0 ? 1 : number(item.substring(slash + 1), 1, max);
            int dash = range.indexOf('-');
            int from;
            int to;
            if (range.equals("*")) {
                from = min;
                to = max;
            } else if (dash > 0) {
                from = number(range.substring(0, dash), min, max);
                to = number(range.substring(dash + 1), from, max);
            } else {
                from = number(range, min, max);
                to = slash < 0 ? from : max;
            }
            for (int i = from; i <= to; i += step) {
                set.set(i);
            }
        }
        return set;
    }

    private static int number(String text, int min, int max) {
        if (text.isEmpty() || text.length() > 2 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw new NumberFormatException(text);
        }
        int number = Integer.parseInt(text);
        if (number < min || number > max) {
            throw new NumberFormatException(text);
        }
        return number;
    }

    /** The first time after an instant; empty where there is none within eight years. */
    public Optional<Instant> next(Instant after) {
        LocalDate first = after.atZone(zone).toLocalDate();
        // A gap may carry a time of the day before into this one.
        for (int i = -1; i < MAX_DAYS; i++) {
            LocalDate day = first.plusDays(i);
            if (isOn(day)) {
                Optional<Instant> next = next(day, after);
                if (next.isPresent()) {
                    return next;
                }
            }
        }
        return Optional.empty();
    }

    private boolean isOn(LocalDate day) {
        if (!months.get(day.getMonthValue())) {
            return false;
        }
        int weekday = day.getDayOfWeek().getValue();
        boolean onDay = days.get(day.getDayOfMonth());
        boolean onWeekday = weekdays.get(weekday) || weekday == 7 && weekdays.get(0);
        return anyDay || anyWeekday ? onDay && onWeekday : onDay || onWeekday;
    }

    private Optional<Instant> next(LocalDate day, Instant after) {
        return hours.stream()
                .boxed()
                .flatMap(hour -> minutes.stream().mapToObj(minute -> day.atTime(hour, minute)))
                .map(time -> time.atZone(zone).toInstant())
                .filter(instant -> instant.isAfter(after))
                .min(Instant::compareTo);
    }
}

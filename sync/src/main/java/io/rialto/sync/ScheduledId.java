package io.rialto.sync;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names a message that waits for its time, such as {@code payments.t17.42}; {@code news.t4.*} is one to everyone.
 *
 * @param number in its cell
 * @param user empty for everyone
 */
public record ScheduledId(String topic, long number, String user) {
    private static final Pattern FORM = Pattern.compile("([a-z][a-z0-9-]{0,31})\\.t([0-9]{1,18})\\.(.{1,256})");
    private static final String EVERYONE = "*";

    @Override
    public String toString() {
        return topic + ".t" + number + '.' + (user.isEmpty() ? EVERYONE : user);
    }

    /** The id in a text; empty where it is none. */
    static Optional<ScheduledId> find(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            return Optional.empty();
        }
        String user = form.group(3);
        return Optional.of(
                new ScheduledId(form.group(1), Long.parseLong(form.group(2)), user.equals(EVERYONE) ? "" : user));
    }
}

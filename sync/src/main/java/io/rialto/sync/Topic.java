package io.rialto.sync;

import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A topic, as the section {@code sync} of the configuration declares it.
 *
 * @param app whose devices get its messages and whose backends publish them
 * @param retention how long a message, its key and its receipts are kept
 * @param keepNewest only so many of each user are kept, 0 for all
 * @param defaultExpiry of a message that names none; zero for the retention
 * @param newDeviceFromOldest whether a device without a key begins at the oldest message that is kept, else at the newest
 * @param receipts whether steps of its messages are noted
 * @param offline whether devices that are away are woken by their vendor
 * @param quietHours when they are woken for urgent messages only, or null for never
 * @param templates of what their vendor shows, by id; without one it shows nothing
 */
public record Topic(
        String name,
        String app,
        Duration retention,
        int keepNewest,
        int maxPayloadBytes,
        Duration defaultExpiry,
        Duration maxExpiry,
        boolean newDeviceFromOldest,
        boolean receipts,
        boolean offline,
        @Nullable QuietHours quietHours,
        Map<String, Template> templates) {
    static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,31}");

    public Topic {
        templates = Map.copyOf(templates);
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("topic: " + name + " (expected: " + NAME + ")");
        }
    }

    /** A topic without quiet hours and templates. */
    public Topic(
            String name,
            String app,
            Duration retention,
            int keepNewest,
            int maxPayloadBytes,
            Duration defaultExpiry,
            Duration maxExpiry,
            boolean newDeviceFromOldest,
            boolean receipts,
            boolean offline) {
        this(
                name,
                app,
                retention,
                keepNewest,
                maxPayloadBytes,
                defaultExpiry,
                maxExpiry,
                newDeviceFromOldest,
                receipts,
                offline,
                null,
                Map.of());
    }

    /** A topic of an app with all else as documented. */
    public static Topic of(String name, String app) {
        Duration month = Duration.ofDays(30);
        return new Topic(name, app, month, 0, 65_536, Duration.ZERO, month, true, true, true);
    }
}

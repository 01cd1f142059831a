package io.rialto.client.inbox;

import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What an inbox needs to know of its app. Immutable: each method answers a changed copy. */
public final class InboxSettings {
    private static final InboxSettings NONE = new InboxSettings(new Fields());

    private final Fields fields;

    private InboxSettings(Fields fields) {
        this.fields = fields;
    }

    /** Nothing is known. */
    public static InboxSettings none() {
        return NONE;
    }

    /**
     * Where journals are kept; needed for {@link Inbox#on(String, MessageHandler)} and {@link Inbox#stored}. Of one client
     * and one process at a time; other apps must not be able to read it.
     */
    public InboxSettings directory(Path value) {
        Fields changed = fields.copy();
        changed.directory = value;
        return new InboxSettings(changed);
    }

    /** The app's version, four numbers with dots: messages for other versions are left out. */
    public InboxSettings appVersion(String value) {
        if (!value.matches("\\d{1,9}(\\.\\d{1,9}){3}")) {
            throw new IllegalArgumentException("app version: " + value + " (expected: four numbers, 1.0.0.6)");
        }
        Fields changed = fields.copy();
        changed.appVersion = value;
        return new InboxSettings(changed);
    }

    /** The language of the device, BCP 47. */
    public InboxSettings locale(String value) {
        Fields changed = fields.copy();
        changed.locale = Objects.requireNonNull(value, "value");
        return new InboxSettings(changed);
    }

    /** android, ios, web, jvm, ...; jvm by default. */
    public InboxSettings platform(String value) {
        Fields changed = fields.copy();
        changed.platform = Objects.requireNonNull(value, "value");
        return new InboxSettings(changed);
    }

    /** The device's time zone, an IANA name. */
    public InboxSettings timeZone(String value) {
        Fields changed = fields.copy();
        changed.timeZone = Objects.requireNonNull(value, "value");
        return new InboxSettings(changed);
    }

    /** Where the device is woken when it is away: fcm, apns or webpush, and its token there. */
    public InboxSettings push(String vendor, String token) {
        Fields changed = fields.copy();
        changed.pushVendor = Objects.requireNonNull(vendor, "vendor");
        changed.pushToken = Objects.requireNonNull(token, "token");
        return new InboxSettings(changed);
    }

    @Nullable
    Path directory() {
        return fields.directory;
    }

    String appVersion() {
        return fields.appVersion;
    }

    String locale() {
        return fields.locale;
    }

    String platform() {
        return fields.platform;
    }

    String timeZone() {
        return fields.timeZone;
    }

    String pushVendor() {
        return fields.pushVendor;
    }

    String pushToken() {
        return fields.pushToken;
    }

    private static final class Fields {
        @Nullable
        Path directory;

        String appVersion = "";
        String locale = "";
        String platform = "jvm";
        String timeZone = "";
        String pushVendor = "";
        String pushToken = "";

        Fields copy() {
            Fields copy = new Fields();
            copy.directory = directory;
            copy.appVersion = appVersion;
            copy.locale = locale;
            copy.platform = platform;
            copy.timeZone = timeZone;
            copy.pushVendor = pushVendor;
            copy.pushToken = pushToken;
            return copy;
        }
    }
}

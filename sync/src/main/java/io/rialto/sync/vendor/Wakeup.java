package io.rialto.sync.vendor;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a vendor is asked to bring to a device.
 *
 * @param token by which the vendor knows the device
 * @param lifetime how long the vendor keeps it for a device that is off
 * @param notice what is shown; null to say nothing but "come and sync"
 */
record Wakeup(
        String token,
        boolean urgent,
        Duration lifetime,
        @Nullable Notice notice) {
    /** Of those with no text the newest is enough. */
    static final String COLLAPSE = "rialto-sync";

    /** The key that tells the app what it was woken for, in each vendor's place for data. */
    static final String KEY = "rialto";

    static final String VALUE = "sync";

    /** A text for a person. */
    record Notice(String title, String body) {}

    /** Without the token, which lets whoever has it wake the device. */
    @Override
    public String toString() {
        return "wake-up" + (urgent ? ", urgent" : "");
    }
}

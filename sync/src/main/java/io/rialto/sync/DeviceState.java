package io.rialto.sync;

import java.time.Instant;

/**
 * What a device said of itself last.
 *
 * @param version of the app, {@link Versions#UNKNOWN} where it does not say
 * @param pushVendor fcm, apns or webpush; empty where it cannot be woken
 * @param timeZone IANA name, or empty
 * @param seen when; of the database's clock, what a caller gives is not looked at
 */
public record DeviceState(
        int shard,
        String user,
        String device,
        String app,
        long version,
        String locale,
        String platform,
        String pushVendor,
        String pushToken,
        String timeZone,
        Instant seen) {
    /** Without the token, which lets whoever has it wake the device. */
    @Override
    public String toString() {
        return device + " of " + user;
    }
}

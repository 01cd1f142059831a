package io.rialto.sync.vendor;

import io.rialto.node.Meters;

/** Counts wake-ups. From any thread. */
@FunctionalInterface
public interface WakeMeters {
    /** Counts nothing. */
    WakeMeters NONE = (vendor, outcome) -> {};

    /** Counts on the meters of the process. */
    static WakeMeters on(Meters meters) {
        Meters.Counters wakes =
                meters.counters("rialto_wakes_total", "Devices that a vendor was asked to wake.", "vendor", "outcome");
        return (vendor, outcome) -> wakes.of(vendor, outcome).increment();
    }

    /**
     * A vendor was asked to wake a device.
     *
     * @param vendor apns, fcm or webpush
     * @param outcome sent, gone, busy or refused
     */
    void asked(String vendor, String outcome);
}

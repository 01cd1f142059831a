package io.rialto.sync.vendor;

import java.time.Duration;

/** One app's way to wake its devices by one vendor. From any thread; blocks, so callers are virtual threads. */
interface VendorPush {
    /** The vendor as devices name it. */
    String vendor();

    /** Asks the vendor to wake a device. */
    Outcome push(Wakeup wakeup) throws InterruptedException;

    /** What became of it. */
    sealed interface Outcome {
        /** The vendor has taken it. */
        record Sent() implements Outcome {}

        /** The token is not valid any more, or never was. */
        record Gone(String why) implements Outcome {}

        /**
         * Not now.
         *
         * @param pause that the vendor asks for; zero where it says nothing
         * @param all whether the vendor takes none of the app's for now, not only this device's
         */
        record Busy(Duration pause, boolean all, String why) implements Outcome {}

        /** Never as it is: trying again gives the same. */
        record Refused(String why) implements Outcome {}
    }
}

package io.rialto.sync;

import io.rialto.protocol.Reason;

/** What is counted of delivery. From any thread; must not block. */
public interface DeliveryMeters {
    /** A stream was taken up. */
    void opened();

    /** A stream ended with a last word of the server. */
    void bye(Reason reason);

    /** A batch went to a device. */
    void batch(int messages, int bytes);

    void beat();

    /**
     * A device has applied messages.
     *
     * @param delayMillis since the oldest of them was stored
     */
    void acknowledged(int messages, long delayMillis);

    /** The keeper of messages did not answer; what was asked is asked again. */
    void unanswered();

    /** Notes for traces or facts of devices that were not kept, since too many waited. */
    void dropped(int notes);

    /** Hints that went to another node: users to wake, streams opened and closed. */
    void hintsSent(int hints);

    void hintsReceived(int hints);

    /** Hints that may not have arrived; beats make up for them. */
    void hintsLost(int hints);
}

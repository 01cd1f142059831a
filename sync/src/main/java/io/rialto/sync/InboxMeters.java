package io.rialto.sync;

import io.rialto.protocol.Reason;
import java.time.Duration;

/** Counts what becomes of publishes. From any thread. */
public interface InboxMeters {
    /** Counts nothing. */
    InboxMeters NONE = new InboxMeters() {
        @Override
        public void published(String topic, boolean repeated) {}

        @Override
        public void refused(Reason reason) {}

        @Override
        public void copied(String topic, Duration delay) {}

        @Override
        public void scheduled(String topic) {}

        @Override
        public void webhook(String webhook, boolean delivered) {}
    };

    /** A message was stored in this cell, or its key was known. */
    void published(String topic, boolean repeated);

    /** A publish, or one user's part of it, was not stored. */
    void refused(Reason reason);

    /** A message to everyone was copied to this cell, so long after it was stored. */
    void copied(String topic, Duration delay);

    /** The time of a timed message came, and it was stored. */
    void scheduled(String topic);

    /** An event was told to a webhook, or an attempt failed. */
    void webhook(String webhook, boolean delivered);
}

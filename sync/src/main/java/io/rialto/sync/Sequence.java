package io.rialto.sync;

import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.protocol.sync.SyncMessage;
import org.jspecify.annotations.Nullable;

/** How far one sequence is on one stream. Guarded by its stream. */
final class Sequence {
    final String topic;
    final boolean everyone;
    /** 0 where the device has no key and was sent nothing. */
    long inbox;

    /** All up to this was sent, or the device had it. */
    long sent;

    /** All up to this the device has applied, as it says. */
    long acked;

    /** All up to this is known to the database as applied. */
    long written;

    /** Batches that are not acknowledged, the oldest first. */
    @Nullable
    Flight flights;

    /** A batch on its way: what the device still owes an acknowledgement for. */
    static final class Flight {
        final long last;
        final int messages;
        final int bytes;
        final long createdMillis;

        @Nullable
        Flight next;

        Flight(Batch batch, int bytes) {
            this.last = batch.last();
            this.bytes = bytes;
            // One without messages also waits for its acknowledgement: a slow device gets no endless row of them.
            this.messages = Math.max(1, batch.messages().size());
            this.createdMillis = batch.messages().stream()
                    .mapToLong(SyncMessage::createdMillis)
                    .min()
                    .orElse(0);
        }
    }

    Sequence(String topic, boolean everyone) {
        this.topic = topic;
        this.everyone = everyone;
    }

    boolean is(SyncKey key) {
        return everyone == key.everyone() && topic.equals(key.topic());
    }

    /** Where to read on. */
    SyncKey after() {
        return new SyncKey(topic, everyone, inbox, sent);
    }

    void fly(Flight flight) {
        if (flights == null) {
            flights = flight;
            return;
        }
        Flight end = flights;
        while (end.next != null) {
            end = end.next;
        }
        end.next = flight;
    }

    /** Takes out the oldest batch if it is acknowledged by now. */
    @Nullable
    Flight land() {
        Flight first = flights;
        if (first == null || first.last > acked) {
            return null;
        }
        flights = first.next;
        return first;
    }
}

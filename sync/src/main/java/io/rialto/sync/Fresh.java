package io.rialto.sync;

import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.protocol.sync.SyncMessage;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A message of a user that was committed just now, so that a device of this node can be sent what is in memory still. */
record Fresh(Publication message, long sequence) {
    /** Whether a device should have it, without a look at other messages. */
    boolean isFor(String device, long version) {
        return (message.device() == null || message.device().equals(device))
                && message.versions().contain(version)
                && message.rule() == null
                && message.collapse().isEmpty()
                && message.revokes() == 0;
    }

    /** As it would be read. */
    Batch batch(SyncKey after) {
        SyncMessage alone = SyncMessage.builder(
                        sequence, new MessageId(message.topic(), sequence, message.user()).toString())
                .payload(message.contentType(), message.payload())
                .created(message.accepted().toEpochMilli())
                .expires(millis(message.expires()))
                .urgent(message.urgent())
                .build();
        return new Batch(new SyncKey(after.topic(), false, after.inbox(), sequence), sequence, 0, List.of(alone));
    }

    private static long millis(@Nullable Instant time) {
        return time == null ? 0 : time.toEpochMilli();
    }
}

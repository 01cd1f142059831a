package io.rialto.sync;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A message to be stored for one user, or once for everyone; checked against its topic.
 *
 * @param shard of the user, or the global data's
 * @param epoch at which the fence must be open
 * @param user empty for everyone
 * @param key the publisher's idempotency id
 * @param device the only device of the user that should get it, or null for all
 * @param rule of those who should get a message to everyone, as JSON; null for all
 * @param accepted when an edge took it, for traces
 * @param expires after that no device gets it, or null for never
 * @param versions of the app that should get it
 * @param collapse of messages with one such key only the last counts; empty for none
 * @param notice what the vendor of a device that is away shows, as JSON; null for nothing
 * @param revokes the sequence of an earlier message that this one takes back, 0 for none
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, and a copy of each payload would be waste
public record Publication(
        int shard,
        long epoch,
        String user,
        String topic,
        String key,
        @Nullable String device,
        @Nullable String rule,
        String contentType,
        byte[] payload,
        Instant accepted,
        @Nullable Instant expires,
        Versions versions,
        boolean urgent,
        String collapse,
        @Nullable String notice,
        long revokes) {
    /** A message of which no vendor shows anything. */
    public Publication(
            int shard,
            long epoch,
            String user,
            String topic,
            String key,
            @Nullable String device,
            @Nullable String rule,
            String contentType,
            byte[] payload,
            Instant accepted,
            @Nullable Instant expires,
            Versions versions,
            boolean urgent,
            String collapse,
            long revokes) {
        this(
                shard,
                epoch,
                user,
                topic,
                key,
                device,
                rule,
                contentType,
                payload,
                accepted,
                expires,
                versions,
                urgent,
                collapse,
                null,
                revokes);
    }

    public boolean everyone() {
        return user.isEmpty();
    }
}

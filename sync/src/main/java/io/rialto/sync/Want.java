package io.rialto.sync;

import io.rialto.protocol.sync.SyncKey;

/**
 * What a device wants of one sequence.
 *
 * @param user whose device it is
 * @param after the key up to which it was sent; sequence 0 and inbox 0 where it has none
 * @param version of the app, {@link Versions#UNKNOWN} where it does not say
 * @param locale as the device tells it, or empty; as is the platform
 * @param maxMessages at most {@link io.rialto.protocol.sync.Batch#MAX_MESSAGES}
 * @param maxBytes of payloads; one message is given even if it is larger
 */
public record Want(
        String user,
        String device,
        SyncKey after,
        long version,
        String locale,
        String platform,
        int maxMessages,
        int maxBytes) {
    /** Of a device that tells neither its language nor what it is. */
    public Want(String user, String device, SyncKey after, long version, int maxMessages, int maxBytes) {
        this(user, device, after, version, "", "", maxMessages, maxBytes);
    }
}

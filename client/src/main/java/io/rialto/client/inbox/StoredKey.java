package io.rialto.client.inbox;

import io.rialto.protocol.sync.SyncKey;

/**
 * How far an app has come in a sequence, as two short texts that it stores together with the effect of a message: the row
 * of that name gets that value.
 */
public final class StoredKey {
    private final SyncKey key;

    StoredKey(SyncKey key) {
        this.key = key;
    }

    static String name(String topic, boolean everyone) {
        return everyone ? topic + "*" : topic;
    }

    /**
     * The key that a stored value says.
     *
     * @throws IllegalArgumentException where it is no value that was given here
     */
    static SyncKey parse(String topic, boolean everyone, String value) {
        int colon = value.indexOf(':');
        try {
            long inbox = Long.parseUnsignedLong(value.substring(0, Math.max(0, colon)), 16);
            long sequence = Long.parseLong(value.substring(colon + 1));
            if (sequence >= 0) {
                return new SyncKey(topic, everyone, inbox, sequence);
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw new IllegalArgumentException("sync key of " + name(topic, everyone) + ": " + value
                + " (expected: what was given to be stored, inbox:sequence)");
    }

    /** Names the sequence; at most 33 characters of {@code a-z 0-9 - *}. */
    public String name() {
        return name(key.topic(), key.everyone());
    }

    /** At most 36 characters of {@code 0-9 a-f :}. */
    public String value() {
        return Long.toHexString(key.inbox()) + ":" + key.sequence();
    }

    @Override
    public String toString() {
        return name() + "=" + value();
    }
}

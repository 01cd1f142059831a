package io.rialto.client.inbox;

import org.jspecify.annotations.Nullable;

/**
 * Applies messages in the app's own transactions: each message's effect and its key are committed together, so each message
 * is applied exactly once, whatever dies at whatever moment. Called by one thread; what it throws is reported, and the
 * message is given again later, after {@link #load} has told whether it was committed after all.
 */
public interface JournaledHandler {
    /** The value that was last committed for a key of this name, or null. */
    @Nullable
    String load(String name) throws Exception;

    /** Applies the message and stores the key, in one transaction that is durable on return. */
    void apply(InboxMessage message, StoredKey key) throws Exception;

    /** Stores the key alone: there was nothing for this device up to it. */
    void pass(StoredKey key) throws Exception;

    /** Forgets a key: its inbox is not this user's any more. */
    void forget(String name) throws Exception;

    /** Takes a message back that may have been applied, and stores the key; as {@link #apply}. */
    default void revoked(long sequence, StoredKey key) throws Exception {
        pass(key);
    }

    /** At least this many messages were dropped by the topic's retention before the device could get them. */
    default void dropped(long count) {}
}

package io.rialto.client.inbox;

/**
 * Handles messages; returning confirms. Each is given in order, and again after a crash between its effect and the return:
 * {@link InboxMessage#possiblyRepeated} then says so. For an effect that must not happen twice either check that, or use
 * {@link Inbox#stored} or a {@link JournaledHandler}. Called by one thread; what it throws is reported, and the message is
 * given again later.
 */
@FunctionalInterface
public interface MessageHandler {
    void handle(InboxMessage message) throws Exception;

    /** A message that may have been handled is taken back. */
    default void revoked(String topic, long sequence) throws Exception {}

    /** At least this many messages were dropped by the topic's retention before the device could get them. */
    default void dropped(String topic, long count) {}
}

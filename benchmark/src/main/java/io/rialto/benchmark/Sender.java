package io.rialto.benchmark;

import org.jspecify.annotations.Nullable;

/** Publishes to one system over connections of its own. Several threads may send at once. */
interface Sender extends AutoCloseable {
    /** Told once, from any thread. */
    @FunctionalInterface
    interface Done {
        /**
         * Tells the end of one publish.
         *
         * @param failure why it is not acknowledged; null where it is
         */
        void done(@Nullable String failure);
    }

    /**
     * Publishes one message.
     *
     * @param key of this message and no other, ever: repeated, it must not be stored again where the system can tell
     */
    void send(String key, int user, byte[] payload, Done done);

    @Override
    void close();
}

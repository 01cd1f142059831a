package io.rialto.client.inbox;

import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.SyncKey;
import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Where the messages of a topic go, and how far it has durably come. Used by the thread of handlers only. */
interface Sink extends Closeable {
    /** How far one of the topic's two sequences has come; null where nothing has come. */
    @Nullable
    SyncKey key(boolean everyone) throws Exception;

    /**
     * Takes a batch that goes on exactly behind the key. On return all of it is durable; after an exception the key says
     * how much of it is.
     */
    void take(Batch batch) throws Exception;

    /** Forgets a key: the next batch begins anew. */
    void forget(boolean everyone) throws Exception;

    @Override
    default void close() throws IOException {}
}

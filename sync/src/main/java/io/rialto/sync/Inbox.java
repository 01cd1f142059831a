package io.rialto.sync;

import io.rialto.protocol.sync.SyncKey;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The keeper of messages of one cell. Reads and writes other than {@link #publish} block; callers are virtual threads.
 * Each of them fails with {@link InboxException} where the keeper does not answer.
 */
public interface Inbox extends AutoCloseable {
    /**
     * Stores a message. Completes when it is committed, with the sequence that it has; for a key that was used before,
     * with the first one's. Fails with a {@link io.rialto.protocol.ProtocolException}: {@code overloaded} before anything
     * was tried, {@code fenced} where the shard is not open here, {@code store_unavailable} where it is not known whether
     * it was stored. From any thread; does not block.
     */
    CompletableFuture<Stored> publish(Publication publication);

    /** What each device should get next, in the order of the wants; all seen at one moment of the database. */
    List<Slice> read(List<Want> wants);

    /** The highest sequences of each user: the user's own, and everyone's for all topics. As the database has them now. */
    List<List<SyncKey>> highest(List<String> users);

    /** Moves cursors forward, never back, and notes what was acknowledged. */
    void acknowledge(List<Acknowledgement> acknowledgements);

    @Override
    void close();
}

package io.rialto.sync;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.sync.SyncKey;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * The keeper of messages of one cell. Reads and writes other than {@link #publish} block; callers are virtual threads.
 * Each of them fails with {@link InboxException} where the keeper does not answer.
 */
public interface Inbox extends AutoCloseable {
    /**
     * Stores a message. Completes when it is committed, with the sequence that it has; for a key that was used before,
     * with the first one's. Fails with a {@link ProtocolException}: {@code overloaded} before anything
     * was tried, {@code fenced} where the shard is not open here, {@code store_unavailable} where it is not known whether
     * it was stored. From any thread; does not block.
     */
    CompletableFuture<Stored> publish(Publication publication);

    /** What each device should get next, in the order of the wants; all seen at one moment of the database. */
    List<Slice> read(List<Want> wants);

    /** A user's shard, and the epoch at which a node takes it to be in this cell. */
    record ShardEpoch(int shard, long epoch) {}

    /**
     * Those that are open in this cell now. What was read before is of a shard that was open all the while: no epoch comes twice,
     * and nobody knows one before the shard has opened at it. Of another one there may be old messages here, some or none, and
     * a device that was told by them would miss messages, or begin anew.
     */
    Set<ShardEpoch> open(Set<ShardEpoch> shards);

    /** The highest sequences of each user: the user's own, and everyone's for all topics. As the database has them now. */
    List<List<SyncKey>> highest(List<String> users);

    /** Moves cursors forward, never back, and notes what was acknowledged; what became of each, in their order. */
    List<AckOutcome> acknowledge(List<Acknowledgement> acknowledgements);

    /**
     * A device of a user has a key above the head. Where another server took over, that is because this one lacks messages: the
     * user is noted as behind, and the head goes above all that was ever given, so that no sequence is given twice.
     *
     * @return false where nothing was taken over
     */
    default boolean outran(int shard, String user, SyncKey key) {
        return false;
    }

    /**
     * Takes a message back: no device gets it from now on, and those that have it are told by a message of its own.
     * Answers the sequence of that one, the first one's where it was taken back before.
     *
     * @param shard of the user, or the global data's
     * @throws ProtocolException {@code unknown_message}, or as {@link #publish} fails
     */
    Stored revoke(int shard, long epoch, MessageId message) throws ProtocolException;

    @Override
    void close();
}

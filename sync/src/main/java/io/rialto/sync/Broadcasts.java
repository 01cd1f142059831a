package io.rialto.sync;

import io.rialto.protocol.sync.SyncKey;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Messages to everyone, as cells hand them to each other: written in the global cell, copied to all others with the
 * same sequences and the same inbox id. All of it blocks; callers are virtual threads. Fails with {@link InboxException}
 * where the keeper does not answer.
 */
public interface Broadcasts {
    /**
     * A message to everyone as it is kept.
     *
     * @param publication with the global shard; its epoch says nothing
     * @param revoked when it was taken back, or null
     */
    record Row(
            long sequence,
            Publication publication,
            Instant stored,
            @Nullable Instant revoked) {}

    /**
     * A part of a topic's sequence: all that is kept of {@code first} to the sequence of {@code end}.
     *
     * @param end with the inbox id
     */
    record Page(long first, SyncKey end, List<Row> rows) {}

    /** What comes after a sequence of a topic, at most so many messages; empty where there is nothing. */
    Optional<Page> after(String topic, long sequence, int limit);

    /** The highest sequence of a topic that is here, 0 for none. */
    long highestBroadcast(String topic);

    /**
     * Keeps a page of the global cell's; what is here already stays as it is.
     *
     * @return false where the page is not contiguous with what is here, or is of another inbox: nothing was kept, ask for
     *     what comes after {@link #highestBroadcast}
     */
    boolean copy(Page page);
}

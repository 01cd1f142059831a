package io.rialto.cells.failover;

import java.io.IOException;
import java.util.List;

/** Control's memory of one unit's servers. */
public interface Ledger {
    /** What control has now; never from a cache. */
    UnitServers read() throws IOException;

    /**
     * Changes it, unless it has changed meanwhile. Where the new state is open, the routing table gets its generation in
     * the same step.
     *
     * @return whether it was changed
     */
    boolean replace(UnitServers before, UnitServers after) throws IOException;

    /** Shards that were given away by a planned move, of which the servers of a lost city may have been the only ones to know. */
    default List<Elsewhere> elsewhere() throws IOException {
        return List.of();
    }

    /**
     * A shard that another unit has, or is about to have.
     *
     * @param epoch that the move gives it
     * @param next the cell that it goes to
     * @param done whether the other one has it for good
     */
    record Elsewhere(int shard, long epoch, String next, boolean done) {}
}

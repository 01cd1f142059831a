package io.rialto.cells.failover;

import java.io.IOException;

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
}

package io.rialto.gateway;

import io.rialto.gateway.upstream.Upstream;
import org.jspecify.annotations.Nullable;

/** Where calls may be sent. Asked on every call, on event loops: must not block. */
public interface Destinations {
    /**
     * The backends of a service in this cell, or null where there is no such service.
     *
     * @param colour of the release that is to be called, where instances of it are known; empty for any
     */
    @Nullable
    Upstream backend(String service, String colour);

    /** The internal listeners of another cell's edges, or null where no such cell is known. */
    @Nullable
    Upstream cell(String cell);

    /** Whether an edge of another cell is well, as far as this node has seen; true as long as it has seen nothing. */
    boolean isWell(String cell);

    /** The internal listener of one edge of this cell, or null where no such node is known. */
    @Nullable
    Upstream node(String node);
}

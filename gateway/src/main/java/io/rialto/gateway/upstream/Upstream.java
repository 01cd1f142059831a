package io.rialto.gateway.upstream;

import java.util.function.Consumer;

/** One service's backends, or one other edge, with its policies. */
public interface Upstream {
    /**
     * Sends a call; the outcome arrives once, on the call's loop, possibly before this returns. Must be called on the
     * call's loop.
     *
     * @return cancels the call where it can, on the loop; the outcome then may or may not arrive
     */
    Runnable send(OutboundCall call, Consumer<Outcome> outcome);
}

package io.rialto.gateway;

import io.rialto.protocol.ProtocolException;

/** What answers an operation in the place of a backend: this node. */
interface OwnOperation {
    Step.Progress invoke(Exchange x) throws ProtocolException;

    /** Whether its calls become streams. */
    default boolean isStream() {
        return false;
    }
}

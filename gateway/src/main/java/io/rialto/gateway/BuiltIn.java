package io.rialto.gateway;

import io.rialto.protocol.ProtocolException;

/** An operation that the gateway serves itself; the last step of its calls. */
interface BuiltIn {
    /** Who may call it. */
    enum Audience {
        ANYONE,
        ENROLLING,
        SERVERS
    }

    Audience audience();

    /** The largest body that it takes. */
    int maxBodyBytes();

    Step.Progress invoke(Exchange x) throws ProtocolException;
}

package io.rialto.gateway.transport;

/** What a transport hands its calls to. */
public interface CallHandler {
    /** Takes a call, on the call's event loop; must not block. The handler owns the body and answers exactly once. */
    void handle(InboundCall call);

    /** Whether calls to this path are streams: such a call is handed over with its first message. */
    default boolean isStream(String path) {
        return false;
    }
}

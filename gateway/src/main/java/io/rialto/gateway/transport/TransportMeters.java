package io.rialto.gateway.transport;

import io.rialto.gateway.transport.InboundCall.Listener;
import io.rialto.protocol.Reason;

/** What transports count. Called on event loops: must be cheap and must not block. By default nothing is counted. */
public interface TransportMeters {
    TransportMeters NONE = new TransportMeters() {};

    default void opened(Listener side) {}

    default void closed(Listener side) {}

    /** A transport ended a connection, or did not accept it. */
    default void ended(Listener side, ConnectionEnd cause) {}

    /** A call was handed to the {@link CallHandler}. */
    default void called(Listener side) {}

    /** A transport refused a request before it became a call. */
    default void refused(Listener side, Reason reason) {}

    /** A stream began. */
    default void streamBegan(Listener side) {}

    /** A stream that had begun ended. */
    default void streamEnded(Listener side, StreamEnd cause) {}
}

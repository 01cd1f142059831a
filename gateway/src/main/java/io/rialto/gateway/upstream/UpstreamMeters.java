package io.rialto.gateway.upstream;

/** What upstreams count. Called on event loops: must not block. */
@FunctionalInterface
public interface UpstreamMeters {
    /** Counts nothing. */
    UpstreamMeters NONE = (service, event) -> {};

    /** Counts one event of a service. */
    void add(String service, Event event);

    /** What happens on the way to backends. */
    enum Event {
        /** A call came. */
        CALL,
        /** A call was sent to a backend again. */
        RETRY,
        /** A retry was due and the budget did not allow it. */
        RETRY_REFUSED,
        /** A second try was started beside a slow first. */
        HEDGE,
        /** A connection was opened. */
        CONNECTED,
        /** A breaker opened. */
        BREAKER_OPENED,
        /** A call ended with an answer. */
        ANSWERED,
        /** A call ended without an answer. */
        FAILED,
        /** A call was refused because too many were in flight. */
        BUSY
    }
}

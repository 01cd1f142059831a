package io.rialto.gateway.transport;

/** A connection's peer broke HTTP/2's rules or a bound: the connection ends with GOAWAY. */
final class Http2Failure extends Exception {
    private static final long serialVersionUID = 1;

    private final ConnectionEnd cause;

    Http2Failure(ConnectionEnd cause, String message) {
        // An expected outcome of hostile input: no stack trace.
        super(message, null, false, false);
        this.cause = cause;
    }

    ConnectionEnd end() {
        return cause;
    }
}

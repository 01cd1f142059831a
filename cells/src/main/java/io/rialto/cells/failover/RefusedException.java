package io.rialto.cells.failover;

/** A server's answer that is not an error of its own: it may not do what it was asked. */
final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
        super(message);
    }
}

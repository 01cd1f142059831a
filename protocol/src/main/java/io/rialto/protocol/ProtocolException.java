package io.rialto.protocol;

/** Bytes from the other side that are not what the protocol says, with the reason to refuse them by. */
public final class ProtocolException extends Exception {
    private static final long serialVersionUID = 1;

    private final Reason reason;

    public ProtocolException(Reason reason, String message) {
        // An expected outcome of hostile input: no stack trace, so that refusing costs no more than accepting.
        super(message, null, false, false);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}

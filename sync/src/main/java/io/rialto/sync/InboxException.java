package io.rialto.sync;

/** The keeper of messages does not answer, or not in time. */
public final class InboxException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public InboxException(String message, Throwable cause) {
        super(message, cause);
    }
}

package io.rialto.starter;

import io.rialto.protocol.Code;
import io.rialto.protocol.Reason;

/** Refuses a call: thrown by an operation's method, sent as the error that {@code docs/protocol.md} describes. */
public final class OperationException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final Code code;
    private final String reason;
    private final int httpStatus;

    /**
     * A refusal with a reason of the backend's own.
     *
     * @param reason stable, such as {@code insufficient_funds}
     * @param message for people
     */
    public OperationException(Code code, String reason, String message) {
        this(code, reason, code.httpStatus(), message);
    }

    /** A refusal with one of Rialto's reasons. */
    public OperationException(Reason reason, String message) {
        this(reason.code(), reason.wireName(), reason.httpStatus(), message);
    }

    private OperationException(Code code, String reason, int httpStatus, String message) {
        // An expected outcome: no stack trace, so that refusing costs no more than accepting.
        super(message, null, false, false);
        if (code == Code.OK) {
            throw new IllegalArgumentException("code: ok (expected: a code of an error)");
        }
        this.code = code;
        this.reason = reason;
        this.httpStatus = httpStatus;
    }

    public Code code() {
        return code;
    }

    public String reason() {
        return reason;
    }

    int httpStatus() {
        return httpStatus;
    }

    String message() {
        return String.valueOf(getMessage());
    }
}

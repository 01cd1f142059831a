package io.rialto.client.inbox;

import org.jspecify.annotations.Nullable;

/** The platform could not be reached, refused, or ended a stream. */
public final class LineException extends Exception {
    private static final long serialVersionUID = 1;

    private final String reason;
    private final long retryAfterMillis;

    /**
     * A failure.
     *
     * @param reason the platform's stable name of it, or empty
     * @param retryAfterMillis how long the platform asks to wait, 0 where it does not
     */
    public LineException(String message, String reason, long retryAfterMillis, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
        this.retryAfterMillis = retryAfterMillis;
    }

    public String reason() {
        return reason;
    }

    public long retryAfterMillis() {
        return retryAfterMillis;
    }
}

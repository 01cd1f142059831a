package io.rialto.client;

import io.rialto.protocol.Code;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A call failed: why, and whether its operation may have been done all the same. */
public final class CallException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final Code code;
    private final String reason;
    private final Dispatched dispatched;
    private final boolean passing;
    private final long retryAfterMillis;
    private final @Nullable String idempotencyKey;

    CallException(
            Code code,
            String reason,
            String message,
            Dispatched dispatched,
            boolean passing,
            long retryAfterMillis,
            @Nullable String idempotencyKey,
            @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
        this.reason = reason;
        this.dispatched = dispatched;
        this.passing = passing;
        this.retryAfterMillis = retryAfterMillis;
        this.idempotencyKey = idempotencyKey;
    }

    /** A failure found on this side before anything was sent. */
    static CallException local(Code code, String message) {
        return new CallException(code, "", message, Dispatched.NO, false, 0, null, null);
    }

    CallException withIdempotencyKey(@Nullable String key) {
        if (key == null) {
            return this;
        }
        CallException copy =
                new CallException(code, reason, bareMessage(), dispatched, passing, retryAfterMillis, key, getCause());
        copy.setStackTrace(getStackTrace());
        return copy;
    }

    /** The message alone. */
    String bareMessage() {
        String message = super.getMessage();
        return message == null ? "" : message;
    }

    public Code code() {
        return code;
    }

    /** The platform's or the backend's stable name of what went wrong; empty where there is none. */
    public String reason() {
        return reason;
    }

    public Dispatched dispatched() {
        return dispatched;
    }

    /** How long the other side asks to wait before another try; zero where it does not. */
    public Duration retryAfter() {
        return Duration.ofMillis(retryAfterMillis);
    }

    /**
     * The key that the call was made with: calling again with {@link CallOptions#idempotencyKey(String)} repeats the same
     * logical call. Null where it had none.
     */
    public @Nullable String idempotencyKey() {
        return idempotencyKey;
    }

    /** Whether the same call may succeed a little later. */
    boolean passing() {
        return passing;
    }

    long retryAfterMillis() {
        return retryAfterMillis;
    }

    /** Code, reason and message: {@code unavailable (backend_down): ...}. */
    @Override
    public String getMessage() {
        return code.wireName() + (reason.isEmpty() ? "" : " (" + reason + ")") + ": " + super.getMessage();
    }
}

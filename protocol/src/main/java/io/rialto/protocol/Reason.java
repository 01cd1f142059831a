package io.rialto.protocol;

/**
 * Why Rialto itself refused a call: one stable name, one {@link Code}, one HTTP status, one counter each. Travels as
 * {@code rialto-reason} and in the error's JSON. Backends may send reasons of their own; those are not listed here.
 */
public enum Reason {
    // what arrived is not a call
    MALFORMED_FRAME(Code.INVALID_ARGUMENT, 400),
    METHOD_NOT_ALLOWED(Code.UNIMPLEMENTED, 405),
    UNSUPPORTED_MEDIA(Code.INVALID_ARGUMENT, 415),
    INVALID_JSON(Code.INVALID_ARGUMENT, 400),
    INVALID_BODY(Code.INVALID_ARGUMENT, 400),
    BODY_TOO_LARGE(Code.RESOURCE_EXHAUSTED, 413),
    HEADERS_TOO_LARGE(Code.RESOURCE_EXHAUSTED, 431),
    UNKNOWN_OPERATION(Code.UNIMPLEMENTED, 404),
    WRONG_APP(Code.PERMISSION_DENIED, 403),

    // who calls is not shown
    IDENTITY_REQUIRED(Code.UNAUTHENTICATED, 401),
    WRONG_SIGNATURE(Code.UNAUTHENTICATED, 401),
    TAMPERED_BODY(Code.UNAUTHENTICATED, 401),
    STALE_CALL(Code.UNAUTHENTICATED, 401),
    REPLAYED_CALL(Code.UNAUTHENTICATED, 401),
    WRONG_EDGE(Code.UNAUTHENTICATED, 421),
    WRONG_TICKET(Code.UNAUTHENTICATED, 401),
    EXPIRED_TICKET(Code.UNAUTHENTICATED, 401),
    WRONG_CREDENTIAL(Code.UNAUTHENTICATED, 401),
    EXPIRED_CREDENTIAL(Code.UNAUTHENTICATED, 401),
    WRONG_SESSION(Code.UNAUTHENTICATED, 401),
    EXPIRED_SESSION(Code.UNAUTHENTICATED, 401),
    WRONG_TOKEN(Code.UNAUTHENTICATED, 401),
    UNKNOWN_SERVER_KEY(Code.UNAUTHENTICATED, 401),
    REVOKED_DEVICE(Code.PERMISSION_DENIED, 403),

    // the user's cell
    WRONG_CELL(Code.FAILED_PRECONDITION, 421),
    NO_ROUTE(Code.INVALID_ARGUMENT, 400),
    FORWARDED_TWICE(Code.INTERNAL, 508),
    CELL_UNREACHABLE(Code.UNAVAILABLE, 503),
    FENCED(Code.ABORTED, 409),
    SHADOW_NOT_ALLOWED(Code.PERMISSION_DENIED, 403),
    NO_SHADOW(Code.FAILED_PRECONDITION, 412),
    COPY_BEHIND(Code.UNAVAILABLE, 503),
    READ_ONLY(Code.FAILED_PRECONDITION, 412),

    // limits
    OPERATION_RATE_LIMITED(Code.RESOURCE_EXHAUSTED, 429),
    APP_RATE_LIMITED(Code.RESOURCE_EXHAUSTED, 429),
    USER_RATE_LIMITED(Code.RESOURCE_EXHAUSTED, 429),
    REPLAY_MEMORY_FULL(Code.RESOURCE_EXHAUSTED, 503),
    OVERLOADED(Code.UNAVAILABLE, 503),
    DRAINING(Code.UNAVAILABLE, 503),

    // messages
    UNKNOWN_TOPIC(Code.NOT_FOUND, 404),
    UNKNOWN_MESSAGE(Code.NOT_FOUND, 404),
    PAYLOAD_TOO_LARGE(Code.RESOURCE_EXHAUSTED, 413),
    MESSAGE_EXPIRED(Code.INVALID_ARGUMENT, 400),
    FOREIGN_KEY(Code.FAILED_PRECONDITION, 412),
    FUTURE_KEY(Code.OUT_OF_RANGE, 400),
    NOT_ACKNOWLEDGED(Code.ABORTED, 409),
    SUPERSEDED(Code.ABORTED, 409),
    STORE_UNAVAILABLE(Code.UNAVAILABLE, 503),

    // the backend
    BACKEND_DOWN(Code.UNAVAILABLE, 503),
    BACKEND_BUSY(Code.UNAVAILABLE, 503),
    CIRCUIT_OPEN(Code.UNAVAILABLE, 503),
    BACKEND_CLOSED(Code.UNAVAILABLE, 502),
    BACKEND_TIMEOUT(Code.DEADLINE_EXCEEDED, 504),
    BACKEND_INVALID(Code.INTERNAL, 502),
    ANSWER_TOO_LARGE(Code.INTERNAL, 502),
    DEADLINE_EXCEEDED(Code.DEADLINE_EXCEEDED, 504),

    INTERNAL(Code.INTERNAL, 500);

    private final Code code;
    private final int httpStatus;
    private final String wireName;

    Reason(Code code, int httpStatus) {
        this.code = code;
        this.httpStatus = httpStatus;
        this.wireName = name().toLowerCase(java.util.Locale.ROOT);
    }

    public Code code() {
        return code;
    }

    public int httpStatus() {
        return httpStatus;
    }

    /** The name on the wire, such as {@code replayed_call}. */
    public String wireName() {
        return wireName;
    }
}

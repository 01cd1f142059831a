package io.rialto.protocol;

/**
 * The outcome class of a call: gRPC's status codes, with the names and HTTP statuses that Connect gives them.
 *
 * <p>Source: gRPC status codes; Connect protocol, "Error codes".
 */
public enum Code {
    OK(0, "ok", 200),
    CANCELED(1, "canceled", 499),
    UNKNOWN(2, "unknown", 500),
    INVALID_ARGUMENT(3, "invalid_argument", 400),
    DEADLINE_EXCEEDED(4, "deadline_exceeded", 504),
    NOT_FOUND(5, "not_found", 404),
    ALREADY_EXISTS(6, "already_exists", 409),
    PERMISSION_DENIED(7, "permission_denied", 403),
    RESOURCE_EXHAUSTED(8, "resource_exhausted", 429),
    FAILED_PRECONDITION(9, "failed_precondition", 400),
    ABORTED(10, "aborted", 409),
    OUT_OF_RANGE(11, "out_of_range", 400),
    UNIMPLEMENTED(12, "unimplemented", 501),
    INTERNAL(13, "internal", 500),
    UNAVAILABLE(14, "unavailable", 503),
    DATA_LOSS(15, "data_loss", 500),
    UNAUTHENTICATED(16, "unauthenticated", 401);

    private static final Code[] BY_NUMBER = values();

    private final int grpcStatus;
    private final String wireName;
    private final int httpStatus;

    Code(int grpcStatus, String wireName, int httpStatus) {
        this.grpcStatus = grpcStatus;
        this.wireName = wireName;
        this.httpStatus = httpStatus;
    }

    /** The number in {@code grpc-status}. */
    public int grpcStatus() {
        return grpcStatus;
    }

    /** The name in an error's JSON, such as {@code not_found}. */
    public String wireName() {
        return wireName;
    }

    public int httpStatus() {
        return httpStatus;
    }

    /** The code of a {@code grpc-status}; {@link #UNKNOWN} for a number that gRPC does not define. */
    public static Code ofGrpcStatus(int status) {
        return status >= 0 && status < BY_NUMBER.length ? BY_NUMBER[status] : UNKNOWN;
    }

    /** The code of a name in an error's JSON; {@link #UNKNOWN} for any other name. */
    public static Code ofWireName(String name) {
        for (Code code : BY_NUMBER) {
            if (code.wireName.equals(name)) {
                return code;
            }
        }
        return UNKNOWN;
    }

    /** The code that stands for an HTTP status when an answer carries no code of its own (gRPC's mapping). */
    public static Code ofHttpStatus(int status) {
        switch (status) {
            case 200:
                return OK;
            case 400:
                return INTERNAL;
            case 401:
                return UNAUTHENTICATED;
            case 403:
                return PERMISSION_DENIED;
            case 404:
                return UNIMPLEMENTED;
            case 429:
            case 502:
            case 503:
            case 504:
                return UNAVAILABLE;
            default:
                return UNKNOWN;
        }
    }
}

package io.rialto.protocol;

/** Names of the header fields that Rialto defines, in lower case; {@code docs/protocol.md} says what each holds. */
public final class HeaderNames {
    /** The edge that a call is meant for, {@code cell/node/boot}; on every answer, the edge that gave it. */
    public static final String EDGE = "rialto-edge";

    /** The session of a sealed call, or of one signed with the session's MAC key. */
    public static final String TICKET = "rialto-ticket";

    /** The device's credential, on calls signed with the device's own key. */
    public static final String CREDENTIAL = "rialto-credential";

    /** The user's session token: on signed calls, and on the answer of a login. */
    public static final String SESSION = "rialto-session";

    /** The counter of a sealed call, decimal. */
    public static final String COUNTER = "rialto-counter";

    /** When a sealed call was made, in seconds since the epoch, decimal; on answers, the server's time. */
    public static final String TIME = "rialto-time";

    /** The content type inside a sealed body. */
    public static final String CONTENT_TYPE = "rialto-content-type";

    /** What to route by where the operation's route is {@code hint}: a user id. Never an identity. */
    public static final String ROUTE = "rialto-route";

    /** Marks a pressure test, with the value 1: the call is for shadow data or refused, and never for real data. */
    public static final String SHADOW = "rialto-shadow";

    /** What remains of the caller's deadline, in milliseconds, decimal. */
    public static final String TIMEOUT = "rialto-timeout";

    /** The version of the global data that a caller has seen, decimal; on answers, what it is to ask for from now on. */
    public static final String GLOBAL_VERSION = "rialto-global-version";

    /** Markers of the newest writes that a user was told of; on answers, one of all that the call has seen written. */
    public static final String WRITTEN = "rialto-written";

    /** On answers: the cell of the user, {@code cell;shard=N;epoch=N;at=URL}. */
    public static final String CELL = "rialto-cell";

    /** On answers about where cells are: the key's id, a semicolon, and an Ed25519 signature in base64url. */
    public static final String DIRECTORY_SIGNATURE = "rialto-directory-signature";

    /** On refusals: the {@link Reason}. */
    public static final String REASON = "rialto-reason";

    /** On answers with {@link Reason#FENCED}: the cell that takes the shard over, and its epoch there, {@code cell;epoch}. */
    public static final String FENCE_NEXT = "rialto-fence-next";

    /** Between servers only: the caller's context with its MAC. Never accepted from a phone. */
    public static final String CALLER = "rialto-caller";

    /** From a backend only, on the answer of a login operation: the user to bind the device to. */
    public static final String BIND_USER = "rialto-bind-user";

    /** One key for all tries of one call. */
    public static final String IDEMPOTENCY_KEY = "idempotency-key";

    private HeaderNames() {}
}

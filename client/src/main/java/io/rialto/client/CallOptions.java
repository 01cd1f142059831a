package io.rialto.client;

import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What one call asks for besides its message. Immutable: each method answers a changed copy. */
public final class CallOptions {
    /** Asks for nothing. */
    public static final CallOptions NONE = new CallOptions(null, null, null, null, Collections.emptyMap());

    private static final int MAX_KEY = 128;

    private final @Nullable Duration timeout;
    private final @Nullable String idempotencyKey;
    private final @Nullable String routeHint;
    private final @Nullable Protection protection;
    private final Map<String, String> headers;

    private CallOptions(
            @Nullable Duration timeout,
            @Nullable String idempotencyKey,
            @Nullable String routeHint,
            @Nullable Protection protection,
            Map<String, String> headers) {
        this.timeout = timeout;
        this.idempotencyKey = idempotencyKey;
        this.routeHint = routeHint;
        this.protection = protection;
        this.headers = headers;
    }

    /** The time for the whole call, over all its tries. */
    public CallOptions timeout(Duration value) {
        if (value.isZero() || value.isNegative()) {
            throw new IllegalArgumentException("timeout: " + value + " (expected: above zero)");
        }
        return new CallOptions(value, idempotencyKey, routeHint, protection, headers);
    }

    /**
     * The key of one logical call. It says that the backend does the operation once however often this key comes, and so
     * lets the SDK repeat the call when an answer is lost.
     */
    public CallOptions idempotencyKey(String value) {
        if (value.isEmpty() || value.length() > MAX_KEY || !value.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new IllegalArgumentException(
                    "idempotency key: " + value + " (expected: 1 to " + MAX_KEY + " visible ASCII characters)");
        }
        return new CallOptions(timeout, value, routeHint, protection, headers);
    }

    /** The user id to route by, for operations whose route is a hint. It says nothing about who calls. */
    public CallOptions routeHint(String userId) {
        return new CallOptions(timeout, idempotencyKey, text("route hint", userId), protection, headers);
    }

    public CallOptions protection(Protection value) {
        return new CallOptions(timeout, idempotencyKey, routeHint, value, headers);
    }

    /** The languages that the user reads, as in HTTP. */
    public CallOptions acceptLanguage(String value) {
        return header("accept-language", value);
    }

    /** The trace that the call belongs to, as in W3C Trace Context. */
    public CallOptions traceparent(String value) {
        return header("traceparent", value);
    }

    // No other header reaches a backend: a seal covers a fixed list, and an edge drops what it does not cover.
    private CallOptions header(String name, String value) {
        Map<String, String> changed = new TreeMap<>(headers);
        changed.put(name, text(name, value));
        return new CallOptions(timeout, idempotencyKey, routeHint, protection, changed);
    }

    private static String text(String name, String value) {
        if (!value.chars().allMatch(c -> c >= ' ' && c < 0x7f)) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: printable ASCII)");
        }
        return value;
    }

    @Nullable
    Duration timeout() {
        return timeout;
    }

    @Nullable
    String idempotencyKey() {
        return idempotencyKey;
    }

    @Nullable
    String routeHint() {
        return routeHint;
    }

    @Nullable
    Protection protection() {
        return protection;
    }

    Map<String, String> headers() {
        return headers;
    }
}

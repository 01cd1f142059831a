package io.rialto.gateway.config;

import io.rialto.protocol.OperationName;
import org.jspecify.annotations.Nullable;

/**
 * What the gateway does with the calls of one operation.
 *
 * @param app whose callers may call it; empty for any
 * @param backend the service that serves it
 * @param keyed whether its backend does the same idempotency key once
 * @param login whether an answer may bind the device to a user
 * @param timeoutMillis for all tries together
 * @param maxBodyBytes of a call's message, after decompression
 * @param cache null where answers are neither kept nor joined
 * @param record how many of the backend's answers are kept as samples for mocks
 */
public record OperationConfig(
        OperationName name,
        String app,
        String backend,
        Auth auth,
        Route route,
        boolean idempotent,
        boolean keyed,
        boolean login,
        int timeoutMillis,
        int maxBodyBytes,
        Rate rate,
        @Nullable CacheRule cache,
        boolean coalesce,
        @Nullable MockRule mock,
        int record,
        HeaderRules request,
        HeaderRules response) {
    /** Samples are whole answers in memory. */
    static final int MAX_RECORD = 100;

    /** What a caller must show. */
    public enum Auth {
        /** Nothing. */
        NONE,
        /** That it is an enrolled device, or a partner. */
        DEVICE,
        /** That it acts for a user. */
        USER,
        /** That it is one of the platform's own backends, on the internal listener. */
        BACKEND
    }

    /** What decides the cell. */
    public enum Route {
        USER,
        HINT,
        LOCAL,
        GLOBAL
    }

    /**
     * Calls per second; 0 for no limit.
     *
     * @param operation all of the operation's, on one node
     * @param app those of each app, on one node
     * @param user those of each user (or device, where there is no user), in the whole cell
     * @param burst what may come at once after a quiet time
     */
    public record Rate(int operation, int app, int user, int burst) {
        public static final Rate NONE = new Rate(0, 0, 0, 1);
        static final int MAX = 10_000_000;

        static Rate read(Fields fields) {
            int user = fields.integer("user", 0, 0, MAX);
            int operation = fields.integer("operation", 0, 0, MAX);
            int app = fields.integer("app", 0, 0, MAX);
            int least = Math.max(1, Math.max(user, Math.max(operation, app)));
            Rate rate = new Rate(operation, app, user, fields.integer("burst", least, 1, MAX));
            fields.end();
            return rate;
        }
    }

    static final int DEFAULT_TIMEOUT_MILLIS = 10_000;
    static final int DEFAULT_BODY_BYTES = 256 * 1024;

    /** An operation with all defaults. */
    public static OperationConfig of(String name, String backend, Auth auth, Route route) {
        return new OperationConfig(
                OperationName.of(name),
                "",
                backend,
                auth,
                route,
                false,
                false,
                false,
                DEFAULT_TIMEOUT_MILLIS,
                DEFAULT_BODY_BYTES,
                Rate.NONE,
                null,
                false,
                null,
                0,
                HeaderRules.NONE,
                HeaderRules.NONE);
    }

    /** The same with another limit on messages. */
    public OperationConfig withMaxBodyBytes(int bytes) {
        return new OperationConfig(
                name,
                app,
                backend,
                auth,
                route,
                idempotent,
                keyed,
                login,
                timeoutMillis,
                bytes,
                rate,
                cache,
                coalesce,
                mock,
                record,
                request,
                response);
    }

    static @Nullable OperationConfig read(Fields fields) {
        OperationName name = fields.parsed("name", fields.required("name"), OperationName::of);
        Auth auth = fields.choice("auth", Auth.USER);
        Route route = fields.choice("route", auth == Auth.USER ? Route.USER : Route.LOCAL);
        CacheRule cache = fields.has("cache") ? CacheRule.read(fields.child("cache"), auth) : null;
        boolean idempotent = fields.flag("idempotent", false);
        boolean keyed = fields.flag("keyed", false);
        if (cache != null && !idempotent) {
            fields.wrong("cache", "on an operation that is not idempotent", "\"idempotent\": true beside it");
        }
        if (route == Route.USER && auth == Auth.NONE) {
            fields.wrong("route", "user without authentication", "auth user or backend, or route hint");
        }
        MockRule mock = fields.has("mock") ? MockRule.read(fields.child("mock")) : null;
        Fields headers = fields.child("headers");
        HeaderRules request = HeaderRules.read(headers.child("request"));
        HeaderRules response = HeaderRules.read(headers.child("response"));
        headers.end();
        String service = name == null ? "" : name.service();
        int packageEnd = service.lastIndexOf('.');
        String app = fields.text("app", "");
        String backend = fields.text("backend", packageEnd < 0 ? service : service.substring(0, packageEnd));
        boolean login = fields.flag("login", false);
        int timeout = fields.integer("timeout-ms", DEFAULT_TIMEOUT_MILLIS, 1, 600_000);
        int maxBody = fields.integer("max-body-bytes", DEFAULT_BODY_BYTES, 0, 64 << 20);
        if (login && cache != null) {
            fields.wrong("login", "true with a cache", "no cache, as each login's answer is one device's alone");
        }
        Rate rate = Rate.read(fields.child("rate"));
        boolean coalesce = fields.flag("coalesce", cache != null);
        int record = fields.integer("record", 0, 0, MAX_RECORD);
        if (coalesce && cache == null) {
            fields.wrong("coalesce", "true without cache", "a cache with a key (its ttl-ms may be 0)");
        }
        fields.end();
        if (name == null) {
            return null;
        }
        return new OperationConfig(
                name,
                app,
                backend,
                auth,
                route,
                idempotent,
                keyed,
                login,
                timeout,
                maxBody,
                rate,
                cache,
                coalesce,
                mock,
                record,
                request,
                response);
    }
}

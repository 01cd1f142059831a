package io.rialto.gateway;

import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.gateway.config.App;
import io.rialto.gateway.http.FieldNames;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Cross-origin requests (Fetch standard): an app's configuration lists the origins whose pages may call its operations.
 * Credentials are never allowed, as no call is authenticated by a cookie.
 */
final class Cors implements AnswerStep {
    private static final AsciiString REQUEST_METHOD = FieldNames.of("access-control-request-method");
    private static final AsciiString ALLOW_ORIGIN = FieldNames.of("access-control-allow-origin");
    private static final AsciiString ALLOW_METHODS = FieldNames.of("access-control-allow-methods");
    private static final AsciiString ALLOW_HEADERS = FieldNames.of("access-control-allow-headers");
    private static final AsciiString EXPOSE_HEADERS = FieldNames.of("access-control-expose-headers");
    private static final AsciiString MAX_AGE = FieldNames.of("access-control-max-age");
    private static final AsciiString METHODS = AsciiString.cached("POST, GET");
    private static final AsciiString HEADERS = AsciiString.cached(
            "content-type, content-encoding, content-digest, signature, signature-input, authorization, idempotency-key, "
                    + "if-none-match, traceparent, rialto-edge, rialto-ticket, rialto-credential, rialto-session, "
                    + "rialto-counter, rialto-time, rialto-content-type, rialto-route, rialto-timeout, "
                    + "rialto-global-version, rialto-written");
    private static final AsciiString EXPOSED = AsciiString.cached(
            "etag, retry-after, rialto-edge, rialto-time, rialto-content-type, rialto-reason, rialto-cell, rialto-session, "
                    + "rialto-global-version, rialto-written");

    /** Two hours, the most that common browsers keep. */
    private static final AsciiString AGE = AsciiString.cached("7200");

    private static final AsciiString ORIGIN_TEXT = AsciiString.cached("origin");

    /** Answers the question that a browser asks before a call. */
    static Step.Progress preflight(Exchange x) throws ProtocolException {
        AsciiString origin = x.headers.get(Names.ORIGIN);
        OperationState operation = x.state.operation(x.call.path());
        if (origin == null || !x.headers.contains(REQUEST_METHOD)) {
            throw new ProtocolException(
                    Reason.METHOD_NOT_ALLOWED, "OPTIONS (expected: with origin and access-control-request-method)");
        }
        boolean builtIn = x.call.path().startsWith("/rialto.");
        if (operation == null && !builtIn) {
            throw new ProtocolException(Reason.UNKNOWN_OPERATION, "path: " + x.call.path());
        }
        HeaderList headers = new HeaderList(8);
        x.operation = operation;
        if (allowed(x, origin)) {
            headers.add(ALLOW_METHODS, METHODS).add(ALLOW_HEADERS, HEADERS).add(MAX_AGE, AGE);
        }
        return x.answer(204, headers, Unpooled.EMPTY_BUFFER);
    }

    @Override
    public void take(Exchange x) {
        AsciiString origin = x.call.headers().get(Names.ORIGIN);
        if (origin != null && allowed(x, origin)) {
            x.answerHeaders
                    .set(ALLOW_ORIGIN, origin)
                    .add(Names.VARY, ORIGIN_TEXT)
                    .add(EXPOSE_HEADERS, EXPOSED);
        }
    }

    /** An operation that any app may call, and the platform's own, may be called from the origins of all apps. */
    private static boolean allowed(Exchange x, AsciiString origin) {
        OperationState operation = x.operation;
        String text = origin.toString();
        if (operation != null && !operation.config.app().isEmpty()) {
            return allows(x.state.config.apps().get(operation.config.app()), text);
        }
        for (App app : x.state.config.apps().values()) {
            if (allows(app, text)) {
                return true;
            }
        }
        return false;
    }

    private static boolean allows(@Nullable App app, String origin) {
        return app != null
                && (app.corsOrigins().contains(origin) || app.corsOrigins().contains("*"));
    }
}

package io.rialto.client;

import io.rialto.client.codec.JsonCodec;
import io.rialto.client.http.HttpAnswer;
import io.rialto.client.http.TransportException;
import io.rialto.protocol.Code;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.Reason;
import java.io.IOException;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What refusals and broken connections mean: the one place that decides whether anything may have been done. */
final class Failures {
    /** Rialto's refusals that leave open whether the backend did it. All others come before dispatch. */
    private static final Set<Reason> MAYBE_DONE = EnumSet.of(
            Reason.CELL_UNREACHABLE,
            Reason.BACKEND_CLOSED,
            Reason.BACKEND_TIMEOUT,
            Reason.BACKEND_INVALID,
            Reason.ANSWER_TOO_LARGE,
            Reason.DEADLINE_EXCEEDED,
            Reason.INTERNAL,
            // said by a backend, at any point of its work
            Reason.COPY_BEHIND,
            // whoever replayed it may have been first
            Reason.REPLAYED_CALL);

    /** Rialto's refusals that a little later may not come again. */
    private static final Set<Reason> PASSING = EnumSet.of(
            Reason.CELL_UNREACHABLE,
            Reason.COPY_BEHIND,
            Reason.FENCED,
            Reason.WRONG_CELL,
            Reason.FORWARDED_TWICE,
            Reason.OPERATION_RATE_LIMITED,
            Reason.APP_RATE_LIMITED,
            Reason.USER_RATE_LIMITED,
            Reason.REPLAY_MEMORY_FULL,
            Reason.REPLAYED_CALL,
            Reason.OVERLOADED,
            Reason.DRAINING,
            Reason.BACKEND_DOWN,
            Reason.BACKEND_BUSY,
            Reason.CIRCUIT_OPEN,
            Reason.BACKEND_CLOSED,
            Reason.BACKEND_TIMEOUT,
            Reason.DEADLINE_EXCEEDED);

    private static final Map<String, Reason> REASONS = reasons();

    /** A server that asks for more is not waited for anyway. */
    private static final long MAX_RETRY_AFTER_SECONDS = 86_400;

    private static final int MAX_MESSAGE = 500;

    private static final int UNAVAILABLE = 503;

    private Failures() {}

    private static Map<String, Reason> reasons() {
        Map<String, Reason> map = new HashMap<>();
        for (Reason reason : Reason.values()) {
            map.put(reason.wireName(), reason);
        }
        return Collections.unmodifiableMap(map);
    }

    /** Rialto's own reason that an answer names, or null. */
    static @Nullable Reason reason(@Nullable String header) {
        return header == null ? null : REASONS.get(header);
    }

    /**
     * The failure that an answer is, or null where it is none.
     *
     * @param backends whether a backend's answer can look like this one: false for one in the clear to a sealed call
     */
    static @Nullable CallException of(HttpAnswer answer, boolean backends) {
        int status = answer.status();
        if (status >= 200 && status < 300 || status == 304) {
            return null;
        }
        Map<String, Object> error = error(answer.body());
        Reason reason = reason(answer.headers().get(HeaderNames.REASON));
        Code code = reason != null ? reason.code() : Code.ofWireName(text(error, "code"));
        if (code == Code.UNKNOWN || code == Code.OK) {
            code = Code.ofHttpStatus(status);
        }
        String message = text(error, "message");
        boolean passing = reason != null ? PASSING.contains(reason) : code == Code.UNAVAILABLE;
        return new CallException(
                code,
                reason != null ? reason.wireName() : text(error, "reason"),
                message.isEmpty() ? "HTTP status " + status : message,
                dispatched(reason, backends && !error.isEmpty()),
                passing,
                retryAfterMillis(answer.headers().get("retry-after")),
                null,
                null);
    }

    /** The failure that is answered instead of a stream; gRPC says so with the status of a success. */
    static CallException ofStream(HttpAnswer refusal) {
        CallException failure = of(refusal, false);
        if (failure != null) {
            return failure;
        }
        Reason reason = reason(refusal.headers().get(HeaderNames.REASON));
        int status = reason == null ? UNAVAILABLE : reason.httpStatus();
        CallException told = of(new HttpAnswer(status, refusal.headers(), refusal.body()), false);
        return told == null ? unreadable("no stream, and no reason", null) : told;
    }

    private static Dispatched dispatched(@Nullable Reason reason, boolean backends) {
        if (reason != null) {
            return MAYBE_DONE.contains(reason) ? Dispatched.UNKNOWN : Dispatched.NO;
        }
        // an error in the platform's form without a reason of Rialto's is a backend's; anything else, who knows whose
        return backends ? Dispatched.YES : Dispatched.UNKNOWN;
    }

    private static Map<String, Object> error(byte[] body) {
        try {
            return JsonCodec.object(body);
        } catch (IOException e) {
            return Collections.emptyMap();
        }
    }

    private static String text(Map<String, Object> error, String name) {
        Object value = error.get(name);
        String text = value instanceof String ? (String) value : "";
        return text.length() > MAX_MESSAGE ? text.substring(0, MAX_MESSAGE) : text;
    }

    private static long retryAfterMillis(@Nullable String header) {
        if (header == null) {
            return 0;
        }
        try {
            return Math.max(0, Math.min(MAX_RETRY_AFTER_SECONDS, Long.parseLong(header.trim()))) * 1000;
        } catch (NumberFormatException e) {
            return 0; // a date: rare, and the back-off stands in for it
        }
    }

    /** The failure of a connection. */
    static CallException of(TransportException e) {
        Dispatched dispatched = e.sent() ? Dispatched.UNKNOWN : Dispatched.NO;
        String message = e.getMessage() == null ? "no answer" : e.getMessage();
        if (Thread.currentThread().isInterrupted()) {
            return new CallException(Code.CANCELED, "", message, dispatched, false, 0, null, e);
        }
        Code code = e.timedOut() ? Code.DEADLINE_EXCEEDED : Code.UNAVAILABLE;
        return new CallException(code, "", message, dispatched, true, 0, null, e);
    }

    /** The failure of a call whose answer arrived but cannot be believed or read. */
    static CallException unreadable(String message, @Nullable Throwable cause) {
        return new CallException(Code.DATA_LOSS, "", message, Dispatched.UNKNOWN, true, 0, null, cause);
    }

    static CallException outOfTime(String what) {
        return new CallException(Code.DEADLINE_EXCEEDED, "", what, Dispatched.NO, false, 0, null, null);
    }

    static CallException interrupted() {
        Thread.currentThread().interrupt();
        return CallException.local(Code.CANCELED, "the calling thread was interrupted");
    }
}

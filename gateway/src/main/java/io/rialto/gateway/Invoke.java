package io.rialto.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.util.AsciiString;
import io.rialto.cells.Cell;
import io.rialto.gateway.config.OperationConfig;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.upstream.OutboundCall;
import io.rialto.gateway.upstream.Outcome;
import io.rialto.gateway.upstream.Upstream;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.time.Duration;

/** Gets the answer: from the gateway itself, another cell, a mock, or the backend. */
final class Invoke implements Step {
    private final GatewayPorts ports;
    private final Cached cache;
    private final BackendAnswers answers;
    private final CallerContext callers;
    private final Moving moving;

    Invoke(GatewayPorts ports, Cached cache) {
        this.ports = ports;
        this.cache = cache;
        this.answers = new BackendAnswers(ports);
        this.callers = new CallerContext(ports);
        this.moving = new Moving(ports.nanoTime());
    }

    @Override
    public Progress take(Exchange x) throws ProtocolException {
        BuiltIn builtIn = x.builtIn;
        if (builtIn != null) {
            return builtIn.invoke(x);
        }
        OperationState operation = x.operation;
        if (operation == null) {
            throw new ProtocolException(Reason.UNKNOWN_OPERATION, "operation: " + x.call.path());
        }
        if (x.forward) {
            return forward(x, operation);
        }
        if (operation.own != null) {
            return operation.own.invoke(x);
        }
        if (operation.config.mock() != null && Mocks.answer(x, operation, operation.config.mock())) {
            return Progress.ANSWERED;
        }
        return backend(x, operation);
    }

    private Progress forward(Exchange x, OperationState operation) throws ProtocolException {
        String cell = x.place == null ? "" : x.place.cell().id();
        Upstream upstream = ports.destinations().cell(cell);
        if (upstream == null) {
            throw new ProtocolException(Reason.CELL_UNREACHABLE, "cell " + cell + ": no edge of it is known here");
        }
        long timeout = timeLeft(x);
        HeaderList headers = headers(x);
        headers.add(Names.CALLER, callers.token(x, operation, 1));
        headers.add(Names.TIMEOUT, Long.toString(Math.max(1, timeout / 1_000_000)));
        OutboundCall call = new OutboundCall(
                x.call.loop(),
                x.call.method(),
                x.pathAndQuery(),
                headers,
                body(x),
                timeout,
                operation.config.idempotent());
        Runnable cancel = upstream.send(call, outcome -> deliver(x, operation, outcome));
        x.onCancel(cancel);
        return Progress.SUSPENDED;
    }

    private Progress backend(Exchange x, OperationState operation) throws ProtocolException {
        OperationConfig config = operation.config;
        Upstream upstream = ports.destinations().backend(config.backend(), colour(x));
        if (upstream == null) {
            throw new ProtocolException(
                    Reason.BACKEND_DOWN, "service " + config.backend() + ": no backend is known here");
        }
        long timeout = timeLeft(x);
        HeaderList headers = headers(x);
        headers.add(Names.CALLER, callers.token(x, operation, 0));
        config.request().apply(headers);
        String key = x.cacheKey;
        if (key != null && config.coalesce()) {
            return coalesced(x, operation, upstream, headers, key);
        }
        Runnable cancel =
                upstream.send(call(x, operation, headers, timeout), outcome -> deliver(x, operation, outcome));
        x.onCancel(cancel);
        return Progress.SUSPENDED;
    }

    /** The release that serves this caller here; the same for all calls of one user, and kept for the caller's token. */
    private String colour(Exchange x) {
        Cell own = x.place == null ? x.table.cell(ports.self().cell()).orElse(null) : x.place.cell();
        if (own == null || own.deployUnits().isEmpty()) {
            return "";
        }
        String who = x.identity.user();
        if (who == null) {
            who = x.identity.device();
        }
        x.colour = who == null ? "" : x.table.colour(who, own);
        return x.colour;
    }

    /** Sends for all equal calls, with the operation's own time, as it is not for this caller alone. */
    private Progress coalesced(
            Exchange x, OperationState operation, Upstream upstream, HeaderList headers, String key) {
        Flight flight = cache.lead(x, key);
        if (flight == null) {
            return Progress.SUSPENDED;
        }
        flight.started(upstream.send(
                call(x, operation, headers, operation.timeoutNanos),
                outcome -> land(flight, x, operation, key, outcome)));
        return Progress.SUSPENDED;
    }

    private static OutboundCall call(Exchange x, OperationState operation, HeaderList headers, long timeout) {
        OperationConfig config = operation.config;
        // A key alone says what the caller wishes; only the operation knows whether its backend keeps to it.
        boolean repeatable = config.idempotent() || config.keyed() && x.headers.contains(Names.IDEMPOTENCY_KEY);
        return new OutboundCall(x.call.loop(), Names.POST, x.pathAndQuery(), headers, body(x), timeout, repeatable);
    }

    private static ByteBuf body(Exchange x) {
        return Moving.mayTake(x) ? x.shareBody() : x.handOverBody();
    }

    private long timeLeft(Exchange x) throws ProtocolException {
        long left = x.deadlineNanos - ports.nanoTime().getAsLong();
        if (left <= 0) {
            throw Resolve.expired("before the backend was called");
        }
        return left;
    }

    /** What of the request goes on, with what every call to a server has. Of Rialto's own names a caller may say only three. */
    private HeaderList headers(Exchange x) {
        HeaderList all = x.headers;
        HeaderList out = new HeaderList(all.size() + 6);
        for (int i = 0; i < all.size(); i++) {
            AsciiString name = all.name(i);
            boolean own = name.byteAt(0) == 'r' && name.startsWith(Names.RIALTO) && !isCallers(name);
            if (!own && !Names.NOT_FORWARDED.contains(name)) {
                out.add(name, all.value(i));
            }
        }
        out.add(Names.CONTENT_TYPE, x.codec);
        out.add(Names.TRACEPARENT, callers.trace(x));
        return out;
    }

    private static boolean isCallers(AsciiString name) {
        return name.contentEquals(Names.ROUTE)
                || name.contentEquals(Names.GLOBAL_VERSION)
                || name.contentEquals(Names.WRITTEN);
    }

    /**
     * Everyone who waits gets the same, but for an answer that its backend keeps to one caller: others then call for
     * themselves. A login's answer never comes here, as it is not cached.
     */
    private void land(Flight flight, Exchange leader, OperationState operation, String key, Outcome outcome) {
        switch (outcome) {
            case Outcome.Failed failed -> flight.land(x -> fail(x, failed));
            case Outcome.Answered answered -> {
                if (moving.takes(leader, answered)) {
                    answered.body().release();
                    flight.land(x -> aloneLater(x, answered.headers()));
                    return;
                }
                byte[] body = bytes(answered.body());
                HeaderList headers = answers.passed(answered.headers(), false);
                Cached.Kept kept = cache.keep(key, operation.config, answered.status(), headers, body);
                boolean shared = Cached.isPublic(headers);
                flight.land(x -> {
                    if (shared || x == leader || x.identity.isSameCaller(leader.identity)) {
                        answers.give(x, kept);
                    } else {
                        alone(x, operation);
                    }
                });
            }
        }
    }

    /** Calls the backend for one that waited for an answer which then was another's. */
    private void alone(Exchange x, OperationState operation) {
        x.cacheKey = null;
        try {
            backend(x, operation);
        } catch (ProtocolException refused) {
            x.gateway.refuse(x, refused.reason(), String.valueOf(refused.getMessage()));
        }
    }

    /** None of those who waited together has its answer; each finds its own. */
    private void aloneLater(Exchange x, HeaderList refusal) {
        x.cacheKey = null;
        Moving.learn(x, refusal);
        moving.await(x);
    }

    private void deliver(Exchange x, OperationState operation, Outcome outcome) {
        switch (outcome) {
            case Outcome.Failed failed -> {
                if (!x.ended()) {
                    fail(x, failed);
                }
            }
            case Outcome.Answered answered -> {
                if (x.ended()) {
                    answered.body().release();
                } else if (moving.takes(x, answered)) {
                    answered.body().release();
                    aloneLater(x, answered.headers());
                } else {
                    answered(x, operation, answered);
                }
            }
        }
    }

    private void answered(Exchange x, OperationState operation, Outcome.Answered answered) {
        x.onCancel(null);
        if (!x.forward && !x.shadow) {
            operation.samples.record(answered.status(), answered.headers(), answered.body());
        }
        HeaderList headers = answers.passed(answered.headers(), x.forward);
        if (!x.forward && operation.config.login()) {
            answers.bind(x, answered, headers);
        }
        String key = x.cacheKey;
        if (key == null) {
            answers.give(x, answered.status(), headers, answered.body());
        } else {
            answers.give(x, cache.keep(key, operation.config, answered.status(), headers, bytes(answered.body())));
        }
    }

    private static void fail(Exchange x, Outcome.Failed failed) {
        Reason reason = failed.reason();
        boolean unreachable = reason == Reason.BACKEND_DOWN || reason == Reason.CIRCUIT_OPEN;
        if (x.forward && unreachable) {
            reason = Reason.CELL_UNREACHABLE;
        }
        Duration retry = failed.retryAfter();
        x.gateway.refuse(x, reason, failed.message(), retry == null ? 0 : retry.toNanos());
    }

    private static byte[] bytes(ByteBuf body) {
        byte[] bytes = new byte[body.readableBytes()];
        body.readBytes(bytes);
        body.release();
        return bytes;
    }
}

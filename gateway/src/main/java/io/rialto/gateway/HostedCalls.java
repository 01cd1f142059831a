package io.rialto.gateway;

import io.netty.buffer.Unpooled;
import io.rialto.gateway.config.OperationConfig;
import io.rialto.gateway.config.OperationConfig.Auth;
import io.rialto.gateway.config.OperationConfig.Route;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The calls of one {@link HostedOperation}. */
final class HostedCalls implements OwnOperation {
    /**
     * Calls of one operation that wait for its answers at one time: at the rate that a database takes, half a second's;
     * more would only wait longer.
     */
    static final int MAX_IN_FLIGHT = 8192;

    private final HostedOperation operation;
    private final CallerContext callers;
    private final AtomicInteger inFlight = new AtomicInteger();

    HostedCalls(HostedOperation operation, GatewayPorts ports) {
        this.operation = operation;
        this.callers = new CallerContext(ports);
    }

    OperationConfig config() {
        String name = operation.path().substring(1);
        OperationConfig config = switch (operation.audience()) {
            case DEVICES -> OperationConfig.of(name, "", Auth.DEVICE, Route.LOCAL);
            case USERS -> OperationConfig.of(name, "", Auth.USER, Route.USER);
            case SERVERS -> OperationConfig.of(name, "", Auth.BACKEND, Route.LOCAL);
        };
        return config.withMaxBodyBytes(operation.maxBodyBytes());
    }

    @Override
    public Step.Progress invoke(Exchange x) throws ProtocolException {
        if (inFlight.incrementAndGet() > MAX_IN_FLIGHT) {
            inFlight.decrementAndGet();
            throw new ProtocolException(
                    Reason.OVERLOADED,
                    operation.path() + ": " + MAX_IN_FLIGHT + " calls wait for it here (try again later)");
        }
        CompletionStage<byte[]> answer;
        try {
            answer = operation.handler().answer(call(x));
        } catch (RuntimeException bug) {
            inFlight.decrementAndGet();
            throw bug;
        }
        answer.whenComplete((message, failure) -> {
            inFlight.decrementAndGet();
            if (x.call.loop().inEventLoop()) {
                give(x, message, failure);
            } else {
                x.onLoop(() -> give(x, message, failure));
            }
        });
        if (!x.ended()) {
            x.expireAtDeadline();
        }
        return Step.Progress.SUSPENDED;
    }

    private HostedCall call(Exchange x) {
        return new HostedCall(
                callers.caller(x, operation.path().substring(1)),
                x.identity.caller() != null,
                x.codec.equals(Names.JSON),
                x.bodyBytes(),
                x.deadlineNanos);
    }

    private static void give(Exchange x, byte @Nullable [] message, @Nullable Throwable failure) {
        if (x.ended()) {
            return;
        }
        if (message != null) {
            x.answer(200, new HeaderList(8).add(Names.CONTENT_TYPE, x.codec), Unpooled.wrappedBuffer(message));
            return;
        }
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof ProtocolException refused) {
            x.gateway.refuse(x, refused.reason(), String.valueOf(refused.getMessage()));
        } else {
            x.gateway.report(cause == null ? new IllegalStateException("an operation without an answer") : cause);
            x.gateway.refuse(x, Reason.INTERNAL, "the edge failed; its log says how");
        }
    }
}

package io.rialto.gateway;

import io.netty.util.AsciiString;
import io.rialto.gateway.config.OperationConfig;
import io.rialto.gateway.identity.Identity;
import io.rialto.gateway.transport.InboundCall;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import org.jspecify.annotations.Nullable;

/** Which operation it is, whether this caller may call it, until when, and with what message. */
final class Resolve implements Step {
    private static final long MAX_TIMEOUT_MILLIS = 600_000;

    private final BuiltIns builtIns;
    private final GatewayPorts ports;

    Resolve(BuiltIns builtIns, GatewayPorts ports) {
        this.builtIns = builtIns;
        this.ports = ports;
    }

    @Override
    public Progress take(Exchange x) throws ProtocolException {
        String path = x.call.path();
        OperationState operation = x.state.operation(path);
        if (operation == null) {
            builtIn(x, path);
            return Progress.CONTINUE;
        }
        OperationConfig config = operation.config;
        if (operation.own != null && config.auth() == OperationConfig.Auth.BACKEND && x.identity.caller() == null) {
            throw unknown(path);
        }
        x.operation = operation;
        if (operation.isStream()) {
            Streams.require(x);
        }
        requireCaller(config, x.identity, x.call.listener());
        if (x.call.method().contentEquals(Names.GET) && config.cache() == null) {
            throw new ProtocolException(
                    Reason.METHOD_NOT_ALLOWED, "GET " + path + " (expected: POST, as it is not cached)");
        }
        x.deadlineNanos = deadline(x, operation.timeoutNanos);
        if (!x.call.method().contentEquals(Names.GET)) {
            Messages.unwrap(x, config.maxBodyBytes());
        }
        return Progress.CONTINUE;
    }

    private void builtIn(Exchange x, String path) throws ProtocolException {
        BuiltIn found = builtIns.find(path);
        boolean server = x.identity.caller() != null;
        boolean hidden = found != null && found.audience() == BuiltIn.Audience.SERVERS && !server;
        if (found == null || hidden) {
            throw unknown(path);
        }
        if (!x.call.method().contentEquals(Names.POST)) {
            throw new ProtocolException(Reason.METHOD_NOT_ALLOWED, "GET " + path + " (expected: POST)");
        }
        if (found.audience() == BuiltIn.Audience.ENROLLING && x.identity.enrolling() == null) {
            throw new ProtocolException(
                    Reason.IDENTITY_REQUIRED, path + " (expected: signed by the key that enrols, keyid enrol:<point>)");
        }
        if (x.body.readableBytes() > found.maxBodyBytes()) {
            throw Messages.tooLarge(x.body.readableBytes(), found.maxBodyBytes());
        }
        x.builtIn = found;
    }

    private static ProtocolException unknown(String path) {
        return new ProtocolException(
                Reason.UNKNOWN_OPERATION, "operation: " + path + " (expected: /service/method of this platform)");
    }

    private static void requireCaller(OperationConfig config, Identity who, InboundCall.Listener listener)
            throws ProtocolException {
        boolean server = who.caller() != null;
        boolean shown = switch (config.auth()) {
            case NONE -> true;
            case DEVICE -> who.device() != null || who.partner() != null || server;
            case USER -> who.user() != null;
            case BACKEND -> server && listener == InboundCall.Listener.INTERNAL;
        };
        if (!shown) {
            throw new ProtocolException(
                    Reason.IDENTITY_REQUIRED,
                    config.name() + " needs " + config.auth() + " (expected: a sealed or signed call"
                            + " that shows it)");
        }
        if (!config.app().isEmpty() && who.app() != null && !config.app().equals(who.app())) {
            throw new ProtocolException(
                    Reason.WRONG_APP,
                    "app: " + who.app() + " (expected: " + config.app() + ", as " + config.name() + " is its)");
        }
    }

    private long deadline(Exchange x, long timeoutNanos) throws ProtocolException {
        long left = timeoutNanos;
        AsciiString asked = x.headers.get(Names.TIMEOUT);
        if (asked != null) {
            left = Math.min(left, Freshness.decimal(asked, "rialto-timeout", MAX_TIMEOUT_MILLIS) * 1_000_000L);
        }
        AsciiString grpc = x.framing == Exchange.Framing.GRPC ? x.headers.get(Names.GRPC_TIMEOUT) : null;
        if (grpc != null) {
            left = Math.min(left, GrpcFrames.timeoutNanos(grpc));
        }
        long now = ports.nanoTime().getAsLong();
        long deadline = x.call.arrivedNanos() + left;
        if (deadline - now <= 0) {
            throw expired(null);
        }
        return deadline;
    }

    static ProtocolException expired(@Nullable String where) {
        return new ProtocolException(
                Reason.DEADLINE_EXCEEDED, "the caller's time is over" + (where == null ? "" : " " + where));
    }
}

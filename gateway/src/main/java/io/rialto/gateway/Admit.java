package io.rialto.gateway;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;

/** Refuses early what could not be served in time: when too many calls are under way, or the loop's queue stands. */
final class Admit implements Step {
    private final GatewayPorts ports;

    Admit(GatewayPorts ports) {
        this.ports = ports;
    }

    @Override
    public Progress take(Exchange x) throws ProtocolException {
        if (x.gateway.isClosed()) {
            throw new ProtocolException(Reason.DRAINING, "this edge shuts down (expected: call another)");
        }
        int most = x.state.config.bounds().maxInFlight();
        if (x.local.inFlight >= most) {
            throw new ProtocolException(
                    Reason.OVERLOADED,
                    x.local.inFlight + " calls are under way on this loop (expected: below " + most + ")");
        }
        long delay = ports.queueDelayNanos().applyAsLong(x.call.loop());
        if (x.local.shedder.sheds(
                delay, x.state.queueDelayNanos, ports.nanoTime().getAsLong())) {
            throw new ProtocolException(
                    Reason.OVERLOADED,
                    "the queue is " + delay / 1_000_000 + " ms long (expected: below "
                            + x.state.queueDelayNanos / 1_000_000 + "; try again later)");
        }
        x.local.inFlight++;
        x.gateway.entered();
        x.admitted = true;
        return Progress.CONTINUE;
    }
}

package io.rialto.gateway;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;

/** Rates: of the operation and the app on this node, of the user in the whole cell. Where a call is served, once. */
final class Limit implements Step {
    private final GatewayPorts ports;
    private final UserRates userRates;

    Limit(GatewayPorts ports, UserRates userRates) {
        this.ports = ports;
        this.userRates = userRates;
    }

    @Override
    public Progress take(Exchange x) throws ProtocolException {
        OperationState operation = x.operation;
        if (operation == null || x.forward) {
            return Progress.CONTINUE; // the edge that serves it counts it
        }
        long now = ports.nanoTime().getAsLong();
        String app = x.identity.app();
        long appWait = x.state.takeApp(app, now);
        if (appWait == 0) {
            appWait = operation.takeApp(app, now);
        }
        if (appWait > 0) {
            x.gateway.refuse(x, Reason.APP_RATE_LIMITED, "app " + app + " calls too often", appWait);
            return Progress.ANSWERED;
        }
        long wait = operation.takeOperation(now);
        if (wait > 0) {
            String rate =
                    operation.name + ": more than " + operation.config.rate().operation() + " calls a second";
            x.gateway.refuse(x, Reason.OPERATION_RATE_LIMITED, rate, wait);
            return Progress.ANSWERED;
        }
        return userRates.take(x, operation);
    }
}

package io.rialto.gateway;

import io.rialto.protocol.Reason;

/** What is counted of calls. Called on event loops. */
public interface GatewayMeters {
    /**
     * A call was answered.
     *
     * @param operation {@code service/method}, or {@code unknown}
     * @param status of the answer
     * @param nanos since the call's last byte arrived
     */
    void answered(String operation, int status, long nanos);

    /** A call was refused, by the gateway or with one of its reasons by a backend. */
    void refused(Reason reason);
}

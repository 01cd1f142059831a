package io.rialto.gateway;

import io.rialto.protocol.ProtocolException;

/** One step of a call. Runs on the call's event loop; keeps nothing of a call. */
interface Step {
    /** How a step left a call. */
    enum Progress {
        /** The next step follows. */
        CONTINUE,
        /** The step will go on with {@link Exchange#resume}, or answer, later. */
        SUSPENDED,
        /** The call is answered. */
        ANSWERED
    }

    /**
     * Takes the call one step further.
     *
     * @throws ProtocolException to refuse the call
     */
    Progress take(Exchange x) throws ProtocolException;
}

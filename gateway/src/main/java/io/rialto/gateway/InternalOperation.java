package io.rialto.gateway;

import io.rialto.protocol.Caller;
import io.rialto.protocol.ProtocolException;

/** An operation that the node itself serves, to other servers of the platform, on the internal listener only. */
@FunctionalInterface
public interface InternalOperation {
    /**
     * Answers, on the call's event loop; must not block.
     *
     * @param caller who calls, verified
     * @param body of the call
     * @return the answer's body, JSON unless the operation's own page says otherwise
     */
    byte[] answer(Caller caller, byte[] body) throws ProtocolException;
}

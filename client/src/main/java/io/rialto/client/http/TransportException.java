package io.rialto.client.http;

import java.io.IOException;

/** No whole answer came. */
public final class TransportException extends IOException {
    private static final long serialVersionUID = 1;

    private final boolean sent;
    private final boolean timedOut;

    public TransportException(String message, boolean sent, boolean timedOut, IOException cause) {
        super(message, cause);
        this.sent = sent;
        this.timedOut = timedOut;
    }

    /** Whether any byte of the request may have reached the other side. */
    public boolean sent() {
        return sent;
    }

    /** Whether time ran out, rather than the connection failing. */
    public boolean timedOut() {
        return timedOut;
    }
}

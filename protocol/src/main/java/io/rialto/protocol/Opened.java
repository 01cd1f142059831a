package io.rialto.protocol;

/** What a client has after a handshake. */
public final class Opened {
    private final Acceptance acceptance;
    private final SessionKeys keys;

    Opened(Acceptance acceptance, SessionKeys keys) {
        this.acceptance = acceptance;
        this.keys = keys;
    }

    public Acceptance acceptance() {
        return acceptance;
    }

    public SessionKeys keys() {
        return keys;
    }
}

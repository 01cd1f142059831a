package io.rialto.client.inbox;

/** How an inbox reaches the platform; the client supplies it, with sessions, seals and gateways behind it. */
public interface Line {
    /**
     * Opens the device's stream; waits until it is accepted.
     *
     * @param hello the first frame
     */
    LineStream open(byte[] hello) throws LineException;

    /** Calls {@code rialto.Sync/Fetch}. */
    byte[] fetch(byte[] request) throws LineException;

    /** Takes the cell that the platform named inside of a stream. */
    void learnCell(String hint);

    /** Connections of the network before are not used again. */
    void networkChanged();

    /** The platform's clock as far as it is known. */
    long serverMillis();
}

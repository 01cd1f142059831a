package io.rialto.client.inbox;

import java.io.Closeable;

/** An open stream. One thread receives, others may send; any may close it, and all who wait on it then end. */
public interface LineStream extends Closeable {
    /**
     * The next frame; waits for it.
     *
     * @throws LineException when the stream has ended, and why
     */
    byte[] receive() throws LineException;

    void send(byte[] frame) throws LineException;

    @Override
    void close();
}

package io.rialto.client;

import io.rialto.client.http.HttpAnswer;
import io.rialto.client.http.HttpStream;
import io.rialto.client.http.TransportException;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Seal;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A stream whose messages are sealed by the session that opened it, each with its own number in its direction. */
final class SealedStream implements HttpStream {
    private final HttpStream stream;
    private final LiveSession session;
    private final long counter;
    private final Seal sealing = new Seal();
    private final Seal opening = new Seal();
    private int sent;
    private int received;

    /** @param counter that of the call that opened it */
    SealedStream(HttpStream stream, LiveSession session, long counter) {
        this.stream = stream;
        this.session = session;
        this.counter = counter;
    }

    @Override
    public int status() {
        return stream.status();
    }

    @Override
    public Map<String, String> headers() {
        return stream.headers();
    }

    @Override
    public @Nullable HttpAnswer refusal() {
        return null;
    }

    @Override
    public byte @Nullable [] receive() throws TransportException {
        byte[] message = stream.receive();
        if (message == null) {
            return null;
        }
        try {
            return opening.openFrame(session.toClient(), counter, ++received, message, 0, message.length);
        } catch (ProtocolException e) {
            stream.close();
            throw new TransportException(
                    "message " + received + " of the stream is not what the platform sealed",
                    true,
                    false,
                    new IOException(e));
        }
    }

    // the number and the place in the stream must be the same
    @Override
    public synchronized void send(byte[] message) throws TransportException {
        stream.send(sealing.sealFrame(session.toServer(), counter, ++sent, message, 0, message.length));
    }

    @Override
    public Map<String, String> trailers() {
        return stream.trailers();
    }

    @Override
    public void close() {
        stream.close();
    }
}

package io.rialto.client.http;

import java.io.Closeable;
import java.io.IOException;

/** Sends requests. The SDK uses {@link OkHttpTransport}; another one may be given to it. */
public interface Transport extends Closeable {
    /**
     * Sends one request, once: it is not repeated after its first byte may have left.
     *
     * @throws TransportException where no whole answer came
     */
    HttpAnswer send(HttpRequest request) throws TransportException;

    /**
     * Opens a stream whose first message is the request's body, once; waits until the other side has answered. The
     * request's time ends with that answer.
     *
     * @throws TransportException where no answer came, or this transport has no streams
     */
    default HttpStream open(HttpRequest request) throws TransportException {
        throw new TransportException(
                "this transport has no streams (expected: Transport.open)",
                false,
                false,
                new IOException("no streams"));
    }

    /**
     * The same by WebSocket, for where HTTP/2 does not come through: the first message is not framed, and neither are
     * later ones.
     *
     * @throws TransportException where no answer came, or this transport has no WebSocket
     */
    default HttpStream openWebSocket(HttpRequest request) throws TransportException {
        throw new TransportException(
                "this transport has no WebSocket (expected: Transport.openWebSocket)",
                false,
                false,
                new IOException("no WebSocket"));
    }

    /** Closes connections that carry no call, because the network under them has changed or looks dead. */
    void evictIdle();

    /** Ends connections and threads; later requests fail. */
    @Override
    void close();
}

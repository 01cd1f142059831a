package io.rialto.client.http;

import java.io.Closeable;

/** Sends requests. The SDK uses {@link OkHttpTransport}; another one may be given to it. */
public interface Transport extends Closeable {
    /**
     * Sends one request, once: it is not repeated after its first byte may have left.
     *
     * @throws TransportException where no whole answer came
     */
    HttpAnswer send(HttpRequest request) throws TransportException;

    /** Closes connections that carry no call, because the network under them has changed or looks dead. */
    void evictIdle();

    /** Ends connections and threads; later requests fail. */
    @Override
    void close();
}

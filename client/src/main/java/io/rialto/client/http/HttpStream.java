package io.rialto.client.http;

import java.io.Closeable;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Messages both ways until one side ends it. One thread receives, any may send; any may close it, and who receives then
 * hears that it has ended.
 */
public interface HttpStream extends Closeable {
    int status();

    /** As of {@link HttpAnswer}. */
    Map<String, String> headers();

    /** The answer that came instead of a stream, or null where one has begun. */
    @Nullable
    HttpAnswer refusal();

    /**
     * The next message, waiting for it; null where the other side has ended the stream.
     *
     * @throws TransportException where the connection failed, the stream was closed, or what came is no message
     */
    byte @Nullable [] receive() throws TransportException;

    /** Sends a message. */
    void send(byte[] message) throws TransportException;

    /** What the other side said when it ended the stream, by lower-case name. */
    Map<String, String> trailers();

    /** Ends it; nothing more is sent or received. */
    @Override
    void close();
}

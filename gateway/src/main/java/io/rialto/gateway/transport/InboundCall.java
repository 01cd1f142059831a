package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * One request, decoded and whole; or the beginning of a stream, with its first message as the body. A transport has already refused what is not well-formed HTTP and what is over the
 * listener's limits. Everything here is used on {@link #loop()} only.
 */
public interface InboundCall {
    EventLoop loop();

    /** The listener that it came by. */
    Listener listener();

    SocketAddress remote();

    AsciiString method();

    /** The path without the query, as sent. */
    String path();

    /** The query without {@code ?}, as sent, or null. */
    @Nullable
    String query();

    /** The fields as sent, without pseudo-headers; {@code host} also stands for {@code :authority}. */
    HeaderList headers();

    /** The body, possibly empty. The handler owns it. */
    ByteBuf body();

    /** When its last byte was read, {@link System#nanoTime}. */
    long arrivedNanos();

    /** Whether trailers can be sent, as gRPC needs. */
    boolean trailers();

    /**
     * Sends the answer; takes over the body. Does nothing but release it when the phone is gone. Called once, on the loop.
     *
     * @param status HTTP status, 200 to 599
     * @param trailers sent after the body, or null for none
     */
    void answer(int status, HeaderList headers, ByteBuf body, @Nullable HeaderList trailers);

    /** Runs on the loop, at most once, if the phone cancels the call or goes away before the answer. */
    void onCancel(Runnable action);

    /** The stream that it may become, or null where it is an ordinary call. */
    default @Nullable InboundStream stream() {
        return null;
    }

    /** Which side of the house a listener faces. */
    enum Listener {
        /** Phones and partners: nothing is trusted. */
        PUBLIC,
        /** Other edges, backends and operators, on a private network. */
        INTERNAL
    }
}

package io.rialto.gateway.transport;

import io.netty.handler.codec.http2.Http2Error;
import java.util.concurrent.TimeUnit;

/**
 * The end of an HTTP/2 connection that fails no call (RFC 9113, section 6.8): first a GOAWAY without a number, so that calls
 * already on their way are still served; then one for good.
 */
final class Http2Drain {
    /** How long a graceful GOAWAY waits for streams that crossed it, if the phone does not confirm. */
    private static final long NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long PING = 0x7269616c746f2e31L;

    private final Http2Connection connection;
    private int lastStream = Integer.MAX_VALUE;
    private long since;

    private Http2Drain(Http2Connection connection) {
        this.connection = connection;
        this.since = connection.loop.nanoTime();
    }

    static Http2Drain start(Http2Connection connection) {
        Http2Frames.goAway(connection.out(Http2Frames.SMALL), Integer.MAX_VALUE, Http2Error.NO_ERROR, "");
        Http2Frames.ping(connection.out(Http2Frames.SMALL), false, PING);
        return new Http2Drain(connection);
    }

    boolean isConfirmedBy(long ping) {
        return ping == PING;
    }

    private boolean isForGood() {
        return lastStream != Integer.MAX_VALUE;
    }

    /** Whether the phone has had its time to confirm. */
    boolean isDue(long now) {
        return !isForGood() && now - since > NANOS;
    }

    /** From now on no calls beyond this one. */
    void forGood(int last) {
        if (!isForGood() && connection.isOpen()) {
            lastStream = last;
            since = connection.loop.nanoTime();
            connection.ended(ConnectionEnd.DRAINED);
            Http2Frames.goAway(connection.out(Http2Frames.SMALL), last, Http2Error.NO_ERROR, "");
        }
    }

    boolean refuses(int stream) {
        return stream > lastStream;
    }

    /** A call has ended. */
    void left(long now) {
        if (isForGood()) {
            since = now;
        }
    }

    /**
     * Whether a connection without calls may end. Not at once: a call that crossed GOAWAY is told that it may come again
     * elsewhere, which an end cannot say.
     */
    boolean isOver(long now) {
        return isForGood() && now - since > NANOS;
    }
}

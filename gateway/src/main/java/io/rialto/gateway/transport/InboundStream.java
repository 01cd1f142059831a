package io.rialto.gateway.transport;

import io.netty.buffer.ByteBuf;
import io.rialto.gateway.http.HeaderList;

/**
 * The stream that a call may become: messages both ways until either side ends it. The call's body is the stream's first
 * message; it is answered as any call, which ends it, or begun. Used on the call's loop only.
 */
public interface InboundStream {
    /** The longest message that a phone may send: 64 KiB, sealed. */
    int MAX_MESSAGE = (64 << 10) + 16;

    /** What may wait for the phone before {@link #isWritable} says no: a second or so of a slow network. */
    int WRITABLE_BYTES = 256 << 10;

    /** Who lets more wait than this pays no heed to {@link #isWritable}, or the phone takes nothing: the stream ends. */
    int MAX_WAITING = 2 << 20;

    /** Whether a message has gRPC's prefix on this transport (so has the call's body), or is framed by the transport. */
    boolean prefixed();

    /**
     * Accepts the stream instead of answering the call. Messages come once the present turn of the loop is over, or the
     * call's handler has returned.
     */
    void begin(HeaderList headers, Listener listener);

    /** Sends a message. Does nothing when the stream has ended. */
    void send(byte[] message);

    /** Whether little enough waits that more may be sent. */
    boolean isWritable();

    /** Ends it, when all that was sent before has left. The listener hears no more. */
    void end(HeaderList trailers);

    /** What comes of a stream. */
    interface Listener {
        /** A message, without prefix; the bytes are only to be read, and only during the call. */
        void message(ByteBuf message);

        /** It is writable again. */
        void writable();

        /** The listener drains: the stream should end soon, and will be ended. */
        void drain();

        /** The phone or the transport ended it; the last that is heard. */
        void closed();
    }
}

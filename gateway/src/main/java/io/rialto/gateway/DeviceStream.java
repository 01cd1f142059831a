package io.rialto.gateway;

import io.netty.channel.EventLoop;
import io.rialto.protocol.Reason;

/** A device's stream while it is open. Used on {@link #loop} only, but for {@link #execute}; there all calls of the listener are made, too. */
public interface DeviceStream {
    /** The longest message that a phone may send, in bytes. */
    int MAX_MESSAGE = 64 << 10;

    EventLoop loop();

    /** Runs on the loop, after what was given to it before. From any thread. */
    default void execute(Runnable action) {
        loop().execute(action);
    }

    /** Sets who hears of the stream from now on. */
    void listener(Listener listener);

    /**
     * Sends a message. Does nothing when the stream has ended. Who sends though it is not writable ends the stream when
     * more than 2 MiB wait.
     */
    void send(byte[] message);

    /** Whether little enough waits for the phone that more should be sent: at most 256 KiB. */
    boolean isWritable();

    /** Ends the stream well, when all that was sent has left. The listener hears no more. */
    void end();

    /** Ends the stream and tells the phone why. The listener hears no more. */
    void end(Reason reason, String message);

    /** What is heard of a stream. */
    interface Listener {
        /** A message, opened; its bytes are the listener's. */
        void message(byte[] message);

        /** It can be written to again. */
        void writable();

        /** The edge leaves: say when and where to come again, and end. What is still open at the end is cut off. */
        void drain();

        /** It has ended, by the phone or by the gateway. Nothing is heard after it. */
        void closed();
    }
}

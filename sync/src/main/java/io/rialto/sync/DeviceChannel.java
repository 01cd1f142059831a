package io.rialto.sync;

import io.rialto.protocol.sync.Bye;

/** The way to a device whose stream is open. From any thread; nothing here blocks. */
public interface DeviceChannel {
    /** Sends a frame, bytes of a {@link io.rialto.protocol.sync.ServerFrame}; does nothing where the device is gone. */
    void send(byte[] frame);

    /** Whether there is room for another batch; {@link Listener#writable} tells when there is again. */
    boolean isWritable();

    /** Sends a last word and ends the stream. */
    void end(Bye bye);

    /** What the device does; called one after the other, must not block. */
    interface Listener {
        /** A frame, bytes of a {@link io.rialto.protocol.sync.DeviceFrame}. */
        void frame(byte[] bytes);

        void writable();

        /** This node is going down: the device should go elsewhere soon. */
        void drain();

        /** The device is gone; nothing comes after this. */
        void closed();
    }
}

package io.rialto.gateway;

/** Takes the streams of devices, once the gateway knows who opens them. */
@FunctionalInterface
public interface DeviceStreams {
    /** Where a device opens its stream. */
    String PATH = "/rialto.Sync/Stream";

    /**
     * Takes a stream, on its event loop; must not block. It must give the stream a listener before it returns; messages
     * follow after that. It may send and end at once.
     *
     * @param hello the stream's first message
     */
    void open(StreamCaller caller, byte[] hello, DeviceStream stream);
}

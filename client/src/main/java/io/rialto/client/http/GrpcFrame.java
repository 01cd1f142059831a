package io.rialto.client.http;

import java.nio.ByteBuffer;

/** A message as gRPC frames it: a byte that is 0 where it is not compressed, its length, the message. */
public final class GrpcFrame {
    /** Before each message. */
    public static final int PREFIX = 5;

    private GrpcFrame() {}

    public static byte[] of(byte[] message) {
        return ByteBuffer.allocate(PREFIX + message.length)
                .put((byte) 0)
                .putInt(message.length)
                .put(message)
                .array();
    }
}

package io.rialto.client.codec;

import java.io.IOException;
import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;

/** Turns messages into bytes of one content type, and back. Safe for use by many threads. */
public interface Codec {
    /** {@code application/json} or {@code application/proto}. */
    String contentType();

    /** Whether messages of this type are its own. The first codec of a client's list that says so is used. */
    boolean handles(Type type);

    /** The bytes of a message; of null, those of an empty message. */
    byte[] encode(@Nullable Object message);

    /**
     * The message in bytes that came from outside.
     *
     * @throws IOException where they are not such a message
     */
    Object decode(byte[] bytes, Type type) throws IOException;
}

package io.rialto.client.inbox;

import org.jspecify.annotations.Nullable;

/** A place for a few small values whose loss costs little. */
public interface Notes {
    byte @Nullable [] get(String name);

    void put(String name, byte[] value);
}

package io.rialto.client;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Where the SDK keeps a few small values between runs: the device's key and credential, the user's session token, the
 * user's cell, server keys. Some are secrets: give it a place that other apps cannot read. Used by many threads.
 */
public interface Storage {
    /** The value of a name, or null. Names are of {@code a-z 0-9 . -}. */
    byte @Nullable [] get(String name) throws IOException;

    /** Sets a value: wholly or, where it fails, not at all. */
    void put(String name, byte[] value) throws IOException;

    /** Removes a value, if there is one. */
    void remove(String name) throws IOException;
}

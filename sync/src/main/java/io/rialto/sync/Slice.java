package io.rialto.sync;

import io.rialto.protocol.sync.Batch;
import org.jspecify.annotations.Nullable;

/** What was found for a want. */
public sealed interface Slice {
    /** The device has all. */
    record Nothing() implements Slice {}

    /**
     * The next part of the sequence.
     *
     * @param more whether there was more than fits
     */
    record Next(Batch batch, boolean more) implements Slice {}

    /** The key is not one of this inbox: made for another, or above what it has ever had. */
    record BadKey(boolean future, String message) implements Slice {}

    /** The batch, or null where there is none. */
    default @Nullable Batch batchOrNull() {
        return this instanceof Next next ? next.batch() : null;
    }
}

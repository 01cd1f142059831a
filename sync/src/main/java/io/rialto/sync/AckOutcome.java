package io.rialto.sync;

/** What became of an {@link Acknowledgement}. */
public enum AckOutcome {
    /** The cursor is where it says now, or was beyond it already. */
    KEPT,
    /** The key is of another inbox; nothing was changed. */
    FOREIGN_KEY,
    /** The key is above what the inbox has ever had; nothing was changed. */
    FUTURE_KEY,
    /** The shard is not open in this cell; nothing was changed. The device tells its keys again where the shard is. */
    FENCED
}

package io.rialto.sync;

/**
 * A message that is committed.
 *
 * @param repeated whether its key was known, so that this is the first one's sequence
 */
public record Stored(long sequence, boolean repeated) {}

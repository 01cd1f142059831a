package io.rialto.sync;

import io.rialto.protocol.sync.Step;
import java.time.Instant;
import java.util.List;

/**
 * Where a message has been.
 *
 * @param steps in the order of their times
 * @param stopped why a device of the user has not got it, or empty where all have
 */
public record Trace(MessageId id, List<Passed> steps, String stopped) {
    /**
     * One step.
     *
     * @param device empty where it is not of a device
     */
    public record Passed(Step step, Instant at, String device, String node, String reason) {}
}

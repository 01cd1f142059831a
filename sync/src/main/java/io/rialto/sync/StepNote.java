package io.rialto.sync;

import io.rialto.protocol.sync.Step;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A step that messages of one sequence took, for traces.
 *
 * @param shard of the user
 * @param user whose device it is
 * @param device empty where the step is not of a device
 * @param everyone whether the sequence is that of messages to everyone
 * @param first and last: all messages of this range took it
 * @param at when; null for now, by the database's clock
 * @param node that did it, or empty
 * @param reason why it went no further, or empty
 */
public record StepNote(
        int shard,
        String user,
        String device,
        String topic,
        boolean everyone,
        long first,
        long last,
        Step step,
        @Nullable Instant at,
        String node,
        String reason) {}

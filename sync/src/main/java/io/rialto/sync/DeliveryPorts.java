package io.rialto.sync;

import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What delivery needs of the rest of the house.
 *
 * @param cell that this node is of
 * @param node its name within the cell, as {@link Peers} has it
 * @param topics the topic of a name, as the configuration has it now; null for none
 * @param workers runs what may block: a virtual thread for each task
 * @param nanoTime for spans; never goes back
 * @param clock for what is shown to others
 * @param random of many threads
 * @param unacknowledged how long a device may leave messages unacknowledged before its stream ends
 */
public record DeliveryPorts(
        String cell,
        String node,
        Inbox inbox,
        Devices devices,
        Traces traces,
        Function<String, @Nullable Topic> topics,
        Peers peers,
        Executor workers,
        LongSupplier nanoTime,
        InstantSource clock,
        RandomGenerator random,
        DeliveryMeters meters,
        Duration unacknowledged) {
    /** How long a device may leave messages unacknowledged, where nobody says otherwise. */
    public static final Duration DEFAULT_UNACKNOWLEDGED = Duration.ofMinutes(10);

    public DeliveryPorts {
        if (unacknowledged.isNegative() || unacknowledged.isZero()) {
            throw new IllegalArgumentException("unacknowledged: " + unacknowledged + " (expected: above 0)");
        }
    }
}

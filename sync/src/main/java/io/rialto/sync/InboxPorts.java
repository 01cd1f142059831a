package io.rialto.sync;

import io.rialto.cells.RoutingTable;
import java.time.InstantSource;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * What the service for backends stands on.
 *
 * @param cell of this node
 * @param table the current one
 * @param config the current one
 * @param blocking runs what waits for a database; virtual threads
 */
public record InboxPorts(
        String cell,
        Supplier<RoutingTable> table,
        Supplier<SyncConfig> config,
        Inbox inbox,
        Traces traces,
        Broadcasts broadcasts,
        Schedule schedule,
        Peers peers,
        Hints hints,
        InboxMeters meters,
        InstantSource clock,
        Executor blocking) {}

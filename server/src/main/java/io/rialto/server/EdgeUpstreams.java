package io.rialto.server;

import io.rialto.cells.Cell;
import io.rialto.cells.DeployUnit;
import io.rialto.cells.RoutingTable;
import io.rialto.gateway.Destinations;
import io.rialto.gateway.upstream.Address;
import io.rialto.gateway.upstream.BackendProtocol;
import io.rialto.gateway.upstream.BackendSettings;
import io.rialto.gateway.upstream.Upstream;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where an edge may send calls: backends as configured, other cells and the other edges of its own by the routing table.
 * Edges are upstreams of the same kind as backends, under names that no service can have.
 */
final class EdgeUpstreams implements Destinations {
    private static final String CELL = "cell:";
    private static final String NODE = "node:";

    /** How many edges of other cells one edge asks a second, at most: each asks all, and there may be hundreds. */
    private static final int CHECKS_PER_SECOND = 50;

    private static final int CHECK_MILLIS = 2_000;
    private static final int MAX_CHECK_MILLIS = 600_000;
    private static final int CHECK_TIMEOUT_MILLIS = 1_000;
    private static final int FAILURES = 3;

    private final io.rialto.gateway.upstream.Upstreams upstreams;
    private final String cell;

    EdgeUpstreams(io.rialto.gateway.upstream.Upstreams upstreams, String cell) {
        this.upstreams = upstreams;
        this.cell = cell;
    }

    /**
     * Takes another configuration.
     *
     * @throws IllegalArgumentException that names what is wrong; nothing has changed then
     */
    void apply(List<BackendSettings> backends, RoutingTable table) {
        List<BackendSettings> all = new ArrayList<>(backends);
        for (DeployUnit unit : table.cell(cell).map(Cell::deployUnits).orElse(List.of())) {
            backends.stream()
                    .filter(BackendSettings::registered)
                    .forEach(settings -> all.add(settings.ofColour(unit.colour())));
        }
        BackendSettings.Health health = health(table);
        for (Cell other : table.cells()) {
            List<Address> addresses =
                    other.nodes().stream().map(node -> address(node.internal())).toList();
            if (!other.id().equals(cell)) {
                all.add(BackendSettings.of(CELL + other.id(), BackendProtocol.HTTP2, cell, addresses)
                        .checkedBy(health));
            } else {
                other.nodes()
                        .forEach(node -> all.add(BackendSettings.of(
                                NODE + node.id(), BackendProtocol.HTTP2, cell, List.of(address(node.internal())))));
            }
        }
        upstreams.apply(cell, all);
    }

    /** Whether other cells can be reached is also what the directory tells phones. */
    private BackendSettings.Health health(RoutingTable table) {
        long others = table.cells().stream()
                .filter(other -> !other.id().equals(cell))
                .mapToLong(other -> other.nodes().size())
                .sum();
        int interval = Math.clamp(others * 1_000 / CHECKS_PER_SECOND, CHECK_MILLIS, MAX_CHECK_MILLIS);
        return new BackendSettings.Health("/health/ready", interval, CHECK_TIMEOUT_MILLIS, FAILURES, 1);
    }

    private static Address address(InetSocketAddress internal) {
        return Address.parse(internal.getHostString() + ":" + internal.getPort());
    }

    @Override
    public @Nullable Upstream backend(String service, String colour) {
        return upstreams.of(service, colour);
    }

    @Override
    public @Nullable Upstream cell(String id) {
        return upstreams.of(CELL + id);
    }

    @Override
    public boolean isWell(String id) {
        return upstreams.isWell(CELL + id);
    }

    @Override
    public @Nullable Upstream node(String id) {
        return upstreams.of(NODE + id);
    }
}

package io.rialto.server;

import io.rialto.cells.Cell;
import io.rialto.cells.RoutingTable;
import io.rialto.gateway.InternalCalls;
import io.rialto.sync.Peers;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** Other edges, by the gateway's calls to them. */
record EdgePeers(String cell, String node, Supplier<RoutingTable> table, Supplier<InternalCalls> calls)
        implements Peers {
    @Override
    public List<String> nodes() {
        return table.get().cell(cell).map(Cell::nodes).orElse(List.of()).stream()
                .map(Cell.Node::id)
                .filter(id -> !id.equals(node))
                .toList();
    }

    @Override
    public CompletionStage<byte[]> toNode(String to, String operation, byte[] body, Duration timeout) {
        return calls.get().toNode(to, operation, body, timeout);
    }

    @Override
    public CompletionStage<byte[]> toCell(String to, String operation, byte[] body, Duration timeout) {
        return calls.get().toCell(to, operation, body, timeout);
    }
}

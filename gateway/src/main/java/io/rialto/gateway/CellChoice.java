package io.rialto.gateway;

import io.rialto.cells.Cell;
import io.rialto.cells.RoutingTable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which cells phones are told of, the best first. What is seen to be away is passed over or stands last, but nobody is told
 * nothing: a node that sees all others away may be the one that is cut off.
 */
final class CellChoice {
    /** In place of a shard, where none is asked for. */
    static final int ANY_SHARD = -1;

    private CellChoice() {}

    /** The cells of users of which this node reaches no edge. */
    static Set<String> away(RoutingTable table, GatewayPorts ports) {
        Set<String> away = new TreeSet<>();
        for (Cell cell : table.cells()) {
            boolean other = !cell.id().equals(ports.self().cell());
            if (other
                    && cell.type() == Cell.Type.REGIONAL
                    && !ports.destinations().isWell(cell.id())) {
                away.add(cell.id());
            }
        }
        return away;
    }

    /**
     * Where a shard is served; or all cells of users.
     *
     * @param away where the owner is, cells that are well come before it: they are the first to know where its users went
     */
    static List<Cell> of(RoutingTable table, int shard, Set<String> away) {
        List<Cell> well = new ArrayList<>();
        List<Cell> others = new ArrayList<>();
        table.cells().stream()
                .filter(cell -> cell.type() == Cell.Type.REGIONAL)
                .sorted(Comparator.comparing(Cell::id))
                .forEach(cell -> (away.contains(cell.id()) ? others : well).add(cell));
        if (shard == ANY_SHARD) {
            return well.isEmpty() ? others : well;
        }
        Cell owner = table.place(shard).orElseThrow().cell();
        if (!away.contains(owner.id())) {
            return List.of(owner);
        }
        well.add(owner);
        return well;
    }
}

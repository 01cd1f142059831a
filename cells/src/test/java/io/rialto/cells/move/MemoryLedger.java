package io.rialto.cells.move;

import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/** A configuration in memory, with the same compare-and-set and the same checks as control's. */
final class MemoryLedger implements MoveLedger {
    private long version = 1;
    private JsonNode tableSection;
    private JsonNode moves = MissingNode.getInstance();
    private volatile RoutingTable table;

    MemoryLedger(String json) {
        try {
            tableSection = Json.read(json);
            table = RoutingTable.parse(tableSection);
        } catch (JsonException | TableException e) {
            throw new AssertionError(e);
        }
    }

    /** As edges would have it by now. */
    RoutingTable table() {
        return table;
    }

    @Override
    public synchronized Configuration read() {
        return new Configuration(version, tableSection, moves);
    }

    @Override
    public synchronized boolean put(Map<String, JsonNode> sections, long base, String author) throws IOException {
        if (base != version) {
            return false;
        }
        Map<String, JsonNode> left = new HashMap<>(sections);
        JsonNode newTable = left.remove(RoutingTable.SECTION);
        JsonNode newMoves = left.remove(Moves.SECTION);
        if (!left.isEmpty()) {
            throw new IOException("sections: " + left.keySet());
        }
        if (newMoves != null) {
            List<String> errors = Moves.errors(newMoves);
            if (!errors.isEmpty()) {
                throw new IOException(errors.toString());
            }
            moves = newMoves;
        }
        if (newTable != null) {
            try {
                table = RoutingTable.parse(newTable);
                tableSection = newTable;
            } catch (TableException e) {
                throw new IOException(e);
            }
        }
        version++;
        return true;
    }
}

package io.rialto.wallet;

import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.cells.move.MoveLedger;
import io.rialto.cells.move.Moves;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/** A configuration in memory, with the same checks as control's. */
final class TestLedger implements MoveLedger {
    private long version = 1;
    private JsonNode section;
    private JsonNode moves = MissingNode.getInstance();
    private volatile RoutingTable table;

    TestLedger(JsonNode section) throws TableException {
        this.section = section;
        table = RoutingTable.parse(section);
    }

    RoutingTable table() {
        return table;
    }

    @Override
    public synchronized Configuration read() {
        return new Configuration(version, section, moves);
    }

    @Override
    public synchronized boolean put(Map<String, JsonNode> sections, long base, String author) throws IOException {
        if (base != version) {
            return false;
        }
        @Nullable JsonNode newTable = sections.get(RoutingTable.SECTION);
        @Nullable JsonNode newMoves = sections.get(Moves.SECTION);
        if (newMoves != null) {
            require(Moves.errors(newMoves));
            moves = newMoves;
        }
        if (newTable != null) {
            require(RoutingTable.errors(Optional.of(section), newTable));
            section = newTable;
            try {
                table = RoutingTable.parse(newTable);
            } catch (TableException e) {
                throw new IOException(e);
            }
        }
        version++;
        return true;
    }

    private static void require(List<String> errors) throws IOException {
        if (!errors.isEmpty()) {
            throw new IOException(errors.toString());
        }
    }
}

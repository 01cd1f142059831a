package io.rialto.server;

import io.rialto.cells.RoutingTable;
import io.rialto.cells.move.MoveLedger;
import io.rialto.cells.move.Moves;
import java.io.IOException;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** The configuration of moves by control's admin API. */
final class ControlLedger implements MoveLedger {
    private final AdminClient control;

    ControlLedger(AdminClient control) {
        this.control = control;
    }

    @Override
    public Configuration read() throws InterruptedException {
        while (true) {
            AdminClient.Section table = control.required(RoutingTable.SECTION);
            AdminClient.Section moves = control.section(Moves.SECTION);
            // Both of one version, or a change between the two would be overwritten.
            if (table.version() == moves.version()) {
                return new Configuration(table.version(), table.value(), moves.value());
            }
        }
    }

    @Override
    public boolean put(Map<String, JsonNode> sections, long version, String author)
            throws IOException, InterruptedException {
        return control.put(sections, version, author);
    }
}

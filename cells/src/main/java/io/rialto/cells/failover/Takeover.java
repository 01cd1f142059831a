package io.rialto.cells.failover;

import io.rialto.node.Json;
import io.rialto.node.JsonSection;
import java.time.Instant;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * That a unit's whole city was declared lost, and its remote copy is being made the primary.
 *
 * @param reason what the operator said
 * @param declared when
 * @param silent servers of the lost city that neither promised nor stopped when they were asked; they may still serve
 */
public record Takeover(String reason, Instant declared, List<String> silent) {
    private static final int MAX_SILENT = 16;

    public Takeover {
        silent = List.copyOf(silent);
    }

    static Takeover read(JsonSection json) {
        return new Takeover(
                json.text("reason"), json.instant("declared", Instant.EPOCH), json.texts("silent", MAX_SILENT));
    }

    ObjectNode json() {
        ObjectNode json = Json.mapper().createObjectNode();
        json.put("reason", reason).put("declared", declared.toString());
        silent.forEach(json.putArray("silent")::add);
        return json;
    }
}

package io.rialto.cells.failover;

import io.rialto.node.Json;
import io.rialto.node.JsonSection;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.node.ObjectNode;

/**
 * The servers of a city that was declared lost, until what they had alone is known. Nobody starts or asks them before.
 *
 * @param servers their names, that of the last primary first
 * @param generation that of the take-over
 * @param silent those that neither promised nor stopped at the take-over
 * @param note how the last reading of their data ended, for a person
 * @param files where what was read is, one JSON object a line: table, user where it says so, and row
 */
public record Lost(
        List<String> servers, long generation, State state, List<String> silent, String note, List<String> files) {
    private static final int MAX_SERVERS = 16;

    /** What is known of their data. */
    public enum State {
        /** Nothing. */
        UNREAD,
        /** An operator has brought it back and wants it to be read. */
        WANTED,
        /** The rows that nobody else has are listed, and their users are behind. */
        READ,
        /** An operator has given it up. */
        GIVEN_UP
    }

    public Lost {
        servers = List.copyOf(servers);
        silent = List.copyOf(silent);
        files = List.copyOf(files);
    }

    /** Who was the primary when the city was declared lost. */
    public String primary() {
        return servers.getFirst();
    }

    /** The same with another state. */
    public Lost as(State next, String why) {
        return new Lost(servers, generation, next, silent, why, files);
    }

    Lost read(String how, List<String> where) {
        return new Lost(servers, generation, State.READ, silent, how, where);
    }

    static Lost read(JsonSection json) {
        List<String> servers = json.texts("servers", MAX_SERVERS);
        if (servers.isEmpty()) {
            json.refuse("servers", servers, "one at least");
        }
        return new Lost(
                servers,
                json.number("generation", 1, Long.MAX_VALUE - 1),
                json.constant("state", State.class, State.UNREAD),
                json.texts("silent", MAX_SERVERS),
                json.text("note", ""),
                json.texts("files", MAX_SERVERS));
    }

    ObjectNode json() {
        ObjectNode json = Json.mapper().createObjectNode();
        servers.forEach(json.putArray("servers")::add);
        silent.forEach(json.putArray("silent")::add);
        files.forEach(json.putArray("files")::add);
        json.put("generation", generation)
                .put("state", state.name().toLowerCase(Locale.ROOT).replace('_', '-'));
        return note.isEmpty() ? json : json.put("note", note);
    }
}

package io.rialto.cells.move;

import java.io.IOException;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** The configuration that control keeps, changed by compare-and-set only. */
public interface MoveLedger {
    /**
     * What it says.
     *
     * @param table the section of that name
     * @param moves the section of that name; a missing node where there is none yet
     */
    record Configuration(long version, JsonNode table, JsonNode moves) {}

    /** The newest. */
    Configuration read() throws IOException, InterruptedException;

    /**
     * Puts sections in place of those of a version.
     *
     * @return false where the configuration is no longer at that version
     * @throws IOException where control does not answer, or refuses the change itself
     */
    boolean put(Map<String, JsonNode> sections, long version, String author) throws IOException, InterruptedException;
}

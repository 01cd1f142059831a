package io.rialto.control;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/** A room's own check of its section. */
@FunctionalInterface
public interface SectionCheck {
    /**
     * What is wrong with a section; empty where nothing is.
     *
     * @param before the section in force that it would replace; empty for the first
     */
    List<String> errors(Optional<JsonNode> before, JsonNode after);

    /** A check that does not look at what was before. */
    static SectionCheck of(Function<JsonNode, List<String>> errors) {
        return (before, after) -> errors.apply(after);
    }
}

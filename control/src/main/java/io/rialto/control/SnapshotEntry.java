package io.rialto.control;

import java.time.Instant;
import java.util.List;

/**
 * One line of the history.
 *
 * @param reason why, as the author said; may be empty
 * @param sections those that this version changed
 * @param nodes the only ones that got it; empty where all did
 */
public record SnapshotEntry(
        long version, Instant issued, String author, String reason, List<String> sections, List<String> nodes) {
    public SnapshotEntry {
        sections = List.copyOf(sections);
        nodes = List.copyOf(nodes);
    }
}

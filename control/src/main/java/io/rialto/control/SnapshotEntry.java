package io.rialto.control;

import java.time.Instant;
import java.util.List;

/**
 * One line of the history.
 *
 * @param sections those that this version changed
 */
public record SnapshotEntry(long version, Instant issued, String author, List<String> sections) {
    public SnapshotEntry {
        sections = List.copyOf(sections);
    }
}

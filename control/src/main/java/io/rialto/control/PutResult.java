package io.rialto.control;

import java.util.List;

/** What became of a change. */
public sealed interface PutResult {
    /** It is in force as this version. */
    record Accepted(long version) implements PutResult {}

    /** Somebody else changed the configuration meanwhile; it is at this version. */
    record Conflict(long version) implements PutResult {}

    /** It is wrong; nothing changed. */
    record Invalid(List<String> errors) implements PutResult {
        public Invalid {
            errors = List.copyOf(errors);
        }
    }
}

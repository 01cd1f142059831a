package io.rialto.cells;

import java.util.List;

/** A routing table that contradicts itself; carries everything that is wrong with it. */
public final class TableException extends Exception {
    private static final long serialVersionUID = 1;

    private final transient List<String> errors;

    TableException(List<String> errors) {
        super(String.join("; ", errors));
        this.errors = List.copyOf(errors);
    }

    /** What is wrong: where, the value, and what was expected. */
    public List<String> errors() {
        return errors;
    }
}

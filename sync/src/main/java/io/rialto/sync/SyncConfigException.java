package io.rialto.sync;

import java.util.List;

/** A section {@code sync} that cannot be served, with everything that is wrong with it. */
public final class SyncConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<String> errors;

    SyncConfigException(List<String> errors) {
        super(String.join("\n", errors));
        this.errors = List.copyOf(errors);
    }

    public List<String> errors() {
        return errors;
    }
}

package io.rialto.node;

import java.util.List;

/** Settings that cannot be used; carries everything that is wrong with them, one line each. */
public final class SettingsException extends Exception {
    private static final long serialVersionUID = 1;

    private final transient List<String> errors;

    public SettingsException(List<String> errors) {
        super(String.join("\n", errors));
        this.errors = List.copyOf(errors);
    }

    /** What is wrong: the key, the value, where it came from and what was expected. */
    public List<String> errors() {
        return errors;
    }
}

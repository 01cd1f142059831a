package io.rialto.gateway.config;

import java.util.List;

/** A section that cannot be used, with everything that is wrong with it. */
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1;

    private final transient List<String> errors;

    ConfigException(String section, List<String> errors) {
        super(section + ": " + String.join("; ", errors));
        this.errors = List.copyOf(errors);
    }

    public List<String> errors() {
        return errors;
    }
}

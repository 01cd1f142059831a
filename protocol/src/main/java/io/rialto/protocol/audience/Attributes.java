package io.rialto.protocol.audience;

import org.jspecify.annotations.Nullable;

/** What is known of whom a rule is asked about. */
@FunctionalInterface
public interface Attributes {
    /**
     * The value of an attribute, or null where it is not known. Rialto's own: {@code app}, {@code app-version},
     * {@code locale}, {@code platform}, {@code city}, {@code cell}, {@code user}, {@code device}.
     */
    @Nullable
    String get(String name);
}

package io.rialto.protocol;

import org.jspecify.annotations.Nullable;

/** The header fields of a message, as whoever carries the message keeps them. */
@FunctionalInterface
public interface HeaderSource {
    /**
     * The value of a field, several joined by {@code ", "}, or null where the message has none. The name is lower case
     * and, for the fields of a seal, one of {@link Seal#callHeaders()} or {@link Seal#answerHeaders()}.
     */
    @Nullable
    CharSequence get(String lowerCaseName);
}

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

    /**
     * The same field by its place in the list that it is one of: for a source that has them in that order.
     *
     * @param place in {@link Seal#callHeaders()} or {@link Seal#answerHeaders()}
     */
    default @Nullable CharSequence get(int place, String lowerCaseName) {
        return get(lowerCaseName);
    }
}

package io.rialto.protocol;

import org.jspecify.annotations.Nullable;

/** What of an HTTP message a signature can cover. For an answer, everything of the request is empty. */
public interface SignedMessage {
    CharSequence method();

    /** {@code http} or {@code https}. */
    String scheme();

    /** As in {@code host} or {@code :authority}; upper case and a default port are normalised away when signing. */
    String authority();

    /** Without the query, as sent. */
    CharSequence path();

    /** Without {@code ?}, as sent; null where there is none. */
    @Nullable
    CharSequence query();

    /** 0 for a request. */
    int status();

    /** A field's value, several joined by {@code ", "}, or null. The name is lower case. */
    @Nullable
    CharSequence header(String name);

    /**
     * The same field for a message that has them in the order in which they are covered.
     *
     * @param place in {@link SignatureInput#components()}
     */
    default @Nullable CharSequence header(int place, String name) {
        return header(name);
    }
}

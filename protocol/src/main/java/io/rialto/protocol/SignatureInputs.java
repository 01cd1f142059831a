package io.rialto.protocol;

import java.util.HashMap;
import java.util.Map;

/**
 * Reads {@code signature-input} of many messages. Keeps the lists of covered components that it read, as the calls of
 * one client differ in their parameters only: one for each thread, used by that thread only.
 */
public final class SignatureInputs {
    /** A client has some lists, by which fields its calls carry; many clients have the same. */
    static final int MAX_LISTS = 64;

    /** Longer lists than those of clients are read anew each time. */
    static final int MAX_LIST_CHARS = 512;

    private final Map<String, CoveredList> lists = new HashMap<>();

    /**
     * The same as {@link SignatureInput#parse}.
     *
     * @throws ProtocolException {@link Reason#MALFORMED_FRAME}
     */
    public SignatureInput parse(String value, String preferredLabel) throws ProtocolException {
        return SignatureInput.parse(value, preferredLabel, this);
    }

    /** The list that comes next in a text; an equal beginning up to the list's end means an equal list. */
    CoveredList list(StructuredText text) throws ProtocolException {
        String sent = text.upTo(')');
        CoveredList known = lists.get(sent);
        if (known != null) {
            text.skip(sent.length());
            return known;
        }
        int from = text.position();
        CoveredList read = CoveredList.parse(text);
        // A parameter's value may hold a parenthesis: then the list is longer than what was looked up.
        if (sent.length() <= MAX_LIST_CHARS && text.position() - from == sent.length()) {
            if (lists.size() == MAX_LISTS) {
                lists.clear(); // whoever sends ever other lists only makes itself and others parse
            }
            lists.put(sent, read);
        }
        return read;
    }

    int size() {
        return lists.size();
    }
}

package io.rialto.protocol;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code signature-input} of many messages. What a client sends differs in {@code created} and {@code nonce} only, so
 * the rest is read once and then compared: one for each thread, used by that thread only.
 */
public final class SignatureInputs {
    /** A client has some lists of what it covers, by which fields its calls carry; many clients have the same. */
    static final int MAX_SHAPES = 64;

    /** Longer lists than those of clients are read anew each time. */
    static final int MAX_LIST_CHARS = 512;

    private static final String CREATED = ";created=";
    private static final String NONCE = ";nonce=\"";

    /** By their beginning, up to {@link #CREATED}. */
    private final Map<String, Shape> shapes = new HashMap<>();

    /**
     * The same as {@link SignatureInput#parse}.
     *
     * @throws ProtocolException {@link Reason#MALFORMED_FRAME}
     */
    public SignatureInput parse(String value, String preferredLabel) throws ProtocolException {
        int created = value.indexOf(CREATED);
        if (created < 0 || created > MAX_LIST_CHARS || value.length() > StructuredText.MAX_CHARS) {
            return SignatureInput.parse(value, preferredLabel);
        }
        String list = value.substring(0, created);
        Shape known = shapes.get(list);
        SignatureInput again = known == null ? null : known.read(value, created);
        if (again != null) {
            return again;
        }
        SignatureInput read = SignatureInput.parse(value, preferredLabel);
        int nonceEnd = nonceEnd(value, created);
        // Only what is as we would write it has the parameters that are signed in the text itself.
        if (nonceEnd > 0 && read.header().equals(value) && read.list().equals(list)) {
            if (shapes.size() == MAX_SHAPES) {
                shapes.clear(); // whoever sends ever other lists only makes itself and others parse
            }
            shapes.put(list, new Shape(read, value.substring(nonceEnd)));
        }
        return read;
    }

    int size() {
        return shapes.size();
    }

    /** Where the nonce ends, if it follows the time and both are canonical as they are; or -1. */
    private static int nonceEnd(String value, int created) {
        int from = created + CREATED.length();
        int at = from;
        while (at < value.length() && value.charAt(at) >= '0' && value.charAt(at) <= '9') {
            at++;
        }
        boolean canonical = at > from && at - from <= StructuredText.MAX_DIGITS && value.charAt(from) != '0';
        if (!canonical || !value.startsWith(NONCE, at)) {
            return -1;
        }
        for (at += NONCE.length(); at < value.length(); at++) {
            char c = value.charAt(at);
            if (c == '"') {
                return at;
            }
            if (c < ' ' || c > '~' || c == '\\') {
                return -1;
            }
        }
        return -1;
    }

    /** One of them, and how it ends from the nonce's closing quote on. */
    private static final class Shape {
        private final SignatureInput one;
        private final String end;

        Shape(SignatureInput one, String end) {
            this.one = one;
            this.end = end;
        }

        /** What a text says that begins as this one up to its time; null where it goes on in another way. */
        @Nullable
        SignatureInput read(String value, int created) {
            int nonceEnd = nonceEnd(value, created);
            if (nonceEnd < 0 || value.length() - nonceEnd != end.length() || !value.endsWith(end)) {
                return null;
            }
            long time = 0;
            int at = created + CREATED.length();
            for (char c = value.charAt(at); c != ';'; c = value.charAt(++at)) {
                time = time * 10 + c - '0';
            }
            String parameters = value.substring(one.label().length() + 1);
            return one.alike(parameters, time, value.substring(at + NONCE.length(), nonceEnd));
        }
    }
}

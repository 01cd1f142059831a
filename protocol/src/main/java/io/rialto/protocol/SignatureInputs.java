package io.rialto.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
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

    /** Those that came before, each a place further to the front with each of its calls. */
    private final @Nullable Shape[] shapes = new Shape[MAX_SHAPES];

    private int size;

    /**
     * The same as {@link SignatureInput#parse}.
     *
     * @throws ProtocolException {@link Reason#MALFORMED_FRAME}
     */
    public SignatureInput parse(ByteText value, String preferredLabel) throws ProtocolException {
        if (value.length() > StructuredText.MAX_CHARS) {
            return SignatureInput.parse(value.toString(), preferredLabel);
        }
        for (int i = 0; i < size; i++) {
            Shape shape = shapes[i];
            SignatureInput again = shape == null ? null : shape.read(value);
            if (again != null) {
                advance(i);
                return again;
            }
        }
        String text = value.toString();
        SignatureInput read = SignatureInput.parse(text, preferredLabel);
        remember(read, text, value);
        return read;
    }

    private void advance(int place) {
        if (place > 0) {
            Shape before = shapes[place - 1];
            shapes[place - 1] = shapes[place];
            shapes[place] = before;
        }
    }

    private void remember(SignatureInput read, String text, ByteText value) {
        int created = text.indexOf(CREATED);
        if (created < 0 || created > MAX_LIST_CHARS) {
            return;
        }
        int nonceEnd = nonceEnd(value, created + CREATED.length());
        // Only what is as we would write it has the parameters that are signed in the text itself.
        if (nonceEnd < 0 || !read.header().equals(text) || !read.list().equals(text.substring(0, created))) {
            return;
        }
        if (size == MAX_SHAPES) {
            size = 0; // whoever sends ever other lists only makes itself and others parse
        }
        shapes[size++] = new Shape(read, text.substring(0, created + CREATED.length()), text.substring(nonceEnd));
    }

    int size() {
        return size;
    }

    /** Where the nonce ends, if it follows the time that begins there and both are canonical as they are; or -1. */
    private static int nonceEnd(ByteText value, int from) {
        int at = digitsEnd(value, from);
        boolean canonical = at > from && at - from <= StructuredText.MAX_DIGITS && value.charAt(from) != '0';
        if (!canonical || !hasAt(value, at, NONCE)) {
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

    private static int digitsEnd(ByteText value, int from) {
        int at = from;
        while (at < value.length() && value.charAt(at) >= '0' && value.charAt(at) <= '9') {
            at++;
        }
        return at;
    }

    private static boolean hasAt(ByteText value, int at, String part) {
        if (value.length() - at < part.length()) {
            return false;
        }
        for (int i = 0; i < part.length(); i++) {
            if (value.charAt(at + i) != part.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** One of them: how it begins up to its time, and how it ends from the nonce's closing quote on. */
    private static final class Shape {
        private final SignatureInput one;
        private final ByteBuffer beginning;
        private final ByteBuffer end;

        /** @param beginning has {@link #CREATED} at its end only: so it is where a text's first is */
        Shape(SignatureInput one, String beginning, String end) {
            this.one = one;
            this.beginning = ByteBuffer.wrap(beginning.getBytes(StandardCharsets.ISO_8859_1));
            this.end = ByteBuffer.wrap(end.getBytes(StandardCharsets.ISO_8859_1));
        }

        /** What a text says that begins and ends as this one; null for another. */
        @Nullable
        SignatureInput read(ByteText value) {
            if (!value.hasAt(0, beginning)) {
                return null;
            }
            int created = beginning.remaining();
            int nonceEnd = nonceEnd(value, created);
            if (nonceEnd < 0 || value.length() - nonceEnd != end.remaining() || !value.hasAt(nonceEnd, end)) {
                return null;
            }
            long time = 0;
            int at = created;
            for (char c = value.charAt(at); c != ';'; c = value.charAt(++at)) {
                time = time * 10 + c - '0';
            }
            ByteText parameters = value.subSequence(one.label().length() + 1, value.length());
            String nonce = value.subSequence(at + NONCE.length(), nonceEnd).toString();
            return one.alike(parameters, time, nonce);
        }
    }
}

package io.rialto.protocol;

import java.util.Base64;

/**
 * A cursor over a structured field (RFC 8941): of its grammar, what signatures and digests use, which is dictionaries
 * of inner lists of strings, or of byte sequences; and integers, strings, tokens, booleans as parameters. Stricter than
 * the RFC where leniency would let two readers differ: no key twice, no padding left out.
 */
final class StructuredText {
    /** Fits every field of these kinds many times over. */
    static final int MAX_CHARS = 8192;

    /** RFC 8941, section 3.3.1: 15 digits. */
    static final int MAX_DIGITS = 15;

    private final String name;
    private final String text;
    private int at;

    StructuredText(String name, String text) throws ProtocolException {
        this.name = name;
        this.text = text;
        if (text.length() > MAX_CHARS) {
            throw malformed("at most " + MAX_CHARS + " characters, not " + text.length());
        }
        skip(' ');
    }

    boolean atEnd() {
        return at == text.length();
    }

    boolean isNext(char c) {
        return at < text.length() && text.charAt(at) == c;
    }

    boolean take(char c) {
        if (isNext(c)) {
            at++;
            return true;
        }
        return false;
    }

    void expect(char c) throws ProtocolException {
        if (!take(c)) {
            throw malformed("'" + c + "'");
        }
    }

    void skipSpaces() {
        skip(' ');
    }

    /** At the end of a dictionary's member: true if another one follows. */
    boolean nextMember() throws ProtocolException {
        skipOptionalSpace();
        if (atEnd()) {
            return false;
        }
        expect(',');
        skipOptionalSpace();
        if (atEnd()) {
            throw malformed("a member after the comma");
        }
        return true;
    }

    /** A key: of a dictionary or a parameter. */
    String key() throws ProtocolException {
        int from = at;
        while (at < text.length() && isKey(text.charAt(at), at == from)) {
            at++;
        }
        if (at == from) {
            throw malformed("a key");
        }
        return text.substring(from, at);
    }

    String string() throws ProtocolException {
        expect('"');
        int from = at;
        StringBuilder unescaped = null;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '"') {
                String value = unescaped == null ? text.substring(from, at) : unescaped.toString();
                at++;
                return value;
            }
            if (c < ' ' || c > '~') {
                throw malformed("printable ASCII");
            }
            if (c == '\\') {
                if (unescaped == null) {
                    unescaped = new StringBuilder().append(text, from, at);
                }
                at++;
                if (!isNext('"') && !isNext('\\')) {
                    throw malformed("an escaped quote or backslash");
                }
                c = text.charAt(at);
            }
            if (unescaped != null) {
                unescaped.append(c);
            }
            at++;
        }
        throw malformed("a closing quote");
    }

    long integer() throws ProtocolException {
        boolean negative = take('-');
        int from = at;
        long value = 0;
        while (at < text.length() && isDigit(text.charAt(at)) && at - from < MAX_DIGITS) {
            value = value * 10 + text.charAt(at++) - '0';
        }
        if (at == from || at < text.length() && (isDigit(text.charAt(at)) || text.charAt(at) == '.')) {
            throw malformed("an integer of at most " + MAX_DIGITS + " digits");
        }
        return negative ? -value : value;
    }

    byte[] byteSequence() throws ProtocolException {
        expect(':');
        int end = text.indexOf(':', at);
        if (end < 0 || (end - at) % 4 != 0) {
            throw malformed("padded base64 and a closing colon");
        }
        try {
            byte[] bytes = Base64.getDecoder().decode(text.substring(at, end));
            at = end + 1;
            return bytes;
        } catch (IllegalArgumentException e) {
            throw malformed("base64");
        }
    }

    /** Reads a bare item and writes its canonical form; the value of a string, or null. */
    void copyItem(StringBuilder to) throws ProtocolException {
        if (isNext('"')) {
            appendString(to, string());
        } else if (isNext(':')) {
            to.append(':')
                    .append(Base64.getEncoder().encodeToString(byteSequence()))
                    .append(':');
        } else if (take('?')) {
            boolean value = take('1');
            if (!value) {
                expect('0');
            }
            to.append(value ? "?1" : "?0");
        } else if (at < text.length() && (isDigit(text.charAt(at)) || text.charAt(at) == '-')) {
            to.append(integer());
        } else {
            token(to);
        }
    }

    static void appendString(StringBuilder to, String value) {
        to.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                to.append('\\');
            }
            to.append(c);
        }
        to.append('"');
    }

    ProtocolException malformed(String expected) {
        return new ProtocolException(
                Reason.MALFORMED_FRAME, name + ", character " + at + ": not as expected (expected: " + expected + ")");
    }

    private void token(StringBuilder to) throws ProtocolException {
        int from = at;
        while (at < text.length() && isToken(text.charAt(at), at == from)) {
            at++;
        }
        if (at == from) {
            throw malformed("a value");
        }
        to.append(text, from, at);
    }

    private void skipOptionalSpace() {
        while (isNext(' ') || isNext('\t')) {
            at++;
        }
    }

    private void skip(char c) {
        while (isNext(c)) {
            at++;
        }
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isKey(char c, boolean first) {
        return c >= 'a' && c <= 'z' || c == '*' || !first && (isDigit(c) || c == '_' || c == '-' || c == '.');
    }

    private static boolean isToken(char c, boolean first) {
        if (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '*') {
            return true;
        }
        return !first && (isDigit(c) || ":/!#$%&'+-.^_`|~".indexOf(c) >= 0);
    }
}

package io.rialto.protocol;

import org.jspecify.annotations.Nullable;

/** One part of a message that a signature covers. */
final class SignatureComponent {
    static final String QUERY_PARAM = "@query-param";

    private final String base;
    private final @Nullable String parameter;
    private final String identifier;
    private final byte[] line;

    private SignatureComponent(String base, @Nullable String parameter, String identifier) {
        this.base = base;
        this.parameter = parameter;
        this.identifier = identifier;
        this.line = Bytes.ascii(identifier + ": ");
    }

    static SignatureComponent parse(StructuredText text) throws ProtocolException {
        String base = text.string();
        if (!isName(base)) {
            throw text.malformed("the name of a field in lower case, or of a derived component");
        }
        boolean query = base.equals(QUERY_PARAM);
        if (!query) {
            if (text.isNext(';')) {
                throw text.malformed("no parameter on \"" + base + "\": sf, key, bs, req and tr are not supported");
            }
            return new SignatureComponent(base, null, '"' + base + '"');
        }
        text.expect(';');
        text.skipSpaces();
        if (!text.key().equals("name")) {
            throw text.malformed("name");
        }
        text.expect('=');
        String parameter = text.string();
        StringBuilder identifier = new StringBuilder().append('"').append(base).append("\";name=");
        StructuredText.appendString(identifier, parameter);
        if (text.isNext(';')) {
            throw text.malformed("no other parameter than name");
        }
        return new SignatureComponent(base, parameter, identifier.toString());
    }

    /** The name without parameters. */
    String base() {
        return base;
    }

    /** Which parameter of the query, percent-encoded; null for all components but {@code @query-param}. */
    @Nullable
    String parameter() {
        return parameter;
    }

    /** As in the signature's base. */
    String identifier() {
        return identifier;
    }

    /** How its line of the base begins. */
    byte[] line() {
        return line;
    }

    /** As in {@link SignatureInput#components()}. */
    String name() {
        return parameter == null ? base : base + identifier.substring(base.length() + 2);
    }

    private static boolean isName(String name) {
        int from = name.startsWith("@") ? 1 : 0;
        for (int i = from; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean letter = c >= 'a' && c <= 'z';
            if (!letter && (from == 1 ? c != '-' : !(c >= '0' && c <= '9') && "!#$%&'*+-.^_`|~".indexOf(c) < 0)) {
                return false;
            }
        }
        return name.length() > from;
    }
}

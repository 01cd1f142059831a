package io.rialto.gateway.config;

import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What an operator changes on the headers of an operation's calls or answers: removals first, then sets, then adds. */
public record HeaderRules(List<AsciiString> remove, List<Field> set, List<Field> add) {
    public static final HeaderRules NONE = new HeaderRules(List.of(), List.of(), List.of());

    /** Rules beyond this belong into a backend. */
    static final int MAX_RULES = 64;

    /** A field to be written. */
    public record Field(AsciiString name, AsciiString value) {}

    public HeaderRules {
        remove = List.copyOf(remove);
        set = List.copyOf(set);
        add = List.copyOf(add);
    }

    public void apply(HeaderList headers) {
        for (AsciiString name : remove) {
            headers.remove(name);
        }
        for (Field field : set) {
            headers.set(field.name, field.value);
        }
        for (Field field : add) {
            headers.add(field.name, field.value);
        }
    }

    static HeaderRules read(Fields fields) {
        List<AsciiString> remove = new ArrayList<>();
        for (String name : fields.texts("remove")) {
            remove.add(name(fields, "remove", name));
        }
        HeaderRules rules = new HeaderRules(remove, fields(fields, "set"), fields(fields, "add"));
        if (rules.remove.size() + rules.set.size() + rules.add.size() > MAX_RULES) {
            fields.wrong("set", "too many rules", "at most " + MAX_RULES + " together");
        }
        fields.end();
        return rules;
    }

    /** The object of a key as fields to be written. */
    static List<Field> fields(Fields fields, String key) {
        List<Field> all = new ArrayList<>();
        for (Map.Entry<String, String> entry : fields.textMap(key).entrySet()) {
            String value = entry.getValue();
            if (!value.matches("[\\x20-\\x7e\\t]{0,1024}")) {
                fields.wrong(key + "." + entry.getKey(), value, "at most 1024 visible ASCII characters");
                value = "";
            }
            all.add(new Field(name(fields, key, entry.getKey()), AsciiString.cached(value)));
        }
        return all;
    }

    /** Names of Rialto's own and of the connection stay out of reach: they carry identity and framing. */
    private static AsciiString name(Fields fields, String key, String name) {
        boolean framing = name.matches("host|content-length|content-type|transfer-encoding|connection|keep-alive|"
                + "proxy-connection|te|trailer|upgrade|http2-settings|expect|grpc-status|grpc-message");
        if (!name.matches("[a-z0-9!#$%&'*+.^_`|~-]{1,128}") || name.startsWith("rialto-") || framing) {
            fields.wrong(key, name, "a lower-case header name that is neither rialto-* nor part of the framing");
            return AsciiString.cached("x-invalid");
        }
        return AsciiString.cached(name);
    }
}

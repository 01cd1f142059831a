package io.rialto.gateway.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.util.AsciiString;
import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One object for each field name that the gateway's code says, so that comparing a name of a message, once it is that
 * object, looks at no letters. For constants, whose number bounds it; safe for all threads.
 */
public final class FieldNames {
    private static final Map<String, AsciiString> ALL = new HashMap<>();

    static {
        try {
            for (Field field : HttpHeaderNames.class.getFields()) {
                if (field.get(null) instanceof AsciiString name) {
                    keep(name);
                }
            }
        } catch (IllegalAccessException e) {
            throw new AssertionError("public constants are readable", e);
        }
    }

    /** The names of {@link HttpHeaderNames}. */
    public static final List<AsciiString> STANDARD = List.copyOf(ALL.values());

    private FieldNames() {}

    /** The name, which is lower case; those of {@link HttpHeaderNames} are the objects there. */
    public static AsciiString of(String name) {
        synchronized (ALL) {
            AsciiString known = ALL.get(name);
            return known == null ? keep(AsciiString.cached(name)) : known;
        }
    }

    private static AsciiString keep(AsciiString name) {
        // The hash is computed here, so that threads share a finished object.
        if (name.hashCode() != 0) {
            ALL.put(name.toString(), name);
        }
        return name;
    }
}

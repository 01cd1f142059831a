package io.rialto.gateway.config;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads one JSON object key by key; what is wrong, keys that nobody asked for included, goes to one list for all. */
final class Fields {
    /** More entries in one list than any hand or console writes. */
    static final int MAX_ENTRIES = 100_000;

    private final String path;
    private final @Nullable JsonNode object;
    private final List<String> errors;
    private final Set<String> known = new LinkedHashSet<>();

    Fields(String path, @Nullable JsonNode object, List<String> errors) {
        this.path = path;
        this.errors = errors;
        if (object != null && !object.isObject()) {
            errors.add(path + ": " + object.getNodeType() + " (expected: an object)");
            this.object = null;
        } else {
            this.object = object;
        }
    }

    void wrong(String key, Object value, String expected) {
        errors.add(at(key) + ": " + value + " (expected: " + expected + ")");
    }

    private String at(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    @Nullable
    JsonNode raw(String key) {
        known.add(key);
        JsonNode node = object == null ? null : object.get(key);
        return node == null || node.isNull() ? null : node;
    }

    boolean has(String key) {
        return raw(key) != null;
    }

    String text(String key, String absent) {
        JsonNode node = raw(key);
        if (node == null) {
            return absent;
        }
        if (!node.isString()) {
            wrong(key, node.getNodeType(), "a text");
            return absent;
        }
        return node.stringValue();
    }

    String required(String key) {
        String text = text(key, "");
        if (text.isEmpty()) {
            wrong(key, "absent or empty", "a text");
        }
        return text;
    }

    int integer(String key, int absent, int least, int most) {
        return (int) number(key, absent, least, most);
    }

    long number(String key, long absent, long least, long most) {
        JsonNode node = raw(key);
        if (node == null) {
            return absent;
        }
        if (!node.isIntegralNumber()
                || !node.canConvertToLong()
                || node.longValue() < least
                || node.longValue() > most) {
            wrong(key, node, "a whole number, " + least + ".." + most);
            return absent;
        }
        return node.longValue();
    }

    boolean flag(String key, boolean absent) {
        JsonNode node = raw(key);
        if (node == null) {
            return absent;
        }
        if (!node.isBoolean()) {
            wrong(key, node, "true or false");
            return absent;
        }
        return node.booleanValue();
    }

    /** An enum's constant by its lower-case name. */
    <E extends Enum<E>> E choice(String key, E absent) {
        String text = text(key, absent.name().toLowerCase(Locale.ROOT));
        List<String> names = new ArrayList<>();
        for (E constant : absent.getDeclaringClass().getEnumConstants()) {
            String name = constant.name().toLowerCase(Locale.ROOT);
            if (name.equals(text)) {
                return constant;
            }
            names.add(name);
        }
        wrong(key, text, "one of " + names);
        return absent;
    }

    List<String> texts(String key) {
        List<String> all = new ArrayList<>();
        for (JsonNode node : array(key)) {
            if (node.isString()) {
                all.add(node.stringValue());
            } else {
                wrong(key, node.getNodeType(), "texts");
            }
        }
        return List.copyOf(all);
    }

    List<Fields> children(String key) {
        List<Fields> all = new ArrayList<>();
        int index = 0;
        for (JsonNode node : array(key)) {
            all.add(new Fields(at(key) + "[" + index++ + "]", node, errors));
        }
        return all;
    }

    private List<JsonNode> array(String key) {
        JsonNode node = raw(key);
        if (node == null) {
            return List.of();
        }
        if (!node.isArray() || node.size() > MAX_ENTRIES) {
            wrong(key, node.getNodeType() + " of " + node.size(), "an array of at most " + MAX_ENTRIES);
            return List.of();
        }
        List<JsonNode> all = new ArrayList<>();
        node.forEach(all::add);
        return all;
    }

    /** The object of a key; one without keys where it is absent. */
    Fields child(String key) {
        return new Fields(at(key), raw(key), errors);
    }

    /** An object of texts. */
    Map<String, String> textMap(String key) {
        JsonNode node = raw(key);
        Map<String, String> all = new LinkedHashMap<>();
        if (node == null) {
            return all;
        }
        if (!node.isObject()) {
            wrong(key, node.getNodeType(), "an object of texts");
            return all;
        }
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            if (entry.getValue().isString()) {
                all.put(entry.getKey(), entry.getValue().stringValue());
            } else {
                wrong(key + "." + entry.getKey(), entry.getValue().getNodeType(), "a text");
            }
        }
        return all;
    }

    /** Base64 of either alphabet; a secret, so that no message shows it. */
    byte[] bytes(String key, int least, int most) {
        String text = required(key);
        try {
            byte[] bytes = Base64.getDecoder().decode(text.replace('-', '+').replace('_', '/'));
            if (bytes.length >= least && bytes.length <= most) {
                return bytes;
            }
            wrong(key, bytes.length + " bytes", least == most ? least + " bytes" : least + " to " + most + " bytes");
        } catch (IllegalArgumentException notBase64) {
            wrong(key, "not base64", "base64");
        }
        return new byte[least];
    }

    Instant instant(String key, Instant absent) {
        String text = text(key, "");
        if (text.isEmpty()) {
            return absent;
        }
        try {
            return Instant.parse(text);
        } catch (DateTimeException notATime) {
            wrong(key, text, "a time such as 2026-01-31T00:00:00Z");
            return absent;
        }
    }

    /** A text read further; what the reader complains about joins the other errors. */
    <T> @Nullable T parsed(String key, String text, Function<String, T> reader) {
        try {
            return reader.apply(text);
        } catch (IllegalArgumentException bad) {
            errors.add(at(key) + ": " + bad.getMessage());
            return null;
        }
    }

    /** The whole object, read by another reader, whose complaint joins the other errors. */
    <T> @Nullable T whole(Function<JsonNode, T> reader) {
        if (object == null) {
            return null;
        }
        try {
            return reader.apply(object);
        } catch (IllegalArgumentException bad) {
            errors.add(path + ": " + bad.getMessage());
            return null;
        }
    }

    /** To be called when all keys were asked for. */
    void end() {
        if (object == null) {
            return;
        }
        for (String key : object.propertyNames()) {
            if (!known.contains(key)) {
                wrong(key, "unknown key", "one of " + known);
            }
        }
    }
}

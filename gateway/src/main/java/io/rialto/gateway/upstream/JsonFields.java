package io.rialto.gateway.upstream;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** Reads the fields of a JSON object with defaults and remembers all that is wrong, keys that nobody read included. */
final class JsonFields {
    private final @Nullable JsonNode object;
    private final Set<String> read = new LinkedHashSet<>();
    private final List<String> wrong = new ArrayList<>();

    JsonFields(@Nullable JsonNode object) {
        this.object = object;
        if (object != null && !object.isObject()) {
            wrong.add(object.getNodeType() + " (expected: an object)");
        }
    }

    @Nullable
    JsonNode node(String key) {
        read.add(key);
        JsonNode node = object == null ? null : object.get(key);
        return node == null || node.isNull() ? null : node;
    }

    JsonFields object(String key) {
        return new JsonFields(node(key));
    }

    String text(String key, String absent) {
        JsonNode node = node(key);
        return node == null ? absent : node.asString();
    }

    int integer(String key, int absent) {
        JsonNode node = node(key);
        if (node == null) {
            return absent;
        }
        if (!node.isInt()) {
            wrong.add(key + ": " + node + " (expected: a whole number)");
            return absent;
        }
        return node.intValue();
    }

    boolean bool(String key, boolean absent) {
        JsonNode node = node(key);
        if (node == null) {
            return absent;
        }
        if (!node.isBoolean()) {
            wrong.add(key + ": " + node + " (expected: true or false)");
        }
        return node.booleanValue(absent);
    }

    <T> @Nullable T value(String key, @Nullable T absent, Function<JsonNode, T> reader) {
        JsonNode node = node(key);
        return node == null ? absent : reader.apply(node);
    }

    /** Makes a value of what was read, whose own complaint joins the others; null then. */
    <T> @Nullable T checked(Supplier<T> maker) {
        try {
            return maker.get();
        } catch (IllegalArgumentException | JacksonException bad) {
            wrong.add(String.valueOf(bad.getMessage()));
            return null;
        }
    }

    List<String> wrong() {
        if (object != null && object.isObject() && wrong.isEmpty()) {
            object.propertyNames().forEach(key -> {
                if (!read.contains(key)) {
                    wrong.add(key + " (expected: one of " + read + ")");
                }
            });
        }
        return wrong;
    }
}

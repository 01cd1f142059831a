package io.rialto.node;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Reads one JSON object of a section of the snapshot strictly, and collects everything that is wrong with it instead of
 * stopping at the first: a reader asks for each key that it knows, gets a value in any case, and says {@link #end} to
 * have the keys that nobody asked for refused. Where an error was told, the value given is the default and must not be
 * used: check {@link #errors} before trusting anything read.
 */
public final class JsonSection {
    /** Enough for a person to mend, and no more than fits in an answer. */
    public static final int MAX_ERRORS = 100;

    private final JsonNode node;
    private final String path;
    private final List<String> errors;
    private final Set<String> asked = new HashSet<>();

    private JsonSection(JsonNode node, String path, List<String> errors) {
        this.node = node;
        this.path = path;
        this.errors = errors;
        if (!node.isObject()) {
            error(path, shown(node), "an object");
        }
    }

    /** The section's object; {@code name} begins each message. */
    public static JsonSection of(String name, JsonNode node) {
        return new JsonSection(node, name, new ArrayList<>());
    }

    /** What was wrong so far, of this object and all below it: path, value, what was expected. */
    public List<String> errors() {
        return List.copyOf(errors);
    }

    /** Whether nothing was wrong so far. */
    public boolean isFine() {
        return errors.isEmpty();
    }

    /** Where this object is, such as {@code table.cells[0]}. */
    public String path() {
        return path;
    }

    /** Tells an error of one key's value. */
    public void refuse(String key, Object value, String expected) {
        error(path + "." + key, String.valueOf(value), expected);
    }

    private void error(String where, String value, String expected) {
        if (errors.size() < MAX_ERRORS) {
            errors.add(where + ": " + value + " (expected: " + expected + ")");
        }
    }

    /** Whether the key is there and not null. */
    public boolean has(String key) {
        return find(key) != null;
    }

    private @Nullable JsonNode find(String key) {
        asked.add(key);
        JsonNode value = node.get(key);
        return value == null || value.isNull() ? null : value;
    }

    /** A text that must be there and not be empty. */
    public String text(String key) {
        Optional<String> text = optionalText(key);
        if (text.isEmpty() && find(key) == null) {
            error(path + "." + key, "absent", "a text");
        }
        return text.orElse("");
    }

    public String text(String key, String standard) {
        return optionalText(key).orElse(standard);
    }

    public Optional<String> optionalText(String key) {
        JsonNode value = find(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.isString() || value.stringValue().isEmpty()) {
            error(path + "." + key, shown(value), "a text that is not empty");
            return Optional.empty();
        }
        return Optional.of(value.stringValue());
    }

    /** An integer that must be there. */
    public long number(String key, long min, long max) {
        if (find(key) == null) {
            error(path + "." + key, "absent", "an integer " + min + ".." + max);
            return min;
        }
        return number(key, min, max, min);
    }

    public long number(String key, long min, long max, long standard) {
        JsonNode value = find(key);
        if (value == null) {
            return standard;
        }
        if (!value.isIntegralNumber()
                || !value.canConvertToLong()
                || value.longValue() < min
                || value.longValue() > max) {
            error(path + "." + key, shown(value), "an integer " + min + ".." + max);
            return standard;
        }
        return value.longValue();
    }

    public int integer(String key, int min, int max) {
        return (int) number(key, min, max);
    }

    public int integer(String key, int min, int max, int standard) {
        return (int) number(key, min, max, standard);
    }

    public boolean flag(String key, boolean standard) {
        JsonNode value = find(key);
        if (value == null) {
            return standard;
        }
        if (!value.isBoolean()) {
            error(path + "." + key, shown(value), "true or false");
            return standard;
        }
        return value.booleanValue();
    }

    /** An instant in ISO 8601 such as {@code 2030-01-01T00:00:00Z}. */
    public Instant instant(String key, Instant standard) {
        return optionalText(key)
                .flatMap(text -> parse(key, text, "an instant such as 2030-01-01T00:00:00Z", Instant::parse))
                .orElse(standard);
    }

    /** Bytes in base64url or base64; refused unless there are as many as expected (any number where 0). */
    public byte[] bytes(String key, int length) {
        String text = text(key);
        String expected = "base64url" + (length == 0 ? "" : " of " + length + " bytes");
        // The value is a secret more often than not, so that the message does not repeat it.
        if (text.isEmpty()) {
            return new byte[length];
        }
        try {
            byte[] bytes = Base64.getUrlDecoder()
                    .decode(text.replace('+', '-').replace('/', '_').replace("=", ""));
            if (length == 0 || bytes.length == length) {
                return bytes;
            }
            error(path + "." + key, bytes.length + " bytes", expected);
        } catch (IllegalArgumentException e) {
            error(path + "." + key, "text of " + text.length() + " characters", expected);
        }
        return new byte[length];
    }

    /** One of an enum's constants, written in lower case with dashes. */
    public <E extends Enum<E>> E constant(String key, Class<E> type, E standard) {
        Optional<String> text = optionalText(key);
        if (text.isEmpty()) {
            return standard;
        }
        List<String> names = new ArrayList<>();
        for (E constant : type.getEnumConstants()) {
            String name = constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
            if (name.equals(text.get())) {
                return constant;
            }
            names.add(name);
        }
        error(path + "." + key, text.get(), "one of " + String.join(", ", names));
        return standard;
    }

    /** A value made of a text; the parser's {@code IllegalArgumentException} or {@code DateTimeException} is an error. */
    public <T> Optional<T> parsed(String key, String expected, Function<String, T> parser) {
        return optionalText(key).flatMap(text -> parse(key, text, expected, parser));
    }

    private <T> Optional<T> parse(String key, String text, String expected, Function<String, T> parser) {
        try {
            return Optional.of(parser.apply(text));
        } catch (IllegalArgumentException | DateTimeException e) {
            error(path + "." + key, text, expected);
            return Optional.empty();
        }
    }

    /** Texts; an absent key is an empty list. */
    public List<String> texts(String key, int max) {
        List<String> texts = new ArrayList<>();
        int i = 0;
        for (JsonNode item : array(key, max)) {
            String where = path + "." + key + "[" + i++ + "]";
            if (item.isString() && !item.stringValue().isEmpty()) {
                texts.add(item.stringValue());
            } else {
                error(where, shown(item), "a text that is not empty");
            }
        }
        return List.copyOf(texts);
    }

    /** An array of objects, each read by the reader and then ended; an absent key is an empty list. */
    public <T> List<T> objects(String key, int max, Function<JsonSection, T> reader) {
        List<T> read = new ArrayList<>();
        int i = 0;
        for (JsonNode item : array(key, max)) {
            read.add(child(item, path + "." + key + "[" + i++ + "]", reader));
        }
        return List.copyOf(read);
    }

    /** An object as value of the key, read and then ended. */
    public <T> Optional<T> object(String key, Function<JsonSection, T> reader) {
        JsonNode value = find(key);
        return value == null ? Optional.empty() : Optional.of(child(value, path + "." + key, reader));
    }

    /** The object's own keys are names: each with its value read by the reader. */
    public <T> List<T> entries(String key, int max, BiFunction<String, JsonSection, T> reader) {
        JsonNode value = find(key);
        if (value == null) {
            return List.of();
        }
        if (!value.isObject() || value.size() > max) {
            error(path + "." + key, shown(value), "an object of at most " + max + " keys");
            return List.of();
        }
        JsonSection section = new JsonSection(value, path + "." + key, errors);
        return value.propertyNames().stream()
                .map(name -> reader.apply(name, section))
                .toList();
    }

    /** The value as it is; JSON null where absent. */
    public JsonNode raw(String key) {
        JsonNode value = find(key);
        return value == null ? JsonNodeFactory.instance.nullNode() : value;
    }

    private <T> T child(JsonNode value, String where, Function<JsonSection, T> reader) {
        JsonSection section = new JsonSection(value, where, errors);
        T read = reader.apply(section);
        section.end();
        return read;
    }

    private Iterable<JsonNode> array(String key, int max) {
        JsonNode value = find(key);
        if (value == null) {
            return List.of();
        }
        if (!value.isArray() || value.size() > max) {
            error(path + "." + key, shown(value), "an array of at most " + max);
            return List.of();
        }
        return value;
    }

    /** Refuses the keys that nobody asked for. */
    public void end() {
        if (!node.isObject()) {
            return;
        }
        for (String key : node.propertyNames()) {
            if (!asked.contains(key)) {
                error(
                        path + "." + key,
                        "unknown key",
                        "one of " + asked.stream().sorted().toList());
            }
        }
    }

    private static String shown(JsonNode value) {
        if (value.isArray() || value.isObject()) {
            return (value.isArray() ? "an array of " : "an object of ") + value.size();
        }
        String text = value.toString();
        return text.length() <= 100 ? text : text.substring(0, 100) + "...";
    }
}

package io.rialto.node;

import java.io.IOException;
import java.io.StringReader;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Flat {@code key=value} settings, and their binding to a record.
 *
 * <p>A key is the name of a record's component in lower case with dashes; a component that is a record itself puts its
 * own name and a dash before the keys of its components. Components may be {@code String}, {@code int}, {@code long},
 * {@code boolean}, {@code Duration}, {@link Size}, {@code Path}, {@code URI}, an enum, a {@code List} (comma-separated)
 * or {@code Optional} of those, or another record. All but nested records carry {@link Setting}.
 *
 * <p>Sources are laid over each other in the order they are added: file, environment, command line.
 */
public final class Settings {
    /** A settings file is written by a person. */
    static final int MAX_FILE_BYTES = 1 << 20;

    private static final String ENVIRONMENT_PREFIX = "RIALTO_";
    private static final int MAX_SHOWN = 100;

    private record Given(String text, String source) {}

    private final Map<String, Given> given;
    private final List<String> errors;

    private Settings(Map<String, Given> given, List<String> errors) {
        this.given = given;
        this.errors = errors;
    }

    /** No setting: all defaults. */
    public static Settings empty() {
        return new Settings(new TreeMap<>(), List.of());
    }

    /** Lays the properties file over these settings. A file that cannot be read is told by {@link #bind}. */
    public Settings withFile(Path file) {
        try {
            if (Files.size(file) > MAX_FILE_BYTES) {
                return with(Map.of(), "", file + ": larger than " + MAX_FILE_BYTES + " bytes");
            }
            return withProperties(Files.readString(file), file.toString());
        } catch (CharacterCodingException e) {
            return with(Map.of(), "", file + ": not UTF-8");
        } catch (IOException e) {
            return with(Map.of(), "", file + ": cannot be read: " + e);
        }
    }

    Settings withProperties(String text, String source) {
        Properties properties = new Properties();
        try {
            properties.load(new StringReader(text));
        } catch (IOException | IllegalArgumentException e) {
            return with(Map.of(), "", source + ": not a properties file: " + e.getMessage());
        }
        Map<String, String> values = new TreeMap<>();
        properties.stringPropertyNames().forEach(key -> values.put(key, properties.getProperty(key)));
        return with(values, source, null);
    }

    /**
     * Lays the variables that begin with {@code RIALTO_} over these settings: {@code RIALTO_DATA_DIR} is
     * {@code data-dir}.
     *
     * @param others names that begin so but are no settings, for example those of a launcher
     */
    public Settings withEnvironment(Map<String, String> environment, Set<String> others) {
        Map<String, String> values = new TreeMap<>();
        environment.forEach((name, value) -> {
            if (name.startsWith(ENVIRONMENT_PREFIX) && !others.contains(name)) {
                String key = name.substring(ENVIRONMENT_PREFIX.length());
                values.put(key.toLowerCase(Locale.ROOT).replace('_', '-'), value);
            }
        });
        return with(values, "environment", null);
    }

    /** Lays keys with their values, without leading dashes, over these settings. */
    public Settings withArguments(Map<String, String> arguments) {
        return with(arguments, "command line", null);
    }

    private Settings with(Map<String, String> values, String source, @Nullable String error) {
        Map<String, Given> merged = new TreeMap<>(given);
        values.forEach((key, text) -> merged.put(key, new Given(text.strip(), source)));
        List<String> all = new ArrayList<>(errors);
        if (error != null) {
            all.add(error);
        }
        return new Settings(merged, all);
    }

    /**
     * Makes the record.
     *
     * @throws SettingsException with every error at once: values that do not fit, keys that nobody knows
     * @throws IllegalArgumentException where the record type itself is not a settings record
     */
    public <R extends Record> R bind(Class<R> type) throws SettingsException {
        List<String> found = new ArrayList<>(errors);
        Set<String> known = new TreeSet<>();
        R bound = bind(type, "", found, known);
        for (Map.Entry<String, Given> entry : given.entrySet()) {
            if (!known.contains(entry.getKey())) {
                found.add(shown(entry.getKey()) + " from " + entry.getValue().source()
                        + ": unknown key (expected: one of docs/configuration.md" + nearest(entry.getKey(), known)
                        + ")");
            }
        }
        if (bound == null || !found.isEmpty()) {
            throw new SettingsException(found);
        }
        return bound;
    }

    private static String nearest(String key, Set<String> known) {
        return known.stream()
                .filter(other -> other.replace("-", "")
                        .equals(key.replaceAll("[-_.]", "").toLowerCase(Locale.ROOT)))
                .findFirst()
                .map(other -> "; did you mean " + other + "?")
                .orElse("");
    }

    private <R extends Record> @Nullable R bind(Class<R> type, String prefix, List<String> found, Set<String> known) {
        RecordComponent[] components = type.getRecordComponents();
        @Nullable Object[] values = new Object[components.length];
        boolean complete = true;
        for (int i = 0; i < components.length; i++) {
            values[i] = component(components[i], prefix, found, known);
            complete &= values[i] != null;
        }
        return complete ? construct(type, prefix, values, found) : null;
    }

    private @Nullable Object component(
            RecordComponent component, String prefix, List<String> found, Set<String> known) {
        String key = prefix + key(component.getName());
        if (component.getType().isRecord() && !SettingParser.knows(component.getType())) {
            return bind(component.getType().asSubclass(Record.class), key + "-", found, known);
        }
        if (!known.add(key)) {
            throw new IllegalArgumentException("key " + key + " of " + component.getDeclaringRecord() + ": used twice");
        }
        Setting setting = setting(component);
        Given value = given.get(key);
        String text = value == null ? setting.value() : value.text();
        try {
            return parse(component, setting, text);
        } catch (SettingParser.Unexpected e) {
            if (value == null) {
                throw new IllegalArgumentException("default of " + key + ": " + text + " (" + e.getMessage() + ")", e);
            }
            found.add(key + ": " + shown(text) + " from " + value.source() + " (expected: " + e.getMessage() + ")");
            return null;
        }
    }

    private static Object parse(RecordComponent component, Setting setting, String text)
            throws SettingParser.Unexpected {
        Class<?> element = element(component);
        if (component.getType() == Optional.class) {
            return text.isEmpty()
                    ? Optional.empty()
                    : Optional.of(SettingParser.parse(element, text, setting.min(), setting.max()));
        }
        if (component.getType() == List.class) {
            List<Object> values = new ArrayList<>();
            for (String part : text.isEmpty() ? new String[0] : text.split(",", -1)) {
                values.add(SettingParser.parse(element, part.strip(), setting.min(), setting.max()));
            }
            return List.copyOf(values);
        }
        return SettingParser.parse(element, text, setting.min(), setting.max());
    }

    private static <R extends Record> @Nullable R construct(
            Class<R> type, String prefix, @Nullable Object[] values, List<String> found) {
        try {
            Class<?>[] types = Arrays.stream(type.getRecordComponents())
                    .map(RecordComponent::getType)
                    .toArray(Class<?>[]::new);
            var constructor = type.getDeclaredConstructor(types);
            constructor.setAccessible(true);
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof IllegalArgumentException refused) {
                found.add((prefix.isEmpty() ? "" : prefix + "*: ") + refused.getMessage());
                return null;
            }
            throw new IllegalArgumentException("settings record " + type.getName() + ": cannot be made", e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException("settings record " + type.getName() + ": cannot be made", e);
        }
    }

    /** All keys of a record with type, default and meaning, as a Markdown table. */
    public static String reference(Class<? extends Record> type) {
        StringBuilder table = new StringBuilder("| key | type | default | meaning |\n|---|---|---|---|\n");
        reference(type, "", table);
        return table.toString();
    }

    private static void reference(Class<? extends Record> type, String prefix, StringBuilder table) {
        for (RecordComponent component : type.getRecordComponents()) {
            String key = prefix + key(component.getName());
            if (component.getType().isRecord() && !SettingParser.knows(component.getType())) {
                reference(component.getType().asSubclass(Record.class), key + "-", table);
                continue;
            }
            Setting setting = setting(component);
            String kind = SettingParser.describe(element(component), setting.min(), setting.max());
            table.append("| `").append(key).append("` | ");
            table.append(component.getType() == List.class ? "list of " : "")
                    .append(kind)
                    .append(" | ");
            table.append(setting.value().isEmpty() ? "none" : "`" + setting.value() + "`")
                    .append(" | ");
            table.append(setting.doc()).append(" |\n");
        }
    }

    private static Setting setting(RecordComponent component) {
        Setting setting = component.getAnnotation(Setting.class);
        if (setting == null || !SettingParser.knows(element(component))) {
            throw new IllegalArgumentException("component " + component + " of " + component.getDeclaringRecord()
                    + " (expected: @Setting and a type that settings know)");
        }
        return setting;
    }

    private static Class<?> element(RecordComponent component) {
        Type generic = component.getGenericType();
        if (generic instanceof ParameterizedType parameterized
                && parameterized.getActualTypeArguments()[0] instanceof Class<?> argument) {
            return argument;
        }
        return component.getType();
    }

    private static String key(String name) {
        return name.chars()
                .mapToObj(c ->
                        Character.isUpperCase(c) ? "-" + (char) Character.toLowerCase(c) : String.valueOf((char) c))
                .collect(Collectors.joining());
    }

    private static String shown(String text) {
        return text.length() <= MAX_SHOWN ? text : text.substring(0, MAX_SHOWN) + "...";
    }
}

package io.rialto.sync;

import io.rialto.node.JsonSection;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the vendor shows of a message on a device that is away: a title and a body for each locale, with placeholders such
 * as {@code {amount}}. All of it goes through the vendor.
 *
 * @param texts by locale in lower case; each names no placeholder that the standard one does not
 * @param standard the locale of devices whose own has no text
 */
public record Template(String id, Map<String, Text> texts, String standard) {
    static final Pattern ID = Pattern.compile("[a-z][a-z0-9-]{0,31}");
    /** Locales of one template. */
    static final int MAX_LOCALES = 64;

    /** Placeholders of one template. */
    static final int MAX_VALUES = 16;
    /** Of one value, in characters. */
    static final int MAX_VALUE = 256;

    /** Vendors take 4 KiB with all that is around it, and JSON writes some characters with two. */
    private static final int MAX_TITLE_BYTES = 256;

    private static final int MAX_BODY_BYTES = 1_024;
    private static final String MORE = "\u2026";

    private static final Pattern LOCALE = Pattern.compile("[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}");
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{([a-z][a-z0-9-]{0,31})}");

    /** A title and a body, with placeholders or with values in their place. */
    public record Text(String title, String body) {
        private Set<String> names() {
            Set<String> names = new TreeSet<>();
            for (String part : List.of(title, body)) {
                PLACEHOLDER.matcher(part).results().map(found -> found.group(1)).forEach(names::add);
            }
            return names;
        }

        private static Text read(JsonSection json) {
            return new Text(part(json, "title", MAX_TITLE_BYTES), part(json, "body", MAX_BODY_BYTES));
        }

        private static String part(JsonSection json, String key, int max) {
            String text = json.text(key);
            if (text.getBytes(StandardCharsets.UTF_8).length > max) {
                json.refuse(key, text.length() + " characters", "at most " + max + " bytes");
            }
            String plain = PLACEHOLDER.matcher(text).replaceAll("");
            if (plain.indexOf('{') >= 0 || plain.indexOf('}') >= 0) {
                json.refuse(key, text, "braces around names of placeholders only, such as {amount}");
            }
            return text;
        }
    }

    public Template {
        texts = Map.copyOf(texts);
        if (!texts.containsKey(standard)) {
            throw new IllegalArgumentException("template " + id + ": no text for " + standard);
        }
    }

    /** The templates of a topic, by id; those that are wrong are told of and left out. */
    static Map<String, Template> read(JsonSection topic, int max) {
        String standard = locale(topic.text("default-locale", "en"));
        if (!LOCALE.matcher(standard).matches()) {
            topic.refuse("default-locale", standard, "a locale such as en or pt-BR");
        }
        Map<String, Template> templates = new LinkedHashMap<>();
        for (Optional<Template> one : topic.entries("templates", max, (id, all) -> read(id, all, standard))) {
            one.ifPresent(template -> templates.put(template.id(), template));
        }
        return templates;
    }

    private static Optional<Template> read(String id, JsonSection all, String standard) {
        if (!ID.matcher(id).matches()) {
            all.refuse(id, "a name", ID.pattern());
        }
        Map<String, Text> texts = new LinkedHashMap<>();
        all.entries(id, MAX_LOCALES, (name, locales) -> {
            if (!LOCALE.matcher(name).matches()) {
                locales.refuse(name, "a locale", "one such as en or pt-BR");
            }
            Text text = locales.object(name, Text::read).orElse(new Text("", ""));
            if (texts.put(locale(name), text) != null) {
                locales.refuse(name, "the same locale again", "each locale once");
            }
            return name;
        });
        Text first = texts.get(standard);
        if (first == null) {
            all.refuse(id, "locales " + texts.keySet(), "also " + standard + ", the default-locale of the topic");
            return Optional.empty();
        }
        Set<String> known = first.names();
        if (known.size() > MAX_VALUES) {
            all.refuse(id, known.size() + " placeholders", "at most " + MAX_VALUES);
        }
        texts.forEach((locale, text) -> {
            Set<String> unknown = text.names();
            unknown.removeAll(known);
            if (!unknown.isEmpty()) {
                all.refuse(id, "placeholders " + unknown + " in " + locale, "of those in " + standard + ", " + known);
            }
        });
        return Optional.of(new Template(id, texts, standard));
    }

    /** The placeholders, each of which a message has a value for. */
    Set<String> names() {
        return text(standard).names();
    }

    /** What a device shows; too long a text is cut, so that its vendor takes it. */
    public Text render(String locale, Map<String, String> values) {
        Text text = text(locale);
        return new Text(
                cut(filled(text.title(), values), MAX_TITLE_BYTES), cut(filled(text.body(), values), MAX_BODY_BYTES));
    }

    /** That of the locale, else of the locale without its last part and so on (RFC 4647, lookup), else the standard. */
    private Text text(String locale) {
        String wanted = locale(locale);
        while (!wanted.isEmpty()) {
            Text text = texts.get(wanted);
            if (text != null) {
                return text;
            }
            wanted = wanted.substring(0, Math.max(0, wanted.lastIndexOf('-')));
        }
        Text text = texts.get(standard);
        if (text == null) {
            throw new IllegalStateException("template " + id + " without " + standard);
        }
        return text;
    }

    private static String locale(String text) {
        return text.replace('_', '-').toLowerCase(Locale.ROOT);
    }

    /** Values are not looked through for placeholders. */
    private static String filled(String text, Map<String, String> values) {
        return PLACEHOLDER
                .matcher(text)
                .replaceAll((MatchResult found) -> Matcher.quoteReplacement(values.getOrDefault(found.group(1), "")));
    }

    private static String cut(String text, int maxBytes) {
        if (text.getBytes(StandardCharsets.UTF_8).length <= maxBytes) {
            return text;
        }
        int room = maxBytes - MORE.getBytes(StandardCharsets.UTF_8).length;
        int end = 0;
        while (end < text.length()) {
            int next = text.offsetByCodePoints(end, 1);
            int bytes = text.substring(end, next).getBytes(StandardCharsets.UTF_8).length;
            if (bytes > room) {
                break;
            }
            room -= bytes;
            end = next;
        }
        return text.substring(0, end) + MORE;
    }
}

package io.rialto.sync;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a message says to the person whose device is away: a template of its topic, and values for it. Kept beside the
 * message as a JSON text, and made a text for the person only when the device is woken, in its locale.
 */
public record Notice(String template, Map<String, String> values) {
    private static final int MAX_SHOWN = 32;

    public Notice {
        values = Map.copyOf(values);
    }

    /** That of a publish, as JSON; null where it names no template. */
    static @Nullable String of(Topic topic, String template, Map<String, String> values) throws ProtocolException {
        if (template.isEmpty()) {
            if (values.isEmpty()) {
                return null;
            }
            throw invalid("values", values.size() + " values", "none without a template");
        }
        Template known = topic.templates().get(template);
        if (known == null) {
            throw invalid(
                    "template",
                    template.length() > MAX_SHOWN ? template.length() + " characters" : template,
                    "of topic " + topic.name() + ": "
                            + new TreeSet<>(topic.templates().keySet()));
        }
        Set<String> names = known.names();
        if (!values.keySet().equals(names)) {
            // A name that is not asked for may be anything, and is not repeated.
            Set<String> missing = new TreeSet<>(names);
            missing.removeAll(values.keySet());
            throw invalid(
                    "values",
                    values.size() + " values" + (missing.isEmpty() ? "" : " without " + missing),
                    "those of template " + template + ": " + names);
        }
        for (Map.Entry<String, String> value : values.entrySet()) {
            if (value.getValue().length() > Template.MAX_VALUE
                    || value.getValue().chars().anyMatch(Character::isISOControl)) {
                throw invalid(
                        "values." + value.getKey(),
                        value.getValue().length() + " characters",
                        "at most " + Template.MAX_VALUE + ", without control characters");
            }
        }
        return new Notice(template, values).json();
    }

    private static ProtocolException invalid(String field, String value, String expected) {
        return new ProtocolException(Reason.INVALID_BODY, field + ": " + value + " (expected: " + expected + ")");
    }

    private String json() {
        ObjectNode json = Json.mapper().createObjectNode().put("template", template);
        ObjectNode all = json.putObject("values");
        new TreeMap<>(values).forEach(all::put);
        return Json.write(json);
    }

    /** The text of a stored notice, as the topic's templates are now; empty where there is no such template any more. */
    public static Optional<Template.Text> render(Topic topic, String json, String locale) {
        try {
            JsonNode notice = Json.read(json);
            Template template = topic.templates().get(notice.path("template").asString(""));
            if (template == null) {
                return Optional.empty();
            }
            Map<String, String> values = new LinkedHashMap<>();
            notice.path("values")
                    .properties()
                    .forEach(
                            value -> values.put(value.getKey(), value.getValue().asString("")));
            return Optional.of(template.render(locale, values));
        } catch (JsonException e) {
            // Of a newer version than this node: the device is woken all the same.
            return Optional.empty();
        }
    }
}

package io.rialto.node;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The whole configuration that the data plane runs on, at one version: what control decided, and nothing else. Each
 * section is a JSON object that one room understands. A snapshot never expires and is only replaced by a higher version.
 *
 * @param version 1 and up
 * @param issued when control accepted it, in milliseconds' precision
 * @param sections by name, in the order of names; not to be changed
 */
public record Snapshot(long version, Instant issued, Map<String, JsonNode> sections) {
    /** A section per room that reads one, with room to grow. */
    public static final int MAX_SECTIONS = 64;

    public Snapshot {
        if (version < 1) {
            throw new IllegalArgumentException("version: " + version + " (expected: 1 or more)");
        }
        if (sections.size() > MAX_SECTIONS) {
            throw new IllegalArgumentException(
                    "sections: " + sections.size() + " (expected: at most " + MAX_SECTIONS + ")");
        }
        issued = issued.truncatedTo(ChronoUnit.MILLIS);
        sections = Collections.unmodifiableMap(new TreeMap<>(sections));
    }

    /** The section of this name. */
    public Optional<JsonNode> section(String name) {
        return Optional.ofNullable(sections.get(name));
    }

    /** The snapshot as JSON in UTF-8, sections in the order of their names; the same snapshot gives the same bytes. */
    public byte[] encoded() {
        ObjectNode node = Json.mapper().createObjectNode();
        node.put("version", version);
        node.put("issued", issued.toString());
        ObjectNode all = node.putObject("sections");
        sections.forEach(all::set);
        return Json.mapper().writeValueAsBytes(node);
    }

    static Snapshot decoded(byte[] bytes) throws SnapshotException {
        JsonNode node;
        try {
            node = Json.read(bytes);
        } catch (JsonException e) {
            throw new SnapshotException("snapshot: " + e.getMessage());
        }
        JsonSection top = JsonSection.of("snapshot", node);
        List<String> errors = new ArrayList<>();
        long version = top.number("version", 1, Long.MAX_VALUE);
        Instant issued = top.parsed("issued", "an instant", Snapshot::instant).orElse(Instant.EPOCH);
        JsonNode sections = top.raw("sections");
        top.end();
        if (!sections.isObject() || sections.size() > MAX_SECTIONS || !top.has("issued")) {
            errors.add("snapshot: without issued or sections (expected: both, at most " + MAX_SECTIONS + " sections)");
        }
        errors.addAll(top.errors());
        if (!errors.isEmpty()) {
            throw new SnapshotException(String.join("; ", errors));
        }
        Map<String, JsonNode> byName = new TreeMap<>();
        sections.properties().forEach(entry -> byName.put(entry.getKey(), entry.getValue()));
        return new Snapshot(version, issued, byName);
    }

    private static Instant instant(String text) throws DateTimeParseException {
        return Instant.parse(text);
    }
}

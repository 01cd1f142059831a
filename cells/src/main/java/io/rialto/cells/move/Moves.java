package io.rialto.cells.move;

import io.rialto.cells.RoutingTable;
import io.rialto.node.JsonSection;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The section {@value #SECTION} of the configuration: the newest grant of each shard that has ever moved. Immutable. */
public final class Moves {
    /** The name of the section. */
    public static final String SECTION = "moves";

    /** As many as a table has shards, common and single users' ones. */
    private static final int MAX_GRANTS = 100_000;

    private final List<Grant> grants;

    private Moves(List<Grant> grants) {
        this.grants = List.copyOf(grants);
    }

    /** Reads a section that was accepted; a missing one has no grants. */
    public static Moves parse(JsonNode section) {
        if (section.isMissingNode()) {
            return new Moves(List.of());
        }
        List<Grant> grants = new ArrayList<>();
        List<String> errors = read(section, grants);
        if (!errors.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", errors));
        }
        return new Moves(grants);
    }

    /** What is wrong with a section; empty where nothing is. */
    public static List<String> errors(JsonNode section) {
        return read(section, new ArrayList<>());
    }

    private static List<String> read(JsonNode section, List<Grant> grants) {
        JsonSection json = JsonSection.of(SECTION, section);
        Set<Integer> seen = new HashSet<>();
        grants.addAll(json.objects("grants", MAX_GRANTS, one -> {
            int shard = one.integer("shard", 0, Integer.MAX_VALUE);
            if (!seen.add(shard)) {
                one.refuse("shard", shard, "each shard once");
            }
            return new Grant(
                    shard,
                    one.number("epoch", 2, Long.MAX_VALUE),
                    one.text("from"),
                    one.text("to"),
                    one.constant("state", Grant.State.class, Grant.State.GRANTED));
        }));
        json.end();
        return json.errors();
    }

    /** The newest of each shard. */
    public List<Grant> grants() {
        return grants;
    }

    /** The newest of a shard. */
    public Optional<Grant> of(int shard) {
        return grants.stream().filter(grant -> grant.shard() == shard).findFirst();
    }

    /** The section with this grant as that of its shard. */
    ObjectNode with(Grant grant) {
        ObjectNode section = JsonNodeFactory.instance.objectNode();
        ArrayNode all = section.putArray("grants");
        grants.stream().filter(one -> one.shard() != grant.shard()).forEach(one -> write(all.addObject(), one));
        write(all.addObject(), grant);
        return section;
    }

    private static void write(ObjectNode json, Grant grant) {
        json.put("shard", grant.shard())
                .put("epoch", grant.epoch())
                .put("from", grant.from())
                .put("to", grant.to())
                .put("state", grant.state().name().toLowerCase(Locale.ROOT));
    }

    /**
     * The section of the routing table with one shard assigned anew; the range that it is in is split around it.
     *
     * @see RoutingTable#SECTION
     */
    static ObjectNode assign(JsonNode table, int shard, String unit, long epoch) {
        ObjectNode next = table.deepCopy().asObject();
        for (JsonNode override : next.path("overrides")) {
            if (override.path("shard").asInt() == shard) {
                override.asObject().put("unit", unit).put("epoch", epoch);
                return next;
            }
        }
        ArrayNode assignments = JsonNodeFactory.instance.arrayNode();
        for (JsonNode range : table.path("assignments")) {
            int from = range.path("from").asInt();
            int to = range.path("to").asInt();
            if (shard < from || shard > to) {
                assignments.add(range);
                continue;
            }
            if (from < shard) {
                assignments.add(range.deepCopy().asObject().put("to", shard - 1));
            }
            assignments.add(range.deepCopy()
                    .asObject()
                    .put("from", shard)
                    .put("to", shard)
                    .put("unit", unit)
                    .put("epoch", epoch));
            if (shard < to) {
                assignments.add(range.deepCopy().asObject().put("from", shard + 1));
            }
        }
        next.set("assignments", assignments);
        return next;
    }
}

package io.rialto.cells.move;

import io.rialto.cells.Place;
import io.rialto.cells.RoutingTable;
import io.rialto.node.JsonSection;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The section {@value #SECTION} of the configuration: the newest grant of each shard that has ever moved, and the newest
 * split of each user who has ever had a shard of their own. Immutable.
 */
public final class Moves {
    /** The name of the section. */
    public static final String SECTION = "moves";

    /** As many as a table has shards, common and single users' ones. */
    private static final int MAX_GRANTS = 100_000;

    private final List<Grant> grants;
    private final List<Split> splits;

    private Moves(List<Grant> grants, List<Split> splits) {
        this.grants = List.copyOf(grants);
        this.splits = List.copyOf(splits);
    }

    /** Reads a section that was accepted; a missing one has no grants. */
    public static Moves parse(JsonNode section) {
        if (section.isMissingNode()) {
            return new Moves(List.of(), List.of());
        }
        List<Grant> grants = new ArrayList<>();
        List<Split> splits = new ArrayList<>();
        List<String> errors = read(section, grants, splits);
        if (!errors.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", errors));
        }
        return new Moves(grants, splits);
    }

    /** What is wrong with a section; empty where nothing is. */
    public static List<String> errors(JsonNode section) {
        return read(section, new ArrayList<>(), new ArrayList<>());
    }

    private static List<String> read(JsonNode section, List<Grant> grants, List<Split> splits) {
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
        Set<String> users = new HashSet<>();
        Set<Integer> own = new HashSet<>();
        splits.addAll(json.objects("splits", MAX_GRANTS, one -> {
            Split split = new Split(
                    one.text("user"),
                    one.integer("shard", RoutingTable.FIRST_OVERRIDE_SHARD, Integer.MAX_VALUE),
                    one.number("epoch", 2, Long.MAX_VALUE),
                    one.integer("common", 0, RoutingTable.FIRST_OVERRIDE_SHARD - 1),
                    one.number("common-epoch", 1, Long.MAX_VALUE),
                    one.text("unit"),
                    one.constant("state", Split.State.class, Split.State.PARTING));
            if (!users.add(split.user()) || !own.add(split.shard())) {
                one.refuse("user", split.user() + ", " + split.shard(), "each user and each shard once");
            }
            return split;
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

    /** The newest of each user. */
    public List<Split> splits() {
        return splits;
    }

    /** The newest of a user. */
    Optional<Split> of(String user) {
        return splits.stream().filter(split -> split.user().equals(user)).findFirst();
    }

    /** That which is under way at this shard, be it the common or the own one. */
    Optional<Split> splitting(int shard) {
        return splits.stream()
                .filter(split -> split.isUnderWay() && (split.shard() == shard || split.common() == shard))
                .findFirst();
    }

    /** A number that no user's shard has or has had. */
    int unusedShard(RoutingTable table) {
        return IntStream.of(
                                table.overrides().values().stream()
                                        .mapToInt(Place::shard)
                                        .max()
                                        .orElse(0),
                                grants.stream().mapToInt(Grant::shard).max().orElse(0),
                                splits.stream().mapToInt(Split::shard).max().orElse(0),
                                RoutingTable.FIRST_OVERRIDE_SHARD - 1)
                        .max()
                        .orElseThrow()
                + 1;
    }

    /** The section with this grant as that of its shard. */
    ObjectNode with(Grant grant) {
        List<Grant> all = new ArrayList<>(grants);
        all.removeIf(one -> one.shard() == grant.shard());
        all.add(grant);
        return section(all, splits);
    }

    /** The section with this split as that of its user. */
    ObjectNode with(Split split) {
        List<Split> all = new ArrayList<>(splits);
        all.removeIf(one -> one.user().equals(split.user()));
        all.add(split);
        return section(grants, all);
    }

    private static ObjectNode section(List<Grant> grants, List<Split> splits) {
        ObjectNode section = JsonNodeFactory.instance.objectNode();
        ArrayNode all = section.putArray("grants");
        grants.forEach(one -> write(all.addObject(), one));
        if (!splits.isEmpty()) {
            ArrayNode users = section.putArray("splits");
            splits.forEach(one -> write(users.addObject(), one));
        }
        return section;
    }

    private static void write(ObjectNode json, Split split) {
        json.put("user", split.user())
                .put("shard", split.shard())
                .put("epoch", split.epoch())
                .put("common", split.common())
                .put("common-epoch", split.commonEpoch())
                .put("unit", split.unit())
                .put("state", split.state().name().toLowerCase(Locale.ROOT));
    }

    private static void write(ObjectNode json, Grant grant) {
        json.put("shard", grant.shard())
                .put("epoch", grant.epoch())
                .put("from", grant.from())
                .put("to", grant.to())
                .put("state", grant.state().name().toLowerCase(Locale.ROOT));
    }

    /** The section of the routing table with a user in a shard of their own, and the common one at its new epoch. */
    static ObjectNode apart(JsonNode table, Split split) {
        ObjectNode next = assign(table, split.common(), split.unit(), split.commonEpoch());
        ArrayNode overrides = JsonNodeFactory.instance.arrayNode();
        table.path("overrides").forEach(overrides::add);
        overrides
                .addObject()
                .put("user", split.user())
                .put("shard", split.shard())
                .put("unit", split.unit())
                .put("epoch", split.epoch());
        next.set("overrides", overrides);
        return next;
    }

    /** The section of the routing table with a user in the common shard. */
    static ObjectNode home(JsonNode table, Split split) {
        ObjectNode next = table.deepCopy().asObject();
        ArrayNode overrides = JsonNodeFactory.instance.arrayNode();
        table.path("overrides")
                .valueStream()
                .filter(override -> !override.path("user").asString().equals(split.user()))
                .forEach(overrides::add);
        next.set("overrides", overrides);
        return next;
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

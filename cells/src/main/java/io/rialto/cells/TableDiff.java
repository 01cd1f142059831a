package io.rialto.cells;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What a change of the routing table means, in lines for a person who is to say yes to it. */
final class TableDiff {
    /** A person reads these; further users are counted. */
    private static final int MAX_USERS = 20;

    private final RoutingTable before;
    private final RoutingTable after;
    private final List<String> lines = new ArrayList<>();

    private TableDiff(RoutingTable before, RoutingTable after) {
        this.before = before;
        this.after = after;
    }

    /** The lines; empty where both tables say the same. */
    static List<String> lines(RoutingTable before, RoutingTable after) {
        TableDiff diff = new TableDiff(before, after);
        diff.shards();
        diff.users();
        diff.units();
        diff.cells();
        diff.shares();
        return List.copyOf(diff.lines);
    }

    private static String unitAndCell(Place place) {
        return place.unit().id() + " in " + place.cell().id();
    }

    private void shards() {
        Map<String, TreeSet<Integer>> moves = new TreeMap<>();
        for (Place old : before.places()) {
            if (old.shard() < before.shards()) {
                after.place(old.shard())
                        .filter(now -> !unitAndCell(now).equals(unitAndCell(old)))
                        .ifPresent(now -> moves.computeIfAbsent(
                                        unitAndCell(old) + " -> " + unitAndCell(now), key -> new TreeSet<>())
                                .add(old.shard()));
            }
        }
        moves.forEach((move, shards) -> lines.add(shards.size() + " of " + before.shards() + " shards " + move
                + ", about " + percent(shards.size(), before.shards()) + " of the users: " + ranges(shards)));
    }

    private static String ranges(Set<Integer> shards) {
        List<String> ranges = new ArrayList<>();
        Integer from = null;
        for (int shard : shards) {
            from = from == null ? shard : from;
            if (!shards.contains(shard + 1)) {
                ranges.add(from == shard ? Integer.toString(shard) : from + ".." + shard);
                from = null;
            }
        }
        return String.join(", ", ranges);
    }

    private void users() {
        TreeSet<String> users = new TreeSet<>(before.overrides().keySet());
        users.addAll(after.overrides().keySet());
        users.removeIf(user -> before.locate(user).shard() == after.locate(user).shard()
                && unitAndCell(before.locate(user)).equals(unitAndCell(after.locate(user))));
        users.stream()
                .limit(MAX_USERS)
                .forEach(user -> lines.add("user " + user + ": shard "
                        + before.locate(user).shard() + " of " + unitAndCell(before.locate(user)) + " -> shard "
                        + after.locate(user).shard() + " of " + unitAndCell(after.locate(user))));
        if (users.size() > MAX_USERS) {
            lines.add("and " + (users.size() - MAX_USERS) + " more users with a shard of their own");
        }
    }

    private void units() {
        TreeSet<String> ids = new TreeSet<>();
        before.units().forEach(unit -> ids.add(unit.id()));
        after.units().forEach(unit -> ids.add(unit.id()));
        for (String id : ids) {
            String old = before.unit(id).map(TableDiff::told).orElse("none");
            String now = after.unit(id).map(TableDiff::told).orElse("none");
            if (!old.equals(now)) {
                lines.add("unit " + id + ": " + old + " -> " + now);
            }
        }
    }

    private static String told(Unit unit) {
        return unit.cell() + " at generation " + unit.generation();
    }

    private void cells() {
        for (String id : cellIds()) {
            Cell old = before.cell(id).orElse(null);
            Cell now = after.cell(id).orElse(null);
            if (old == null || now == null) {
                lines.add("cell " + id + (old == null ? ": new" : ": gone"));
                continue;
            }
            told(id, "addresses", old.publicUrls(), now.publicUrls());
            told(id, "nodes", old.nodes(), now.nodes());
            told(
                    id,
                    "jurisdiction",
                    old.jurisdiction().orElse("none"),
                    now.jurisdiction().orElse("none"));
            told(id, "deploy units", old.deployUnits(), now.deployUnits());
        }
    }

    private void told(String cell, String what, Object old, Object now) {
        if (!old.equals(now)) {
            lines.add("cell " + cell + ", " + what + ": " + old + " -> " + now);
        }
    }

    private Set<String> cellIds() {
        TreeSet<String> ids = new TreeSet<>();
        before.cells().forEach(cell -> ids.add(cell.id()));
        after.cells().forEach(cell -> ids.add(cell.id()));
        return ids;
    }

    private void shares() {
        for (String id : cellIds()) {
            int old = owned(before, id);
            int now = owned(after, id);
            if (old != now) {
                lines.add("load of cell " + id + ": " + percent(old, before.shards()) + " -> "
                        + percent(now, after.shards()) + " of the users");
            }
        }
    }

    static int owned(RoutingTable table, String cell) {
        return (int) table.places().stream()
                .filter(place -> place.shard() >= 0 && place.shard() < table.shards())
                .filter(place -> place.cell().id().equals(cell))
                .count();
    }

    private static String percent(int part, int whole) {
        return String.format(Locale.ROOT, "%.1f %%", 100.0 * part / whole);
    }
}

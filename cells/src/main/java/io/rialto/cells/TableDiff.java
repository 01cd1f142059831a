package io.rialto.cells;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.stream.Collectors;

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
        diff.rules();
        diff.addresses();
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
            told(id, "type", old.type(), now.type());
            told(id, "city", old.city(), now.city());
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
        told("cell " + cell + ", " + what, old, now);
    }

    private void told(String what, Object old, Object now) {
        if (!old.equals(now)) {
            lines.add(what + ": " + shown(old) + " -> " + shown(now));
        }
    }

    private static Object shown(Object value) {
        return value.equals("") ? "none" : value;
    }

    /** What holds for users whose data stays where it is. */
    private void rules() {
        told("global data", unitAndCell(before.global()), unitAndCell(after.global()));
        ofShards("jurisdiction", (table, shard) -> table.pins().ofShard(shard));
        ofUsers("jurisdiction", before.pins().byUser(), after.pins().byUser());
        told("salt of colours", before.colours().salt(), after.colours().salt());
        ofUsers("colour", before.colours().byUser(), after.colours().byUser());
        ofShards("pressure tests", (table, shard) -> table.shadowOfCommon(shard).map(TableDiff::unitAndCell));
        told(
                "pressure tests of global data",
                before.globalShadow().map(TableDiff::unitAndCell).orElse("none"),
                after.globalShadow().map(TableDiff::unitAndCell).orElse("none"));
    }

    private void ofShards(String what, BiFunction<RoutingTable, Integer, Optional<String>> told) {
        Map<String, TreeSet<Integer>> changes = new TreeMap<>();
        for (int shard = 0; shard < Math.min(before.shards(), after.shards()); shard++) {
            String old = told.apply(before, shard).orElse("none");
            String now = told.apply(after, shard).orElse("none");
            if (!old.equals(now)) {
                changes.computeIfAbsent(old + " -> " + now, key -> new TreeSet<>())
                        .add(shard);
            }
        }
        changes.forEach((change, shards) -> lines.add(what + " of shards " + ranges(shards) + ": " + change));
    }

    private void ofUsers(String what, Map<String, String> old, Map<String, String> now) {
        TreeSet<String> users = new TreeSet<>(old.keySet());
        users.addAll(now.keySet());
        users.removeIf(user -> Objects.equals(old.get(user), now.get(user)));
        users.stream()
                .limit(MAX_USERS)
                .forEach(user -> told(
                        what + " of user " + user, old.getOrDefault(user, "none"), now.getOrDefault(user, "none")));
        if (users.size() > MAX_USERS) {
            lines.add(what + " of " + (users.size() - MAX_USERS) + " more users");
        }
    }

    /** What phones are told of the ways to cells. */
    private void addresses() {
        Addresses old = before.addresses();
        Addresses now = after.addresses();
        told("host ", byHost(old), byHost(now));
        told("network ", byNetwork(old), byNetwork(now));
        told("zone", old.zone(), now.zone());
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

    private void told(String what, Map<String, String> old, Map<String, String> now) {
        TreeSet<String> names = new TreeSet<>(old.keySet());
        names.addAll(now.keySet());
        names.forEach(name -> told(what + name, old.getOrDefault(name, "none"), now.getOrDefault(name, "none")));
    }

    private static Map<String, String> byHost(Addresses addresses) {
        Map<String, String> texts = new TreeMap<>();
        addresses.byHost().forEach((host, list) -> texts.put(host, text(list)));
        return texts;
    }

    private static Map<String, String> byNetwork(Addresses addresses) {
        Map<String, String> texts = new TreeMap<>();
        addresses
                .networks()
                .forEach(network -> texts.put(
                        network.address().getHostAddress() + "/" + network.bits(), text(network.preferred())));
        return texts;
    }

    private static String text(List<InetAddress> addresses) {
        return addresses.stream().map(InetAddress::getHostAddress).collect(Collectors.joining(", "));
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
